// Privileged changes: a lane for each kind over time, and the newest as sentences.
import { onScreen } from "../../lib/address.ts";
import * as agg from "../../lib/aggregations.ts";
import { api } from "../../lib/api.ts";
import { question, thisRange, useApp } from "../../lib/app.ts";
import { PRIVILEGED } from "../../lib/categories.ts";
import { first, place, sentence, shorten, timeOf } from "../../lib/document.ts";
import { count, plural } from "../../lib/format.ts";
import { expression } from "../../lib/query-text.ts";
import { around, bucketWidth, iso, moment, zoneId } from "../../lib/time.ts";
import type { Aggregations } from "../../lib/types.ts";
import { useQuery } from "../../lib/use-query.ts";
import { Nothing, Panel, Skeleton } from "../../parts/states.tsx";
import { ActionMark } from "../events/table.tsx";

/** Kinds of change that a person who asks "what happened?" has in mind. One change may be of several. */
const LANES: { name: string; query: string }[] = [
  { name: "Keys", query: "anthropic.audit.group:api_keys" },
  { name: "Roles and members", query: "anthropic.audit.group:access_control" },
  {
    name: "Sign-in and SSO",
    query: "event.action:(org_sso* or *magic_link* or *domain* or trusted_device* or step_up*)",
  },
  { name: "Settings", query: "anthropic.audit.group:organization and event.category:configuration" },
  { name: "Connectors", query: "anthropic.audit.group:mcp_and_integrations" },
  { name: "Sharing", query: "event.action:(*sharing* or *published or *share_created)" },
  { name: "Exports", query: "event.action:*export*" },
];

const laneQuery = (query: string) => `${PRIVILEGED} and ${query}`;

function Lanes() {
  const app = useApp();
  const { address, go, span, zone } = app;
  const { width, interval } = bucketWidth(span, 96);
  const aggs: Aggregations = Object.fromEntries(
    LANES.map(({ name, query }) => [
      name,
      agg.matching(laneQuery(query), { over_time: agg.overTime(interval, zoneId(zone)) }),
    ]),
  );
  const asked = { ...question(app), size: 0, aggs };
  const { data, error, stale } = useQuery(JSON.stringify(asked), signal => api.search(asked, signal));
  if (!data) return error ? null : <Skeleton rows={7} height={16} />;
  const show = (query: string, from?: number) =>
    go({
      ...onScreen(address, "events"),
      filters: [...address.filters, expression(laneQuery(query))],
      ...(from === undefined ? {} : { range: around({ from, to: from + width }) }),
    });
  const whole = span.to - span.from;
  return (
    <ul className="lanes" data-stale={stale}>
      {LANES.map(({ name, query }) => {
        const lane = data.aggregations?.[name] as Parameters<typeof agg.buckets>[0];
        const found = agg.buckets(lane, "over_time");
        const most = Math.max(1, ...found.map(bucket => bucket.doc_count));
        return (
          <li key={name}>
            <button type="button" className="lane-name" title="See these events" onClick={() => show(query)}>
              <span>{name}</span>
              <span className="faint">{count(agg.docCount(data.aggregations, name))}</span>
            </button>
            <div className="lane" aria-hidden="true">
              {found.map(bucket => {
                const time = agg.bucketTime(bucket);
                return (
                  // biome-ignore lint/a11y/noStaticElementInteractions: the lane's name does the same with the keyboard
                  // biome-ignore lint/a11y/useKeyWithClickEvents: the lane's name does the same with the keyboard
                  <i
                    key={time}
                    title={`${moment(time, zone, span.to, false)}: ${plural(bucket.doc_count, "change")}`}
                    style={{
                      left: `${(Math.max(0, time - span.from) / whole) * 100}%`,
                      width: `max(${(width / whole) * 100}% - 1px, 3px)`,
                      opacity: 0.35 + 0.65 * (bucket.doc_count / most),
                    }}
                    onClick={() => show(query, time)}
                  />
                );
              })}
            </div>
          </li>
        );
      })}
    </ul>
  );
}

export function Privileged() {
  const app = useApp();
  const { go, address, zone } = app;
  const asked = {
    ...question(app, thisRange(app), [expression(PRIVILEGED)]),
    sort: [{ "@timestamp": "desc" as const }],
    size: 12,
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
      {data?.total !== 0 && <Lanes />}
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
