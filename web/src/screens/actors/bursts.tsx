// Sessions of an actor: bursts of activity without a pause of half an hour, newest first, each a sentence and a link to its events.
import { onScreen } from "../../lib/address.ts";
import { api } from "../../lib/api.ts";
import { ACTOR, useApp } from "../../lib/app.ts";
import { countryName } from "../../lib/document.ts";
import { count, duration, plural, words } from "../../lib/format.ts";
import { filter } from "../../lib/query-text.ts";
import { around, clock, moment } from "../../lib/time.ts";
import type { ActorSession, Range } from "../../lib/types.ts";
import { useQuery } from "../../lib/use-query.ts";
import { GoLink } from "../../parts/go-link.tsx";
import { Panel, Problem, Skeleton } from "../../parts/states.tsx";

const SHOWN = 15;

/** "48 events in 2 h from Lisbon with Chrome: 30 × chat viewed, …" */
function sentenceOf(burst: ActorSession): string {
  const seconds = (Date.parse(burst.to) - Date.parse(burst.from)) / 1000;
  const place = [burst.city, burst.country && countryName(burst.country)].filter(Boolean).join(", ");
  const agent = [burst.agent, burst.os].filter(Boolean).join(" on ");
  return [
    plural(burst.events, "event"),
    seconds >= 1 ? `in ${duration(seconds)}` : "",
    place || burst.address ? `from ${place || burst.address}` : "",
    agent ? `with ${agent}` : "",
  ]
    .filter(Boolean)
    .join(" ");
}

export function Bursts({ id, asked }: { id: string; asked: Range }) {
  const { address, zone } = useApp();
  const { data, error, stale, reload } = useQuery(`bursts ${id} ${JSON.stringify(asked)}`, signal =>
    api.actorSessions(id, asked, signal),
  );
  return (
    <Panel title="Sessions" note="bursts without a pause of half an hour, newest first" stale={stale}>
      {error && error.column === undefined && <Problem error={error} retry={reload} />}
      {!data && !error && <Skeleton rows={6} />}
      <ol className="bursts">
        {data?.sessions.slice(0, SHOWN).map(burst => {
          const [from, to] = [Date.parse(burst.from), Date.parse(burst.to)];
          return (
            <li key={burst.from}>
              <span className="faint">
                {moment(from, zone, Date.now(), false)} – {clock(to, zone, false)}
              </span>
              <GoLink
                className="change-sentence"
                to={{
                  ...onScreen(address, "events"),
                  filters: [...address.filters, filter(ACTOR, id)],
                  range: around({ from: Math.floor(from / 1000) * 1000, to: Math.ceil(to / 1000) * 1000 + 1000 }),
                }}
              >
                {sentenceOf(burst)}
              </GoLink>
              <span className="soft burst-actions">
                {burst.top_actions
                  .slice(0, 3)
                  .map(each => `${words(each.action)} ${count(each.count)}`)
                  .join(" · ")}
              </span>
              <span className="burst-marks">
                {burst.failures > 0 && <span className="failure">{count(burst.failures)} failed</span>}{" "}
                {burst.privileged > 0 && <b>{count(burst.privileged)} privileged</b>}
              </span>
            </li>
          );
        })}
      </ol>
      {data?.more && <p className="faint">Older ones are not shown: narrow the time to see them.</p>}
    </Panel>
  );
}
