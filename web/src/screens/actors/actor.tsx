// One actor: when, from where, with what, what; the keys they made and what those did next; changes of their own access; and the
// bursts of their activity as sentences. Figures are compared with the period before.
import { onScreen } from "../../lib/address.ts";
import { api } from "../../lib/api.ts";
import { ACTOR, questionText, rangeBefore, useApp } from "../../lib/app.ts";
import { actorKind } from "../../lib/categories.ts";
import { countryName } from "../../lib/document.ts";
import { capital, change, count } from "../../lib/format.ts";
import { filter, wholeQuery } from "../../lib/query-text.ts";
import { iso, moment, momentOf } from "../../lib/time.ts";
import type { Actor, Range } from "../../lib/types.ts";
import { useQuery } from "../../lib/use-query.ts";
import { GoLink } from "../../parts/go-link.tsx";
import { Icon } from "../../parts/icons.tsx";
import { Nothing, Panel, Problem, Skeleton } from "../../parts/states.tsx";
import { TopList } from "../../parts/top-list.tsx";
import { When } from "../overview/when.tsx";
import { Bursts } from "./bursts.tsx";
import { Calendar } from "./calendar.tsx";
import { AccessChanges, Keys } from "./keys.tsx";

export function ActorScreen({ id }: { id: string }) {
  const app = useApp();
  const { address } = app;
  const query = wholeQuery(address.query, address.filters);
  const asked = {
    now: questionText(app, undefined, query),
    before: questionText(app, rangeBefore(app), query),
  };
  const { data, error, stale, reload } = useQuery(`${id} ${JSON.stringify(asked.now)}`, signal =>
    api.actor(id, asked.now, signal),
  );
  const before = useQuery(data ? `${id} ${JSON.stringify(asked.before)}` : undefined, signal =>
    api.actor(id, asked.before, signal),
  );
  if (error?.status === 404) {
    return (
      <div className="overview">
        <h1>{id}</h1>
        <Nothing title="The trail knows no actor of this id">
          <GoLink to={onScreen(address, "actors")}>All actors →</GoLink>
        </Nothing>
      </div>
    );
  }
  return (
    <div className="overview">
      {error && error.column === undefined && <Problem error={error} retry={reload} />}
      {!data && !error && <Skeleton rows={14} />}
      {data && (
        <>
          <Head actor={data} />
          <Figures now={data} before={before.data} stale={stale} />
          {data.events === 0 ? <Quiet actor={data} /> : <Details actor={data} stale={stale} asked={asked.now} />}
          <div className="overview-pair">
            <Keys actor={data} />
            <AccessChanges actor={data} />
          </div>
        </>
      )}
    </div>
  );
}

function Head({ actor }: { actor: Actor }) {
  const { address, zone } = useApp();
  const kind = actorKind(actor.type);
  return (
    <header className="actor-head">
      <p>
        <GoLink to={onScreen({ ...address, query: "", filters: [] }, "actors")} className="link">
          ← All actors
        </GoLink>
      </p>
      <h1>
        <Icon name={kind.sign} size={18} /> {actor.name}
      </h1>
      <p className="soft">
        {capital(kind.name)} · <code>{actor.id}</code>
        {actor.email && actor.email !== actor.name && ` · ${actor.email}`} · first seen{" "}
        {momentOf(actor.ever.first_seen, zone)}, last {momentOf(actor.ever.last_seen, zone)} ·{" "}
        {count(actor.ever.events)} events ever
      </p>
      <p>
        <GoLink
          className="link"
          to={{ ...onScreen(address, "events"), filters: [...address.filters, filter(ACTOR, actor.id)] }}
        >
          Events of {actor.name} →
        </GoLink>
      </p>
    </header>
  );
}

