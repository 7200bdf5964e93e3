// Facets: what a field holds, with its share; click narrows, alt leaves out, shift adds; search inside. How a field is told depends
// on its type (facet-kinds.ts), and where there are several ways the reader chooses.
import { useEffect, useRef, useState } from "react";
import { api } from "../../lib/api.ts";
import { MARK_HINT, question, questionText, useApp, useKept } from "../../lib/app.ts";
import { actorKind, CATEGORY_NAMES, categoryOf } from "../../lib/categories.ts";
import { countryName } from "../../lib/document.ts";
import { capital, compact, count, words } from "../../lib/format.ts";
import { isNetwork } from "../../lib/networks.ts";
import { apply, chosen, filter, gesture } from "../../lib/query-text.ts";
import { useQuery } from "../../lib/use-query.ts";
import { Icon } from "../../parts/icons.tsx";
import { Skeleton } from "../../parts/states.tsx";
import { type Asked, type Kind, kindsOf, type Row } from "./facet-kinds.ts";

interface Facet {
  field: string;
  name: string;
  say?: (value: string) => string;
}

const FACETS: Facet[] = [
  { field: "@timestamp", name: "Time" },
  {
    field: "event.category",
    name: "Category",
    say: value => (categoryOf(value) === "other" ? value : CATEGORY_NAMES[categoryOf(value)]),
  },
  { field: "event.outcome", name: "Outcome" },
  { field: "event.action", name: "Action" },
  { field: "anthropic.audit.actor.name", name: "Actor" },
  { field: "anthropic.audit.actor.type", name: "Kind of actor", say: value => capital(actorKind(value).name) },
  { field: "source.geo.country_iso_code", name: "Country", say: countryName },
  { field: "source.ip", name: "Address" },
  { field: "source.as.organization.name", name: "Network operator" },
  { field: "user_agent.name", name: "Agent" },
  { field: "user.target.email", name: "Acted upon" },
  { field: "event.severity", name: "Severity" },
  { field: "anthropic.audit.group", name: "Group", say: value => capital(words(value)) },
  { field: "organization.id", name: "Organization" },
  { field: "event.type", name: "Type" },
  { field: "related.ip", name: "Any address" },
  { field: "event.created", name: "First fetched" },
  { field: "anthropic.audit.expires_at", name: "Expires" },
];

const OPEN = "event.outcome,event.action,anthropic.audit.actor.name,source.geo.country_iso_code,user_agent.name";

/** Rows of a facet, and of one that is shown at length. */
const ROWS = 6;
const MANY_ROWS = 50;

/** The kinds that the reader has chosen, by field. */
function useKinds(): [(facet: Facet) => Kind, (facet: Facet, kind: Kind) => void] {
  const { fields } = useApp();
  const [kept, keep] = useKept<string>("facet-kinds", "");
  const names = new Map(kept.split(",").map(each => each.split("=") as [string, string]));
  const types = new Map(fields.map(({ name, type }) => [name, type]));
  const kindOf = ({ field }: Facet) => {
    const kinds = kindsOf(field, types.get(field));
    return kinds.find(kind => kind.name === names.get(field)) ?? kinds[0];
  };
  return [kindOf, ({ field }, { name }) => keep([...names.set(field, name)].map(each => each.join("=")).join(","))];
}

export function Facets() {
  const app = useApp();
  const [kept, keep] = useKept<string>("facets", OPEN);
  const open = new Set(kept.split(",").filter(Boolean));
  const [long, setLong] = useState<Set<string>>(new Set());
  const [kindOf, chooseKind] = useKinds();
  const asking = ({ field }: Facet): Asked => {
    const { span, now, zone } = app;
    return { field, span, now, zone, size: long.has(field) ? MANY_ROWS : ROWS };
  };
  const name = (facet: Facet) => facet.field.replaceAll(".", "_");
  const shown = FACETS.filter(facet => open.has(facet.field));
  const aggs = Object.fromEntries(shown.map(facet => [name(facet), kindOf(facet).ask(asking(facet))]));
  const asked = { ...question(app), size: 0, aggs };
  const { data, stale, error } = useQuery(open.size > 0 ? JSON.stringify(asked) : undefined, signal =>
    api.search(asked, signal),
  );
  const toggle = (set: Set<string>, field: string) => {
    const next = new Set(set);
    if (!next.delete(field)) next.add(field);
    return next;
  };
  return (
    <div className="facets" data-stale={stale}>
      {FACETS.map(facet => (
        <section key={facet.field} className="facet">
          <h2>
            <button
              type="button"
              aria-expanded={open.has(facet.field)}
              title={facet.field}
              onClick={() => keep([...toggle(open, facet.field)].join(","))}
            >
              <Icon name={open.has(facet.field) ? "down" : "right"} size={10} /> {facet.name}
            </button>
          </h2>
          {open.has(facet.field) && <Kinds facet={facet} kind={kindOf(facet)} choose={chooseKind} />}
          {open.has(facet.field) &&
            (data || error ? (
              <Values
                facet={facet}
                kind={kindOf(facet)}
                found={kindOf(facet).rows(data?.aggregations, name(facet), asking(facet))}
                long={long.has(facet.field)}
                more={() => setLong(toggle(long, facet.field))}
              />
            ) : (
              <Skeleton rows={4} height={12} />
            ))}
        </section>
      ))}
      <p className="faint facets-hint">{MARK_HINT.replace("Click", "Click a value")}.</p>
    </div>
  );
}

