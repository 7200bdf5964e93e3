// The drawer: everything about one event. Its sentence, what changed, why it is here, all fields as filters; what happened around it;
// the record exactly as received.
import { onActor } from "../../lib/address.ts";
import { api } from "../../lib/api.ts";
import { MARK_HINT, useApp, useMark } from "../../lib/app.ts";
import { actorKind } from "../../lib/categories.ts";
import { differences } from "../../lib/differences.ts";
import { actor, agent, first, flatten, place, sentence, show, timeOf } from "../../lib/document.ts";
import { words } from "../../lib/format.ts";
import { apply } from "../../lib/query-text.ts";
import { iso, moment, zoneName } from "../../lib/time.ts";
import type { Document, EventAnswer } from "../../lib/types.ts";
import { useQuery } from "../../lib/use-query.ts";
import { GoLink } from "../../parts/go-link.tsx";
import { Icon } from "../../parts/icons.tsx";
import { Problem, Skeleton } from "../../parts/states.tsx";
import { Around } from "./around.tsx";
import { CopyEvent } from "./copy-event.tsx";
import { Raw, WhyHere } from "./raw.tsx";

const TABS = [
  ["", "Event"],
  ["around", "Around it"],
  ["raw", "Raw record"],
] as const;

export function Drawer({ id, move }: { id: string; move: (by: number) => void }) {
  const app = useApp();
  const { address, go } = app;
  const { data, error, reload, stale } = useQuery(`event ${id}`, signal => api.event(id, signal));
  const tab = TABS.find(([key]) => key === address.tab)?.[0] ?? "";
  return (
    <aside className="drawer" aria-label="Event" data-stale={stale}>
      <header className="drawer-head">
        <button
          type="button"
          className="quiet"
          aria-label="Previous event"
          title="Previous (k)"
          onClick={() => move(-1)}
        >
          <Icon name="left" />
        </button>
        <button type="button" className="quiet" aria-label="Next event" title="Next (j)" onClick={() => move(1)}>
          <Icon name="right" />
        </button>
        <fieldset className="choice">
          <legend className="visually-hidden">Show</legend>
          {TABS.map(([key, name]) => (
            <button
              key={key}
              type="button"
              aria-pressed={tab === key}
              onClick={() => go({ tab: key }, { replace: true })}
            >
              {name}
            </button>
          ))}
        </fieldset>
        {data && <CopyEvent answer={data} />}
        <button
          type="button"
          className="quiet"
          title="Close (esc)"
          aria-label="Close"
          onClick={() => go({ event: "", tab: "" })}
        >
          <Icon name="close" />
        </button>
      </header>
      <div className="drawer-body">
        {error && <Problem error={error} retry={reload} />}
        {!data && !error && <Skeleton rows={14} />}
        {data && <Sentence document={data.document} />}
        {data && tab === "" && <Whole answer={data} />}
        {data && tab === "around" && <Around id={id} document={data.document} />}
        {data && tab === "raw" && <Raw answer={data} />}
      </div>
    </aside>
  );
}

function Sentence({ document }: { document: Document }) {
  const { zone } = useApp();
  const { who, what } = sentence(document);
  const time = timeOf(document);
  return (
    <>
      <h2 className="drawer-sentence">
        {who && <b>{who}</b>} {what}
      </h2>
      <p className="soft">
        <time dateTime={iso(time)} title={iso(time)}>
          {moment(time, zone)} {zoneName(zone)}
        </time>
      </p>
    </>
  );
}

function Whole({ answer }: { answer: EventAnswer }) {
  const { document, provenance } = answer;
  const changed = differences(document);
  return (
    <>
      <Essentials document={document} />
      {changed.length > 0 && (
        <table className="plain">
          <caption>What changed</caption>
          <thead>
            <tr>
              <th>Setting</th>
              <th>Before</th>
              <th>After</th>
            </tr>
          </thead>
          <tbody>
            {changed.map(item => (
              <tr key={item.name}>
                <td>{words(item.name)}</td>
                <td className="mono before">{item.before ?? "–"}</td>
                <td className="mono after">{item.after ?? "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {provenance && <WhyHere provenance={provenance} />}
      <AllFields document={document} />
    </>
  );
}

function Essentials({ document }: { document: Document }) {
  const { address } = useApp();
  const who = actor(document);
  const kind = actorKind(who.type);
  const from = [place(document), first(document, "source.ip"), first(document, "source.as.organization.name")]
    .filter(Boolean)
    .join(" · ");
  const rows: [string, string][] = [
    ["From", from],
    ["With", agent(document)],
    ["Acted upon", first(document, "user.target.email")],
    ["Outcome", first(document, "event.outcome")],
  ];
  return (
    <dl className="essentials">
      <div>
        <dt>Who</dt>
        <dd>
          <Icon name={kind.sign} size={13} />{" "}
          {who.id ? (
            <GoLink className="link" to={onActor(address, who.id)} title="What this one has been doing">
              {who.name}
            </GoLink>
          ) : (
            who.name
          )}{" "}
          <span className="faint">{kind.name}</span>
        </dd>
      </div>
      {rows.map(
        ([name, value]) =>
          value && (
            <div key={name}>
              <dt>{name}</dt>
              <dd className={value === "failure" ? "failure" : ""}>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

function AllFields({ document }: { document: Document }) {
  const { fields, go } = useApp();
  const mark = useMark();
  const meanings = new Map(fields.map(field => [field.name, field.meaning ?? ""]));
  return (
    <section className="fields" aria-label="All fields">
      <h3>All fields</h3>
      {flatten(document).map(([name, found]) => (
        <div key={name} className="field">
          <span className="field-name mono" title={meanings.get(name) || name}>
            {name}
          </span>
          <span className="field-values">
            {found.map((value, index) => {
              const text = show(value);
              // A list of objects is no value that a filter could name.
              if (typeof value === "object") return <code key={index}>{text}</code>;
              return (
                <span key={index} className="field-value">
                  <button type="button" className="mark" title={MARK_HINT} onClick={mark(name, text)}>
                    {text}
                  </button>
                  <button
                    type="button"
                    className="quiet field-out"
                    aria-label={`Leave out ${name} ${text}`}
                    title="Leave out"
                    onClick={() =>
                      go(address => ({ ...address, filters: apply(address.filters, name, text, "exclude") }))
                    }
                  >
                    <Icon name="minus" size={11} />
                  </button>
                </span>
              );
            })}
          </span>
        </div>
      ))}
    </section>
  );
}
