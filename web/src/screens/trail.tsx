// Trail: "Is this everything?" Per feed what is covered, what is missing and why, and how late things come; then the ledger,
// the search index and the sinks.
import { useEffect } from "react";
import { onScreen } from "../lib/address.ts";
import { api } from "../lib/api.ts";
import { useApp } from "../lib/app.ts";
import { segments, summary } from "../lib/coverage.ts";
import { bytes, count, duration, plural } from "../lib/format.ts";
import { ago, around, iso, moment } from "../lib/time.ts";
import type { CoverageInterval, LastError, Trail, TrailFeed } from "../lib/types.ts";
import { useQuery } from "../lib/use-query.ts";
import { copy } from "../parts/command-palette.tsx";
import { Strip } from "../parts/coverage-strip.tsx";
import { Icon } from "../parts/icons.tsx";
import { useClock } from "../parts/live-mark.tsx";
import { Panel, Problem, Skeleton } from "../parts/states.tsx";

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
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && reload(), REFRESH_MILLISECONDS);
    return () => clearInterval(timer);
  }, [reload]);
  return (
    <div className="trail">
      <h1>Is this everything?</h1>
      {error && <Problem error={error} retry={reload} />}
      {!data && !error && <Skeleton rows={10} />}
      {data?.trail.feeds.map(feed => (
        <Feed
          key={feed.name}
          feed={feed}
          span={data.span}
          intervals={data.coverage.feeds.find(each => each.name === feed.name)?.intervals ?? []}
        />
      ))}
      {data && <Stores trail={data.trail} />}
    </div>
  );
}

function Feed({
  feed,
  span,
  intervals,
}: {
  feed: TrailFeed;
  span: { from: number; to: number };
  intervals: CoverageInterval[];
}) {
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
        {feed.budget && (
          <Fact
            name="Requests a minute"
            value={`${count(feed.budget.ours_per_minute)} ours, ${count(feed.budget.others_per_minute)} others', of ${count(feed.budget.limit_per_minute)}`}
          />
        )}
      </dl>
      {feed.last_error && <Failure error={feed.last_error} />}
      {feed.gaps.length > 0 && <Gaps gaps={feed.gaps} />}
    </Panel>
  );
}

function Fact({ name, value, bad = false }: { name: string; value: string; bad?: boolean }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd data-bad={bad}>{value}</dd>
    </div>
  );
}

function Failure({ error }: { error: LastError }) {
  return (
    <div className="problem">
      <Icon name="warning" />
      <div>
        <p>
          Last error: {error.message} {error.request_id && <span className="mono faint">{error.request_id}</span>}
        </p>
        {error.hint && <p className="soft">{error.hint}</p>}
      </div>
    </div>
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

function Stores({ trail }: { trail: Trail }) {
  const app = useApp();
  const { ledger, search, sinks } = trail;
  const behind =
    search?.sequence === null || search?.sequence === undefined ? undefined : ledger.sequence - search.sequence;
  return (
    <>
      <Panel title="Ledger" note="every activity hashed and chained">
        <dl className="facts">
          <Fact name="Sequence" value={count(ledger.sequence)} />
          <Fact name="Size" value={bytes(ledger.bytes)} />
          {behind !== undefined && (
            <Fact
              name="Search index"
              value={behind > 0 ? `${count(behind)} behind the ledger` : "level with the ledger"}
            />
          )}
        </dl>
        <p className="chain">
          <span className="soft">Chain head</span> <code>{ledger.chain_head}</code>
          <button
            type="button"
            className="quiet"
            aria-label="Copy the chain head"
            onClick={() => copy(app, ledger.chain_head, "the chain head")}
          >
            <Icon name="copy" size={13} />
          </button>
        </p>
        {search?.error && <p className="failure">Search index: {search.error}</p>}
        <p className="faint">claudetrail verify recomputes the chain and must arrive at the same head.</p>
      </Panel>
      <Panel title="Sinks" note={sinks.length === 0 ? "none configured: the ledger is the only copy" : undefined}>
        {sinks.map(sink => (
          <section key={sink.name} className="sink">
            <h3>{sink.name}</h3>
            <dl className="facts">
              <Fact name="Delivered up to" value={count(sink.cursor)} />
              <Fact name="Behind" value={sink.behind === 0 ? "level" : count(sink.behind)} />
              <Fact
                name="Refused"
                value={sink.dead_letters === 0 ? "none" : count(sink.dead_letters)}
                bad={sink.dead_letters > 0}
              />
            </dl>
            {sink.last_error && <Failure error={sink.last_error} />}
          </section>
        ))}
      </Panel>
    </>
  );
}
