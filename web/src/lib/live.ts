// Live: one stream of server-sent events. It says whether the trail is being written, and when there is something new that a query
// finds; what is shown is always asked for, so that live rows obey query and filters like all others.
import { useEffect, useRef, useState } from "react";
import type { App } from "./app.ts";

export interface Live {
  state: "connecting" | "ok" | "failing" | "lost";
  lastPoll: number | undefined;
  /** Events that came while the screen stood still. */
  pending: number;
}

/** How long a screen rests between two refreshes, milliseconds. */
const REST: Record<string, number> = { events: 2500, overview: 15_000 };

/** A reader who has scrolled away, opened an event or begun to brush is not to be disturbed. */
function busy(app: App): boolean {
  const list = document.querySelector("[data-live-list]");
  if (document.querySelector(".u-over:active")) return true;
  return app.address.event !== "" || (list !== null && list.scrollTop > 40) || document.visibilityState !== "visible";
}

export function useLive(app: App): Live {
  const [live, setLive] = useState<Live>({ state: "connecting", lastPoll: undefined, pending: 0 });
  const latest = useRef(app);
  latest.current = app;
  // A new answer is on the screen: nothing is pending.
  const { span } = app;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the range stands for the answer
  useEffect(() => setLive(before => ({ ...before, pending: 0 })), [span]);
  useEffect(() => {
    let timer = 0;
    let last = 0;
    const arrived = () => {
      const now = latest.current;
      if (now.address.range.to !== "now") return;
      setLive(before => ({ ...before, pending: before.pending + 1 }));
      const rest = REST[now.address.screen];
      if (timer || rest === undefined) return;
      timer = window.setTimeout(
        () => {
          timer = 0;
          if (!latest.current.address.live || busy(latest.current)) return;
          last = Date.now();
          latest.current.refresh();
        },
        Math.max(400, last + rest - Date.now()),
      );
    };
    const stream = new EventSource("/api/v1/live");
    stream.addEventListener("activity", arrived);
    stream.addEventListener("status", event => {
      const status = JSON.parse((event as MessageEvent<string>).data) as { last_poll: string | null; ok: boolean };
      setLive(before => ({
        ...before,
        state: status.ok ? "ok" : "failing",
        lastPoll: status.last_poll ? Date.parse(status.last_poll) : undefined,
      }));
    });
    stream.onerror = () => setLive(before => ({ ...before, state: "lost" }));
    return () => {
      clearTimeout(timer);
      stream.close();
    };
  }, []);
  return live;
}
