// Facets: the values of a field with their share; click narrows, alt leaves out, shift adds; search inside.
import { useEffect, useRef, useState } from "react";
import * as agg from "../../lib/aggregations.ts";
import { api } from "../../lib/api.ts";
import { MARK_HINT, question, questionText, useApp, useKept } from "../../lib/app.ts";
import { actorKind, CATEGORY_NAMES, categoryOf } from "../../lib/categories.ts";
import { countryName } from "../../lib/document.ts";
import { capital, compact, count, words } from "../../lib/format.ts";
import { apply, gesture } from "../../lib/query-text.ts";
import type { Aggregations } from "../../lib/types.ts";
import { useQuery } from "../../lib/use-query.ts";
import { Icon } from "../../parts/icons.tsx";
import { Skeleton } from "../../parts/states.tsx";

interface Facet {
  field: string;
  name: string;
  say?: (value: string) => string;
}

export const FACETS: Facet[] = [
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
  { field: "source.as.organization.name", name: "Network" },
  { field: "user_agent.name", name: "Agent" },
  { field: "user.target.email", name: "Acted upon" },
  { field: "event.severity", name: "Severity" },
  { field: "anthropic.audit.group", name: "Group", say: value => capital(words(value)) },
  { field: "organization.id", name: "Organization" },
  { field: "event.type", name: "Type" },
];

const OPEN = "event.outcome,event.action,anthropic.audit.actor.name,source.geo.country_iso_code,user_agent.name";

export function Facets() {
  const app = useApp();
  const [kept, keep] = useKept<string>("facets", OPEN);
  const open = new Set(kept.split(",").filter(Boolean));
  const [long, setLong] = useState<Set<string>>(new Set());
  const aggs: Aggregations = Object.fromEntries(
    FACETS.filter(facet => open.has(facet.field)).map(facet => [
      facet.field.replaceAll(".", "_"),
      agg.terms(facet.field, long.has(facet.field) ? 50 : 6),
    ]),
  );
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
          {open.has(facet.field) &&
            (data || error ? (
              <Values
                facet={facet}
                found={agg
                  .buckets(data?.aggregations, facet.field.replaceAll(".", "_"))
                  .map(item => ({ value: String(item.key), count: item.doc_count }))}
                total={data?.total ?? 0}
                long={long.has(facet.field)}
                more={() => setLong(toggle(long, facet.field))}
              />
            ) : (
              <Skeleton rows={4} height={12} />
            ))}
        </section>
      ))}
      <p className="faint facets-hint">{MARK_HINT.replace("Click", "Click a value").replace(", Shift", ", Shift")}.</p>
    </div>
  );
}

function Values(props: {
  facet: Facet;
  found: { value: string; count: number }[];
  total: number;
  long: boolean;
  more: () => void;
}) {
  const { address } = useApp();
  const { facet, found } = props;
  const [text, setText] = useState("");
  const searched = useValueSearch(facet.field, text);
  const list = text ? searched : found;
  const most = Math.max(1, ...list.map(item => item.count));
  const mine = address.filters.filter(item => item.field === facet.field && item.enabled);
  const state = (value: string) => {
    const holds = mine.find(item => item.values.includes(value));
    return holds ? (holds.negate ? "excluded" : "chosen") : "";
  };
  return (
    <div className="facet-values">
      {(props.long || text || found.length >= 6) && (
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
        <Value key={item.value} facet={facet} item={item} most={most} state={state(item.value)} />
      ))}
      {!text && (found.length >= 6 || props.long) && (
        <button type="button" className="link" onClick={props.more}>
          {props.long ? "Fewer" : "More"}
        </button>
      )}
    </div>
  );
}

function Value(props: { facet: Facet; item: { value: string; count: number }; most: number; state: string }) {
  const { go } = useApp();
  const { facet, item, state } = props;
  const label = facet.say?.(item.value) ?? item.value;
  const change = (how: "narrow" | "exclude" | "add") =>
    go(address => ({ ...address, filters: apply(address.filters, facet.field, item.value, how) }));
  return (
    <div className="facet-value" data-state={state}>
      <button
        type="button"
        className="facet-main"
        aria-pressed={state !== ""}
        title={`${facet.field}: ${item.value} · ${count(item.count)}. ${MARK_HINT}`}
        onClick={event => change(gesture(event))}
      >
        <span className="facet-bar" style={{ width: `${(item.count / props.most) * 100}%` }} />
        <span className="facet-label">{label}</span>
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

/** Values of the field that hold the text, in the range of the question. */
function useValueSearch(field: string, text: string): { value: string; count: number }[] {
  const app = useApp();
  const latest = useRef(app);
  latest.current = app;
  const [found, setFound] = useState<{ value: string; count: number }[]>([]);
  useEffect(() => {
    if (!text) return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      api
        .values({ ...questionText(latest.current, undefined, ""), field, prefix: text, size: "12" }, abort.signal)
        .then(list => setFound(list.map(item => ({ value: String(item.value), count: item.count }))))
        .catch(() => setFound([]));
    }, 120);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [field, text]);
  return found;
}
