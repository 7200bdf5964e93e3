// Actors: "What has this one been doing?" Whoever acts, people, keys and machines, in one list; each has a screen.
import { onActor } from "../lib/address.ts";
import { api } from "../lib/api.ts";
import { questionText, useApp } from "../lib/app.ts";
import { actorKind } from "../lib/categories.ts";
import { countryName, shorten } from "../lib/document.ts";
import { capital, count, plural } from "../lib/format.ts";
import { describeRange, momentOf } from "../lib/time.ts";
import type { ActorRow } from "../lib/types.ts";
import { useQuery } from "../lib/use-query.ts";
import { GoLink } from "../parts/go-link.tsx";
import { Icon } from "../parts/icons.tsx";
import { Spark } from "../parts/spark.tsx";
import { Nothing, Problem, Skeleton } from "../parts/states.tsx";
import { Find } from "./access-log.tsx";
import { ActorScreen } from "./actors/actor.tsx";

const PAGE = 50;

const KINDS: [string, string][] = [
  ["", "All"],
  ["user_actor", "People"],
  ["api_actor", "API keys"],
  ["admin_api_key_actor", "Admin keys"],
  ["service_account_actor", "Service accounts"],
  ["federated_identity_actor", "Federated"],
  ["attested_device_actor", "Devices"],
  ["scim_directory_sync_actor", "Directory"],
  ["system_actor", "System"],
  ["anthropic_actor", "Anthropic"],
  ["unauthenticated_user_actor", "Not signed in"],
];

const ORDERS: [string, string][] = [
  ["events", "Events"],
  ["failures", "Failures"],
  ["privileged", "Privileged"],
  ["countries", "Countries"],
  ["last_seen", "Last seen"],
  ["name", "Name"],
];

export function ActorsScreen() {
  const { address } = useApp();
  return address.subject ? <ActorScreen key={address.subject} id={address.subject} /> : <ActorList />;
}

function ActorList() {
  const app = useApp();
  const { address, go, span, zone } = app;
  const { kind = "", find = "", order = "events", page = "0" } = address.options;
  const asked = {
    ...questionText(app),
    size: String(PAGE),
    offset: String(Number(page) * PAGE || 0),
    sort: order,
    ...(kind ? { kind } : {}),
    ...(find ? { prefix: find } : {}),
  };
  const { data, error, stale, reload } = useQuery(JSON.stringify(asked), signal => api.actors(asked, signal));
  const choose = (option: Record<string, string>) =>
    go({ options: { ...address.options, page: "", ...option } }, { replace: "find" in option });
  const at = Number(page) || 0;
  return (
    <div className="overview">
      <h1 className="visually-hidden">Actors</h1>
      <div className="page-tools">
        <Find value={find} change={text => choose({ find: text })} label="Name begins with" />
        <label className="order">
          Order by{" "}
          <select value={order} onChange={event => choose({ order: event.target.value })}>
            {ORDERS.map(([key, name]) => (
              <option key={key} value={key}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      <fieldset className="choice choice-wide">
        <legend className="visually-hidden">Kind of actor</legend>
        {KINDS.map(([key, name]) => (
          <button key={name} type="button" aria-pressed={kind === key} onClick={() => choose({ kind: key })}>
            {name}
          </button>
        ))}
      </fieldset>
      {error && error.column === undefined && <Problem error={error} retry={reload} />}
      {!data && !error && <Skeleton rows={14} height={20} />}
      {data?.actors.length === 0 && (
        <Nothing
          title={`No actors like that in ${describeRange(address.range, span.to, zone).replace(/^Last/, "the last")}`}
        >
          Widen the time, or clear query, kind and name.
        </Nothing>
      )}
      {data && data.actors.length > 0 && (
        <section className="panel" data-stale={stale} aria-label="Actors">
          <header className="panel-head">
            <h2>{plural(data.total, "actor")}</h2>
            <span className="faint">first and last seen within the range</span>
            {!data.complete && <span className="failure">the rarest are left out</span>}
          </header>
          <ol className="actors">
            {data.actors.map(actor => (
              <Row key={actor.id} actor={actor} />
            ))}
          </ol>
          {data.total > PAGE && (
            <p className="pages">
              <button
                type="button"
                className="button"
                disabled={at === 0}
                onClick={() => choose({ page: at > 1 ? String(at - 1) : "" })}
              >
                Before
              </button>
              <span className="faint">
                {count(at * PAGE + 1)} – {count(Math.min(data.total, (at + 1) * PAGE))} of {count(data.total)}
              </span>
              <button
                type="button"
                className="button"
                disabled={(at + 1) * PAGE >= data.total}
                onClick={() => choose({ page: String(at + 1) })}
              >
                After
              </button>
            </p>
          )}
        </section>
      )}
    </div>
  );
}

function Row({ actor }: { actor: ActorRow }) {
  const { address, zone } = useApp();
  const kind = actorKind(actor.type);
  return (
    <li>
      <GoLink to={onActor(address, actor.id)} className="actor-row" title={actor.id}>
        <span className="actor-name">
          <Icon name={kind.sign} size={14} /> <b>{shorten(actor.name, 44)}</b>{" "}
          <span className="faint">{capital(kind.name)}</span>
        </span>
        <Spark counts={actor.spark} />
        <span className="actor-number">
          <b>{count(actor.events)}</b> <span className="faint">events</span>
        </span>
        <span className="actor-number" data-bad={actor.failures > 0}>
          {count(actor.failures)} <span className="faint">failed</span>
        </span>
        <span className="actor-number">
          {count(actor.privileged)} <span className="faint">privileged</span>
        </span>
        <span className="actor-places" title={actor.countries.map(countryName).join(", ")}>
          {actor.countries.length > 0 ? actor.countries.slice(0, 4).join(" ") : "–"}
          {actor.countries.length > 4 && ` +${actor.countries.length - 4}`}
        </span>
        <span className="faint actor-agents" title={actor.agents.join(", ")}>
          {actor.agents.slice(0, 2).join(", ") || "–"}
        </span>
        <span className="faint actor-seen">
          {momentOf(actor.first_seen, zone)} → {momentOf(actor.last_seen, zone)}
        </span>
      </GoLink>
    </li>
  );
}
