// Figures of a feed that take a picture: the budget, how late things come, what was asked for again, backfills, late arrivals.
import { onScreen } from "../../lib/address.ts";
import { useApp } from "../../lib/app.ts";
import { compact, count, duration, percent, plural } from "../../lib/format.ts";
import { moment } from "../../lib/time.ts";
import type { TrailFeed, TrailFigures } from "../../lib/types.ts";
import { Icon } from "../../parts/icons.tsx";

export type FeedFigures = TrailFigures["feeds"][number];

/** Why nothing comes. */
export function Diagnosis({ diagnosis }: { diagnosis: NonNullable<TrailFeed["diagnosis"]> }) {
  const { zone } = useApp();
  return (
    <div className="problem notice">
      <Icon name="question" />
      <div>
        <p>
          Why nothing comes: {diagnosis.evidence}
          {diagnosis.since && (
            <span className="soft"> · since {moment(Date.parse(diagnosis.since), zone, Date.now(), false)}</span>
          )}
        </p>
        <p className="soft">{diagnosis.hint}</p>
      </div>
    </div>
  );
}

/** Requests a minute: ours, others' and what is left of the parent's limit; the mark is our share. */
export function Budget({ budget }: { budget: NonNullable<TrailFeed["budget"]> }) {
  const { ours_per_minute: ours, others_per_minute: others, limit_per_minute: limit } = budget;
  const left = Math.max(0, limit - ours - others);
  const width = (value: number) => `${(value / Math.max(1, limit)) * 100}%`;
  return (
    <section>
      <h3>Requests a minute</h3>
      <div className="budget" role="img" aria-label={`${ours} ours, ${others} of others, ${left} left of ${limit}`}>
        <i className="budget-ours" style={{ width: width(ours) }} />
        <i className="budget-others" style={{ width: width(others) }} />
        <i className="budget-share" style={{ left: `${budget.share * 100}%` }} />
      </div>
      <p className="soft">
        <b>{count(ours)}</b> ours · <b>{count(others)}</b> of other keys · <b>{count(left)}</b> left of {count(limit)},
        of which we take {percent(budget.share, 1)} at most
        {budget.paused_seconds > 0 && <span className="failure">; paused for {duration(budget.paused_seconds)}</span>}
      </p>
    </section>
  );
}

/** The first unit of a duration, for narrow places: "1 min 4 s" is "1m". */
const short = (seconds: number) => duration(seconds).split(" ").slice(0, 2).join("").replace("min", "m");

/** How long after it happened an activity was first seen. */
export function Lag({ lag }: { lag: FeedFigures["lag"] }) {
  const most = Math.max(1, ...lag.buckets.map(bucket => bucket.count));
  const seconds = (value: number | null) => (value === null ? "–" : duration(value));
  return (
    <section>
      <h3>From happening to here</h3>
      <div className="lag">
        {lag.buckets.map(bucket => (
          <div
            key={bucket.from_seconds}
            title={`${duration(bucket.from_seconds)} – ${bucket.to_seconds === null ? "more" : duration(bucket.to_seconds)}: ${count(bucket.count)}`}
          >
            <span className="lag-count faint">{bucket.count > 0 ? compact(bucket.count) : ""}</span>
            <i style={{ height: `${(bucket.count / most) * 56}px` }} />
            <span className="faint">{short(bucket.from_seconds)}</span>
          </div>
        ))}
      </div>
      <p className="soft">
        half within {seconds(lag.p50)}, 99 of 100 within {seconds(lag.p99)}, longest {seconds(lag.max)}
      </p>
    </section>
  );
}

/** Everything is asked for again some time later: how far each round has come. */
export function Reconciliation({ rounds }: { rounds: FeedFigures["reconciliation"] }) {
  const { zone } = useApp();
  const when = (time: string | null) => (time ? moment(Date.parse(time), zone, Date.now(), false) : "–");
  const behind = ({ due_until: due, behind_seconds: seconds }: FeedFigures["reconciliation"][number]) => {
    if (due === null) return "not due yet";
    return seconds && seconds > 60 ? duration(seconds) : "level";
  };
  return (
    <section>
      <h3>Asked for again</h3>
      <table className="plain">
        <thead>
          <tr>
            <th>After</th>
            <th>Done up to</th>
            <th>Behind</th>
          </tr>
        </thead>
        <tbody>
          {rounds.map(round => (
            <tr key={round.after_seconds}>
              <td>{duration(round.after_seconds)}</td>
              <td>{when(round.done_until)}</td>
              <td>{behind(round)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

export function Backfills({ backfills }: { backfills: NonNullable<TrailFeed["backfills"]> }) {
  const { zone } = useApp();
  const when = (time: string) => moment(Date.parse(time), zone, Date.now(), false);
  return (
    <section>
      <h3>Backfills</h3>
      <ul className="backfills">
        {backfills.map(backfill => (
          <li key={backfill.requested_at}>
            <p>
              {when(backfill.gte)} → {when(backfill.lt)}{" "}
              <span className="faint">
                {backfill.finished_at ? `finished ${when(backfill.finished_at)}` : percent(backfill.share, 1)}
              </span>
            </p>
            <progress value={backfill.finished_at ? 1 : backfill.share} max={1} aria-label="Share that is fetched" />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** So many late arrivals are shown. */
const SHOWN = 8;

/** What came after its time had counted as complete, newest first. */
export function LateArrivals({ rows }: { rows: FeedFigures["late_arrivals"] }) {
  const { address, go, zone } = useApp();
  return (
    <section className="late">
      <h3>
        Late arrivals <span className="faint">came after their time had counted as complete</span>
      </h3>
      <ol>
        {rows.slice(0, SHOWN).map(row => (
          <li key={row.sequence}>
            <span className="faint">{moment(Date.parse(row.first_seen), zone, Date.now(), false)}</span>
            <button
              type="button"
              className="change-sentence"
              onClick={() => go({ ...onScreen(address, "events"), query: "", filters: [], event: row.id ?? "" })}
            >
              {row.sentence ?? row.id}
            </button>
            <span className="faint">{duration(row.lag_seconds)} late</span>
          </li>
        ))}
      </ol>
      {rows.length > SHOWN && <p className="faint">and {plural(rows.length - SHOWN, "other")} before them</p>}
    </section>
  );
}
