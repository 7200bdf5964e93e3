// Live: one stream of server-sent events. It says whether the trail is being written, and when there is something new that a query
// finds; what is shown is always asked for, so that live rows, and the number of those that wait, obey query and filters like all others.
import { useEffect, useRef, useState } from "react";
import { docCount, matching } from "./aggregations.ts";
import { ApiError, api } from "./api.ts";
import { type App, question } from "./app.ts";
import { iso } from "./time.ts";
import { useQuery } from "./use-query.ts";

export interface Live {
  state: "connecting" | "ok" | "failing" | "lost";
  lastPoll: number | undefined;
  /** Events that belong on the screen and came while it stood still. */
  pending: number;
}

/** How long a screen rests between two refreshes, milliseconds. */
const REST: Record<string, number> = { events: 2500, overview: 15_000 };
/** How often those that wait are counted, milliseconds. */
const COUNT = 1000;
/** How long after a refusal the stream is asked for again, milliseconds. */
const AGAIN = 5000;

/** What came since the answer on the screen: numbers of the ledger, of the first and of the last. */
interface News {
  first: number;
  last: number;
}

/** A reader who has scrolled away, opened an event or begun to brush is not to be disturbed. */
function busy(app: App): boolean {
  const list = document.querySelector("[data-live-list]");
  if (document.querySelector(".u-over:active")) return true;
  return app.address.event !== "" || (list !== null && list.scrollTop > 40) || document.visibilityState !== "visible";
}

/** Follows the stream; gives what stops it. A browser connects again by itself, save where it was refused. */
function follow(arrived: (event: Event) => void, status: (event: Event) => void, lost: () => void): () => void {
  let stream: EventSource | undefined;
  let again = 0;
  let stopped = false;
  const open = () => {
    stream = new EventSource("/api/v1/live");
    stream.addEventListener("activity", arrived);
    stream.addEventListener("status", status);
    stream.onerror = () => {
      lost();
      if (stream?.readyState === EventSource.CLOSED) void refused();
    };
  };
  // Why, any call finds out: that the session has ended is then known to the whole console, and nothing is tried until there is another.
  const refused = async () => {
    try {
      await api.session();
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return;
    }
    if (!stopped) again = window.setTimeout(open, AGAIN);
  };
  open();
  return () => {
    stopped = true;
    clearTimeout(again);
    stream?.close();
  };
}

/** How many of what came belong on the screen: the screen's own question, so that the access log knows it, and a count in it. */
function usePending(app: App, news: News | undefined): number {
  const asked = question(app);
  const waiting = useQuery(news && JSON.stringify([asked, news]), signal => {
    const aggs = { news: matching(`event.sequence >= ${news?.first}`) };
    return api.search({ ...asked, now: iso(Date.now()), size: 0, aggs }, signal);
  });
  return docCount(waiting.data?.aggregations, "news");
}

export function useLive(app: App): Live {
  const [live, setLive] = useState<Omit<Live, "pending">>({ state: "connecting", lastPoll: undefined });
  const [news, setNews] = useState<News | undefined>();
  const came = useRef<News | undefined>(undefined);
  const latest = useRef(app);
  latest.current = app;
  const pending = usePending(app, news);
  // A new answer is on the screen: nothing is pending.
  const { span, session } = app;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the range stands for the answer
  useEffect(() => {
    came.current = undefined;
    setNews(undefined);
  }, [span]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: whoever signs in again is live again
  useEffect(() => {
    let refreshing = 0;
    let counting = 0;
    let last = 0;
    // A screen that is about to ask again by itself has nothing that waits.
    const moves = () => {
      const { address } = latest.current;
      return address.live && REST[address.screen] !== undefined && !busy(latest.current);
    };
    const refresh = () => {
      refreshing = 0;
      if (!moves()) return;
      last = Date.now();
      latest.current.refresh();
    };
    const count = () => {
      counting = 0;
      if (!moves()) setNews(came.current);
    };
    const arrived = (event: Event) => {
      const { address } = latest.current;
      if (address.range.to !== "now") return;
      const number = Number((event as MessageEvent).lastEventId);
      came.current = { first: came.current?.first ?? number, last: number };
      counting ||= window.setTimeout(count, COUNT);
      const rest = REST[address.screen];
      if (rest === undefined) return;
      refreshing ||= window.setTimeout(refresh, Math.max(400, last + rest - Date.now()));
    };
    const status = (event: Event) => {
      const told = JSON.parse((event as MessageEvent<string>).data) as { last_poll: string | null; ok: boolean };
      setLive({ state: told.ok ? "ok" : "failing", lastPoll: told.last_poll ? Date.parse(told.last_poll) : undefined });
    };
    const stop = follow(arrived, status, () => setLive(before => ({ ...before, state: "lost" })));
    return () => {
      clearTimeout(refreshing);
      clearTimeout(counting);
      stop();
    };
  }, [session]);
  return { ...live, pending };
}