function Figures({ now, before, stale }: { now: Actor; before: Actor | undefined; stale: boolean }) {
  const days = (actor: Actor) => actor.calendar.filter(day => day.count > 0).length;
  const places = (actor: Actor) => actor.places.length;
  const figures: [string, (actor: Actor) => number][] = [
    ["Events", actor => actor.events],
    ["Active days", days],
    ["Failures", actor => actor.failures],
    ["Privileged changes", actor => actor.privileged],
    ["Places", places],
  ];
  return (
    <dl className="figures figures-five" data-stale={stale}>
      {figures.map(([name, read]) => (
        <div key={name} className="figure">
          <dt className="soft">{name}</dt>
          <dd>
            <strong>{count(read(now))}</strong>
            <span className="faint">
              {before ? `${change(read(now), read(before)).text} · ${count(read(before))} the period before` : " "}
            </span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Quiet({ actor }: { actor: Actor }) {
  const { go, zone, span } = useApp();
  const last = actor.ever.last_seen;
  return (
    <Nothing title={`${actor.name} did nothing like that in this range`}>
      {last && (
        <button
          type="button"
          className="link"
          onClick={() => {
            const to = Date.parse(last) + 1000;
            go({ query: "", filters: [], range: { from: iso(to - (span.to - span.from)), to: iso(to) } });
          }}
        >
          Last seen {moment(Date.parse(last), zone)}: show the time before it →
        </button>
      )}
    </Nothing>
  );
}

function Details({ actor, stale, asked }: { actor: Actor; stale: boolean; asked: Range }) {
  return (
    <>
      <div className="overview-pair">
        <Calendar actor={actor} stale={stale} />
        <When />
      </div>
      <div className="overview-lists">
        <Panel title="What" stale={stale}>
          <TopList
            field="event.action"
            found={actor.actions.slice(0, 10).map(each => ({ key: each.action, doc_count: each.count }))}
          />
        </Panel>
        <Places actor={actor} stale={stale} />
        <Panel title="With what" stale={stale}>
          <SeenList
            rows={actor.agents.map(each => ({
              ...each,
              name: each.os ? `${each.name} on ${each.os}` : each.name,
              field: "user_agent.name",
              value: each.name,
            }))}
            none="No agent is named in these events"
          />
        </Panel>
      </div>
      <Bursts id={actor.id} asked={asked} />
    </>
  );
}

function Places({ actor, stale }: { actor: Actor; stale: boolean }) {
  return (
    <Panel title="From where" stale={stale}>
      <SeenList
        rows={actor.places.map(each => ({
          ...each,
          name: each.city ? `${each.city}, ${countryName(each.country)}` : countryName(each.country),
          field: each.city ? "source.geo.city_name" : "source.geo.country_iso_code",
          value: each.city ?? each.country,
        }))}
        none="No place is known of these events"
      />
      {actor.networks.length > 0 && (
        <>
          <h3 className="panel-part">Networks</h3>
          <SeenList
            rows={actor.networks.map(each => ({ ...each, field: "source.as.organization.name", value: each.name }))}
            none=""
          />
        </>
      )}
    </Panel>
  );
}

interface SeenRow {
  name: string;
  field: string;
  value: string;
  count: number;
  first_seen: string | null;
  last_seen: string | null;
}

/** Values with when they were first and last seen, as a line over the range: a place that is new ends at the right. */
function SeenList({ rows, none }: { rows: SeenRow[]; none: string }) {
  const { address, go, span, zone } = useApp();
  if (rows.length === 0) return <p className="faint">{none}</p>;
  const share = (time: string | null) =>
    Math.max(0, ((Date.parse(time ?? "") - span.from) / (span.to - span.from)) * 100 || 0);
  return (
    <ul className="seen">
      {rows.slice(0, 8).map(row => (
        <li key={`${row.name} ${row.first_seen}`}>
          <button
            type="button"
            className="seen-name"
            title={`${momentOf(row.first_seen, zone)} → ${momentOf(row.last_seen, zone)}`}
            onClick={() => go({ filters: [...address.filters, filter(row.field, row.value)] })}
          >
            {row.name}
          </button>
          <span className="faint">{count(row.count)}</span>
          <span className="seen-line" aria-hidden="true">
            <i
              style={{
                left: `${share(row.first_seen)}%`,
                width: `max(${share(row.last_seen) - share(row.first_seen)}%, 4px)`,
              }}
            />
          </span>
        </li>
      ))}
    </ul>
  );
}
