// Whether the trail is being written now, and the switch that pauses the screen.
import { useEffect, useState } from "react";
import { useApp } from "../lib/app.ts";
import type { Live } from "../lib/live.ts";
import { ago } from "../lib/time.ts";
import { Icon } from "./icons.tsx";

export function useClock(everyMilliseconds: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMilliseconds);
    return () => clearInterval(timer);
  }, [everyMilliseconds]);
  return now;
}

const WORDS: Record<Live["state"], string> = {
  connecting: "connecting",
  ok: "live",
  failing: "feed failing",
  lost: "not connected",
};

export function LiveMark({ live }: { live: Live }) {
  const { address, go, zone } = useApp();
  const now = useClock(1000);
  const paused = !address.live;
  const word = paused && live.state === "ok" ? "paused" : WORDS[live.state];
  const polled = live.lastPoll ? ago(live.lastPoll, now, zone) : "";
  return (
    <button
      type="button"
      className="quiet live"
      data-state={paused ? "paused" : live.state}
      aria-pressed={!paused}
      title={
        paused
          ? "Paused: new events wait. Click to let them in"
          : `Last poll of the feed ${polled || "not yet"}. Click to pause`
      }
      onClick={() => go({ live: paused }, { replace: true })}
    >
      <span className="live-dot" aria-hidden="true" />
      <span className="live-word">{word}</span>
      {polled && <span className="faint live-ago">{polled}</span>}
      <Icon name={paused ? "play" : "pause"} size={12} />
    </button>
  );
}