/** The ways in which a field can be told, where there are several. */
function Kinds(props: { facet: Facet; kind: Kind; choose: (facet: Facet, kind: Kind) => void }) {
  const { fields } = useApp();
  const { facet, kind, choose } = props;
  const kinds = kindsOf(facet.field, fields.find(field => field.name === facet.field)?.type);
  if (kinds.length < 2) return null;
  return (
    <fieldset className="choice facet-kinds">
      <legend className="visually-hidden">{facet.name} by</legend>
      {kinds.map(each => (
        <button
          key={each.name}
          type="button"
          aria-pressed={each.name === kind.name}
          onClick={() => choose(facet, each)}
        >
          {each.name}
        </button>
      ))}
    </fieldset>
  );
}

function Values(props: { facet: Facet; kind: Kind; found: Row[]; long: boolean; more: () => void }) {
  const { facet, kind, found } = props;
  const [text, setText] = useState("");
  const searched = useValueSearch(facet.field, kind.searched ? text : "");
  const list = text ? searched : found;
  const most = Math.max(1, ...list.map(item => item.count));
  const full = found.length >= ROWS;
  return (
    <div className="facet-values">
      {kind.searched && (props.long || text || full) && (
        <input
          value={text}
          placeholder="Search inside"
          aria-label={`Search in ${facet.name}`}
          spellCheck={false}
          onChange={event => setText(event.target.value)}
        />
      )}
      {list.length === 0 && <p className="faint">{text ? "Nothing like that here" : "Not in these events"}</p>}
      {list.map(item => (
        <Value key={item.value} facet={facet} item={item} most={most} />
      ))}
      {kind.long && !text && (full || props.long) && (
        <button type="button" className="link" onClick={props.more}>
          {props.long ? "Fewer" : "More"}
        </button>
      )}
    </div>
  );
}

function Value({ facet, item, most }: { facet: Facet; item: Row; most: number }) {
  const { address, go } = useApp();
  const state = chosen(address.filters, facet.field, item.value);
  const label = facet.say?.(item.value) ?? item.label;
  const change = (how: "narrow" | "exclude" | "add") =>
    go(before => ({ ...before, filters: apply(before.filters, facet.field, item.value, how) }));
  return (
    <div className="facet-value" data-state={state}>
      <button
        type="button"
        className="facet-main"
        aria-pressed={state !== ""}
        title={`${facet.field}: ${item.value} · ${count(item.count)}. ${MARK_HINT}`}
        onClick={event => change(gesture(event))}
      >
        <span className="facet-bar" style={{ width: `${(item.count / most) * 100}%` }} />
        <span className="facet-label">
          {label} {item.note && <span className="facet-note">{item.note}</span>}
        </span>
        <span className="facet-count">{compact(item.count)}</span>
      </button>
      <button
        type="button"
        className="facet-side"
        title="Add to what is chosen"
        aria-label={`Add ${label}`}
        onClick={() => change("add")}
      >
        <Icon name="plus" size={11} />
      </button>
      <button
        type="button"
        className="facet-side"
        title="Leave out"
        aria-label={`Leave out ${label}`}
        onClick={() => change("exclude")}
      >
        <Icon name="minus" size={11} />
      </button>
    </div>
  );
}

/** Values of the field that begin with the text, in the range of the question; a network by its whole name. */
function useValueSearch(field: string, text: string): Row[] {
  const app = useApp();
  const latest = useRef(app);
  latest.current = app;
  const [found, setFound] = useState<Row[]>([]);
  useEffect(() => {
    if (!text) return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      const now = latest.current;
      const row = (value: string, count: number) => ({ value, label: value, count });
      const looked = isNetwork(text)
        ? api
            .search({ ...question(now, undefined, [filter(field, text)]), size: 0 }, abort.signal)
            .then(({ total }) => [row(text, total)])
        : api
            .values({ ...questionText(now, undefined, ""), field, prefix: text, size: "12" }, abort.signal)
            .then(list => list.map(item => row(String(item.value), item.count)));
      looked.then(setFound, () => setFound([]));
    }, 120);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [field, text]);
  return found;
}
