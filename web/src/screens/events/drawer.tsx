// The drawer: everything about one event. Its sentence, what changed, all fields as filters; the record exactly as received
// and the request that brought it.
import { api } from "../../lib/api.ts";
import { type App, MARK_HINT, useApp, useMark } from "../../lib/app.ts";
import { actorKind } from "../../lib/categories.ts";
import { differences } from "../../lib/differences.ts";
import { actor, agent, first, flatten, place, sentence, show, timeOf } from "../../lib/document.ts";
import { bytes, count, duration, words } from "../../lib/format.ts";
import { apply } from "../../lib/query-text.ts";
import { iso, moment, zoneName } from "../../lib/time.ts";
import type { Document, EventAnswer, Provenance } from "../../lib/types.ts";
import { useQuery } from "../../lib/use-query.ts";
import { copy } from "../../parts/command-palette.tsx";
import { Icon } from "../../parts/icons.tsx";
import { Problem, Skeleton } from "../../parts/states.tsx";

export function Drawer({ id, move }: { id: string; move: (by: number) => void }) {
  const app = useApp();
  const { address, go } = app;
  const { data, error, reload, stale } = useQuery(`event ${id}`, signal => api.event(id, signal));
  const raw = address.tab === "raw";
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
          <button type="button" aria-pressed={!raw} onClick={() => go({ tab: "" }, { replace: true })}>
            Event
          </button>
          <button type="button" aria-pressed={raw} onClick={() => go({ tab: "raw" }, { replace: true })}>
            Raw record
          </button>
        </fieldset>
        <button
          type="button"
          className="quiet"
          title="Copy link"
          aria-label="Copy link"
          onClick={() => copy(app, location.href, "the link")}
        >
          <Icon name="link" />
        </button>
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
        {data && (raw ? <Raw answer={data} /> : <Whole document={data.document} />)}
      </div>
    </aside>
  );
}

function Whole({ document }: { document: Document }) {
  const { zone } = useApp();
  const { who, what } = sentence(document);
  const time = timeOf(document);
  const changed = differences(document);
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
      <AllFields document={document} />
    </>
  );
}

function Essentials({ document }: { document: Document }) {
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
          <Icon name={kind.sign} size={13} /> {who.name} <span className="faint">{kind.name}</span>
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

/** Laid out for reading; what is copied is the exact text. */
function pretty(raw: string): string {
  try {
    return JSON.stringify(JSON.parse(raw), null, 2);
  } catch {
    return raw;
  }
}

function Raw({ answer }: { answer: EventAnswer }) {
  const app = useApp();
  const { raw, provenance } = answer;
  return (
    <>
      {raw === null ? (
        <p className="soft">The exact record is kept in the ledger, which this console does not hold.</p>
      ) : (
        <>
          <div className="drawer-row">
            <p className="faint">Laid out for reading; what is copied is exactly as received.</p>
            <button type="button" className="button" onClick={() => copy(app, raw, "the exact record")}>
              <Icon name="copy" size={13} /> Copy exact text
            </button>
          </div>
          <pre className="raw">{pretty(raw)}</pre>
        </>
      )}
      {provenance && <Origin provenance={provenance} app={app} />}
    </>
  );
}

function Origin({ provenance, app }: { provenance: Provenance; app: App }) {
  const { page } = provenance;
  const rows: [string, string][] = [
    ["Feed", provenance.feed],
    ["Ledger sequence", count(provenance.sequence)],
    ["First seen", moment(Date.parse(provenance.first_seen), app.zone)],
    ["After it happened", provenance.lag_seconds === null ? "" : duration(provenance.lag_seconds)],
    ["Late", provenance.late ? "yes: its time had been settled already" : "no"],
    ["SHA-256 of the record", provenance.activity_sha256],
  ];
  if (page) {
    rows.push(
      ["Page", `${count(page.number)}, ${bytes(page.body_bytes)}`],
      ["Request", page.url],
      ["Request id", page.request_id ?? ""],
      ["SHA-256 of the page", page.body_sha256],
      ["Chain head after it", page.chain_head],
    );
  }
  return (
    <section className="origin">
      <h3>How it came here</h3>
      <dl className="essentials">
        {rows.map(
          ([name, value]) =>
            value && (
              <div key={name}>
                <dt>{name}</dt>
                <dd className="mono">{value}</dd>
              </div>
            ),
        )}
      </dl>
    </section>
  );
}
