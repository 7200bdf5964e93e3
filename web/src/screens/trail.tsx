// Trail: "Is this everything?" Per feed what is covered, what is missing and why, and how late things come; then the ledger, the
// search index and the sinks.
import { useEffect } from "react";
import { api } from "../lib/api.ts";
import { iso } from "../lib/time.ts";
import { useQuery } from "../lib/use-query.ts";
import { Problem, Skeleton } from "../parts/states.tsx";
import { Feed } from "./trail/feed.tsx";
import { Ledger } from "./trail/ledger.tsx";
import { Sinks } from "./trail/sinks.tsx";

const REFRESH_MILLISECONDS = 10_000;

/** The trail and the coverage of its whole length, asked for together so that they agree. */
async function ask(signal: AbortSignal) {
  const trail = await api.trail(signal);
  const to = Date.now();
  const starts = trail.feeds.flatMap(feed => [...feed.coverage, ...feed.gaps].map(each => Date.parse(each.gte)));
  const span = { from: starts.length > 0 ? Math.min(...starts) : to - 86_400_000, to };
  const coverage = await api.coverage(iso(span.from), iso(span.to), signal);
  return { trail, span, coverage };
}

export function TrailScreen() {
  const { data, error, reload } = useQuery("trail", ask);
  // Counted over the whole trail, so asked for only once in a while.
  const figures = useQuery("trail figures", signal => api.trailFigures(signal));
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && reload(), REFRESH_MILLISECONDS);
    return () => clearInterval(timer);
  }, [reload]);
  return (
    <div className="trail">
      <h1>Is this everything?</h1>
      {figures.error && <Problem error={figures.error} retry={figures.reload} />}
      {error && <Problem error={error} retry={reload} />}
      {!data && !error && <Skeleton rows={10} />}
      {data?.trail.feeds.map(feed => (
        <Feed
          key={feed.name}
          feed={feed}
          span={data.span}
          figures={figures.data?.feeds.find(each => each.name === feed.name)}
          intervals={data.coverage.feeds.find(each => each.name === feed.name)?.intervals ?? []}
        />
      ))}
      {data && (
        <>
          <Ledger trail={data.trail} lastVerify={figures.data?.last_verify ?? null} verified={figures.reload} />
          <Sinks sinks={data.trail.sinks} reload={reload} />
        </>
      )}
    </div>
  );
}
