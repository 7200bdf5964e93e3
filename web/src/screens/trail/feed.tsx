// One feed: its coverage over its whole length, its figures, why nothing comes when nothing comes, and its gaps.
import { onScreen } from "../../lib/address.ts";
import { useApp } from "../../lib/app.ts";
import { segments, summary } from "../../lib/coverage.ts";
import { count, duration, plural } from "../../lib/format.ts";
import { ago, around, moment, type Span } from "../../lib/time.ts";
import type { CoverageInterval, TrailFeed } from "../../lib/types.ts";
import { Strip } from "../../parts/coverage-strip.tsx";
import { useClock } from "../../parts/live-mark.tsx";
import { Panel } from "../../parts/states.tsx";
import { Fact, Failure } from "./facts.tsx";
import { Backfills, Budget, Diagnosis, type FeedFigures, Lag, LateArrivals, Reconciliation } from "./figures.tsx";
import { Logs } from "./logs.tsx";

export function Feed(props: {
  feed: TrailFeed;
  span: Span;
  intervals: CoverageInterval[];
  figures: FeedFigures | undefined;
}) {
  const { feed, span, intervals, figures } = props;
  const { zone } = useApp();
  const now = useClock(1000);
  const parts = segments(intervals, span);
  const seconds = (value: number | null) => (value === null ? "not known yet" : duration(value));
  return (
    <Panel title={feed.name} note={summary(parts)}>
      <Strip name={feed.name} parts={parts} tall />
      <p className="strip-ends faint">
        <span>{moment(span.from, zone, span.to, false)}</span>
        <span>now</span>
      </p>
      <dl className="facts">
        <Fact name="Activities" value={count(feed.activities)} />
        <Fact
          name="Gaps"
          value={feed.gaps.length === 0 ? "none" : count(feed.gaps.length)}
          bad={feed.gaps.length > 0}
        />
        <Fact name="Lag, half within" value={seconds(feed.lag_seconds.p50)} />
        <Fact name="Lag, 99 of 100 within" value={seconds(feed.lag_seconds.p99)} />
        <Fact name="Late arrivals" value={count(feed.late_arrivals)} />
        <Fact name="Last poll" value={feed.last_poll ? ago(Date.parse(feed.last_poll), now, zone) : "not yet"} />
        {feed.canary && feed.canary.rows > 0 && (
          <Fact name="Our own requests, seen again after" value={seconds(feed.canary.lag_seconds.p50)} />
        )}
        {feed.overlap_seconds !== undefined && (
          <Fact name="Asked for again each time" value={duration(feed.overlap_seconds)} />
        )}
        {figures?.key && <Fact name="Key from" value={figures.key.source} />}
      </dl>
      {feed.diagnosis && <Diagnosis diagnosis={feed.diagnosis} />}
      {feed.last_error && !feed.diagnosis?.evidence.includes(feed.last_error.message) && (
        <Failure error={feed.last_error} />
      )}
      <div className="trail-parts">
        {feed.budget && <Budget budget={feed.budget} />}
        {figures && figures.reconciliation.length > 0 && <Reconciliation rounds={figures.reconciliation} />}
        {figures && figures.lag.count > 0 && <Lag lag={figures.lag} />}
        {(feed.backfills ?? []).length > 0 && <Backfills backfills={feed.backfills ?? []} />}
      </div>
      {figures && figures.late_arrivals.length > 0 && <LateArrivals rows={figures.late_arrivals} />}
      {(feed.transparency ?? []).length > 0 && <Logs logs={feed.transparency ?? []} />}
      {feed.gaps.length > 0 && <Gaps gaps={feed.gaps} />}
    </Panel>
  );
}

function Gaps({ gaps }: { gaps: TrailFeed["gaps"] }) {
  const { zone, go, address } = useApp();
  return (
    <table className="plain">
      <caption>{plural(gaps.length, "gap")}: what the trail does not hold</caption>
      <thead>
        <tr>
          <th>From</th>
          <th>To</th>
          <th>Length</th>
          <th>Why</th>
        </tr>
      </thead>
      <tbody>
        {gaps.map(gap => {
          const from = Date.parse(gap.gte);
          const to = Date.parse(gap.lt);
          const margin = to - from;
          const range = around({ from: from - margin, to: to + margin });
          return (
            <tr key={gap.gte}>
              <td>
                <button
                  type="button"
                  className="link"
                  title="See the events around it"
                  onClick={() => go({ ...onScreen(address, "events"), query: "", filters: [], range })}
                >
                  {moment(from, zone)}
                </button>
              </td>
              <td>{moment(to, zone)}</td>
              <td>{duration((to - from) / 1000)}</td>
              <td>{gap.reason}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
