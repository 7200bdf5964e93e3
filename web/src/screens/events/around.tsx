// What happened around an event: the same actor, the same address, the same target, ten minutes to each side, on a small line of time.
import { api } from "../../lib/api.ts";
import { useApp } from "../../lib/app.ts";
import { actor, first, sentence, shorten, timeOf } from "../../lib/document.ts";
import { count, duration, plural } from "../../lib/format.ts";
import { MINUTE } from "../../lib/time.ts";
import type { Document, Hit } from "../../lib/types.ts";
import { useQuery } from "../../lib/use-query.ts";
import { Problem, Skeleton } from "../../parts/states.tsx";

const MINUTES = 10;

export function Around({ id, document }: { id: string; document: Document }) {
  const { data, error, reload } = useQuery(`around ${id}`, signal => api.neighbours(id, MINUTES, signal));
  const groups: [title: string, of: string, hits: Hit[] | undefined][] = [
    ["The same actor", actor(document).name, data?.actor],
    ["The same address", first(document, "source.ip"), data?.address],
    ["The same target", first(document, "user.target.email") || first(document, "user.target.id"), data?.target],
  ];
  return (
    <>
      <p className="faint around-note">Around it, {MINUTES} minutes to each side:</p>
      {error && <Problem error={error} retry={reload} />}
      {!data && !error && <Skeleton rows={10} />}
      {data &&
        groups.map(([title, of, hits]) => (
          <section key={title} className="around">
            <h3>
              {title} <span className="faint">{of ? shorten(of, 40) : "this event names none"}</span>
            </h3>
            {of && hits?.length === 0 && <p className="faint">Nothing else</p>}
            {hits && hits.length > 0 && <Line id={id} at={timeOf(document)} hits={hits} />}
          </section>
        ))}
    </>
  );
}

/** So many are written out; all are on the line. */
const WRITTEN = 12;

function Line({ id, at, hits }: { id: string; at: number; hits: Hit[] }) {
  const { go } = useApp();
  const open = (event: string) => go({ event, tab: "around" });
  const others = hits.filter(hit => hit.id !== id);
  const nearest = others
    .toSorted((a, b) => Math.abs(timeOf(a.document) - at) - Math.abs(timeOf(b.document) - at))
    .slice(0, WRITTEN)
    .sort((a, b) => timeOf(a.document) - timeOf(b.document));
  return (
    <>
      <div className="around-line" aria-hidden="true">
        <i className="around-here" style={{ left: "50%" }} />
        {others.map(hit => (
          <i
            key={hit.id}
            data-failed={first(hit.document, "event.outcome") === "failure"}
            style={{
              left: `${50 + ((timeOf(hit.document) - at) / (MINUTES * MINUTE)) * 50}%`,
              background: `var(--category-${first(hit.document, "event.category") || "other"})`,
            }}
          />
        ))}
      </div>
      <ol>
        {nearest.map(hit => {
          const { who, what } = sentence(hit.document);
          const seconds = (timeOf(hit.document) - at) / 1000;
          return (
            <li key={hit.id} className="around-event">
              <span className="faint">
                {seconds === 0 ? "same time" : `${seconds < 0 ? "−" : "+"}${duration(Math.abs(seconds))}`}
              </span>
              <button type="button" className="change-sentence" onClick={() => open(hit.id)}>
                {who && <b>{shorten(who.split("@")[0] ?? who, 28)}</b>} {what}
              </button>
            </li>
          );
        })}
      </ol>
      {others.length > WRITTEN && (
        <p className="faint">
          The nearest {count(WRITTEN)} of {plural(others.length, "event")}.
        </p>
      )}
    </>
  );
}
