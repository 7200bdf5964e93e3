// Overview: "What is going on, and is any of it odd?" Four figures, who, what, from where, and what was changed that matters.

import { onScreen } from "../lib/address.ts";
import * as agg from "../lib/aggregations.ts";
import { api } from "../lib/api.ts";
import { MARK_HINT, question, useApp, useMark } from "../lib/app.ts";
import { PRIVILEGED } from "../lib/categories.ts";
import { countryName, first, place, sentence, shorten, timeOf } from "../lib/document.ts";
import { change, count } from "../lib/format.ts";
import { expression, type Filter, filter } from "../lib/query-text.ts";
import { iso, moment, previous } from "../lib/time.ts";
import type { Aggregations, Bucket, SearchAnswer } from "../lib/types.ts";
import { useQuery } from "../lib/use-query.ts";
import { Nothing, Panel, Problem, Skeleton } from "../parts/states.tsx";
import { ActionMark } from "./events/table.tsx";

const FAILED_SIGN_INS = "event.outcome:failure and event.category:authentication";
const PEOPLE = filter("anthropic.audit.actor.type", "user_actor");

const FIGURES: Aggregations = {
  people: agg.matching("anthropic.audit.actor.type:user_actor", {
    number: agg.cardinality("anthropic.audit.actor.id"),
  }),
  failed: agg.matching(FAILED_SIGN_INS),
  privileged: agg.matching(PRIVILEGED),
};

const TOP: { name: string; title: string; field: string; say?: (value: string) => string }[] = [
  { name: "actors", title: "Who", field: "anthropic.audit.actor.name" },
  { name: "actions", title: "What", field: "event.action" },
  { name: "countries", title: "From where", field: "source.geo.country_iso_code", say: countryName },
];

const LISTS: Aggregations = Object.fromEntries(TOP.map(({ name, field }) => [name, agg.terms(field, 8)]));

export function OverviewScreen() {
  const app = useApp();
  const asked = { ...question(app), size: 0, aggs: { ...FIGURES, ...LISTS } };
  const now = useQuery(JSON.stringify(asked), signal => api.search(asked, signal));
  const past = { ...question(app, previous(app.span)), size: 0, aggs: FIGURES };
  const before = useQuery(JSON.stringify(past), signal => api.search(past, signal));
  return (
    <div className="overview">
      <h1 className="visually-hidden">Overview</h1>
      {now.error && now.error.column === undefined && <Problem error={now.error} retry={now.reload} />}
      <Figures now={now.data} before={before.data} stale={now.stale} />
      <div className="overview-lists">
        {TOP.map(({ name, title, field, say }) => (
          <Panel key={name} title={title} stale={now.stale}>
            {now.data ? (
              <TopList field={field} found={agg.buckets(now.data.aggregations, name)} say={say} />
            ) : (
              <Skeleton rows={6} />
            )}
          </Panel>
        ))}
      </div>
      <Privileged />
    </div>
  );
}

function readFigures(answer: SearchAnswer | undefined) {
  const people = answer?.aggregations?.people as Bucket | undefined;
  return {
    events: answer?.total ?? 0,
    people: agg.value(people, "number"),
    failed: agg.docCount(answer?.aggregations, "failed"),
    privileged: agg.docCount(answer?.aggregations, "privileged"),
  };
}

function Figures({
  now,
  before,
  stale,
}: {
  now: SearchAnswer | undefined;
  before: SearchAnswer | undefined;
  stale: boolean;
}) {
  const { address, go } = useApp();
  const shown = readFigures(now);
  const past = readFigures(before);
  const figures: { name: string; key: keyof typeof shown; filters: Filter[] }[] = [
    { name: "Events", key: "events", filters: [] },
    { name: "People active", key: "people", filters: [PEOPLE] },
    { name: "Failed sign-ins", key: "failed", filters: [expression(FAILED_SIGN_INS)] },
    { name: "Privileged changes", key: "privileged", filters: [expression(PRIVILEGED)] },
  ];
  return (
    <ul className="figures" data-stale={stale}>
      {figures.map(({ name, key, filters }) => (
        <li key={key}>
          <button
            type="button"
            className="figure"
            title="See these events"
            onClick={() => go({ ...onScreen(address, "events"), filters: [...address.filters, ...filters] })}
          >
            <span className="soft">{name}</span>
            <strong>{now ? count(shown[key]) : "…"}</strong>
            <span className="faint">
              {now && before ? `${change(shown[key], past[key]).text} · ${count(past[key])} the period before` : " "}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function TopList({
  field,
  found,
  say,
}: {
  field: string;
  found: Bucket[];
  say: ((value: string) => string) | undefined;
}) {
  const mark = useMark();
  const most = Math.max(1, ...found.map(bucket => bucket.doc_count));
  if (found.length === 0) return <p className="faint">Not in these events</p>;
  return (
    <ol className="top-list">
      {found.map(bucket => {
        const value = String(bucket.key);
        return (
          <li key={value} className="facet-value">
            <button type="button" className="facet-main" title={`${value}. ${MARK_HINT}`} onClick={mark(field, value)}>
              <span className="facet-bar" style={{ width: `${(bucket.doc_count / most) * 100}%` }} />
              <span className="facet-label">{say?.(value) ?? value}</span>
              <span className="facet-count">{count(bucket.doc_count)}</span>
            </button>
          </li>
        );
      })}
    </ol>
  );
}

function Privileged() {
  const app = useApp();
  const { go, address, zone } = app;
  const asked = {
    ...question(app, app.span, [expression(PRIVILEGED)]),
    sort: [{ "@timestamp": "desc" as const }],
    size: 15,
  };
  const { data, error, stale } = useQuery(JSON.stringify(asked), signal => api.search(asked, signal));
  const all = () => go({ ...onScreen(address, "events"), filters: [...address.filters, expression(PRIVILEGED)] });
  return (
    <Panel
      title="Privileged changes"
      note="access, keys, data and settings"
      stale={stale}
      aside={
        data &&
        data.total > data.hits.length && (
          <button type="button" className="link" onClick={all}>
            All {count(data.total)} →
          </button>
        )
      }
    >
      {!data && !error && <Skeleton rows={8} />}
      {data?.total === 0 && <Nothing title="None in this range" />}
      <ol className="changes">
        {data?.hits.map(({ id, document }) => {
          const { who, what } = sentence(document);
          const time = timeOf(document);
          return (
            <li key={id}>
              <time dateTime={iso(time)} title={iso(time)} className="faint">
                {moment(time, zone, Date.now(), false)}
              </time>
              <button
                type="button"
                className="change-sentence"
                onClick={() => go({ ...onScreen(address, "events"), event: id })}
              >
                {who && <b>{shorten(who.split("@")[0] ?? who, 36)}</b>} {what}
              </button>
              <span className="faint change-place">{place(document)}</span>
              <ActionMark
                action={first(document, "event.action")}
                category={first(document, "event.category") || "other"}
              />
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}
