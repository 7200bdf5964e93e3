// Alerts and Rules: their places. This version has no rules, and says so; what it offers instead are searches, with their true counts.
import { onScreen } from "../lib/address.ts";
import * as agg from "../lib/aggregations.ts";
import { api } from "../lib/api.ts";
import { question, useApp } from "../lib/app.ts";
import { count } from "../lib/format.ts";
import { expression } from "../lib/query-text.ts";
import { useQuery } from "../lib/use-query.ts";
import { Nothing, Panel, Problem } from "../parts/states.tsx";
import { TimePicker } from "../parts/time-picker.tsx";

/** What a person on watch would look at first. */
const WATCHED: { title: string; query: string }[] = [
  { title: "An admin key was made or changed", query: "event.action:admin_api_key_*" },
  { title: "Single sign-on was switched", query: "event.action:org_sso_*" },
  { title: "The recording of activities was changed", query: "event.action:org_compliance_api_settings_updated" },
  { title: "Sign-ins that failed", query: "event.category:authentication and event.outcome:failure" },
  { title: "Data of the organization was exported", query: "event.action:*export*" },
  { title: "Something was shared or published", query: "event.action:(*sharing_updated or *published)" },
  { title: "A connector was added, or its limits loosened", query: "event.action:(mcp_* or org_cowork_mcp*)" },
  { title: "Changes that weaken a control or destroy", query: "event.severity >= 73" },
];

export function AlertsScreen() {
  const app = useApp();
  const { address, go } = app;
  const aggs = Object.fromEntries(WATCHED.map(({ query }, index) => [`watched_${index}`, agg.matching(query)]));
  const asked = { ...question(app), query: "", filters: [], size: 0, aggs };
  const { data, error, reload, stale } = useQuery(JSON.stringify(asked), signal => api.search(asked, signal));
  return (
    <div className="page">
      <h1>What needs a person?</h1>
      <Nothing title="No alerts: nothing in this version raises them">
        Rules that watch the trail and raise alerts come with a later version. Nothing is being watched for you now; the
        searches below are what a person on watch would look at first.
      </Nothing>
      {error && <Problem error={error} retry={reload} />}
      <Panel title="Searches to start from" aside={<TimePicker signal={0} />} stale={stale}>
        <ul className="watched" aria-busy={!data && !error}>
          {WATCHED.map(({ title, query }, index) => {
            const found = data && agg.docCount(data.aggregations, `watched_${index}`);
            return (
              <li key={query}>
                <button
                  type="button"
                  className="watched-title"
                  onClick={() => go({ ...onScreen(address, "events"), query: "", filters: [expression(query)] })}
                >
                  {title}
                </button>
                <code className="faint">{query}</code>
                <strong data-none={found === 0}>{found === undefined ? "…" : count(found)}</strong>
              </li>
            );
          })}
        </ul>
      </Panel>
    </div>
  );
}

export function RulesScreen() {
  const { address, go } = useApp();
  const saved = useQuery("saved", signal => api.savedSearches(signal));
  return (
    <div className="page">
      <h1>What is watched?</h1>
      <Nothing title="No rules: this version has none">
        Rules come with a later version: each with its severity, its history and a test against your own trail. Until
        then a saved search is the nearest thing. It watches nothing by itself; a person has to open it.
      </Nothing>
      <Panel title="Saved searches" note="made on the Events screen, seen by everybody here">
        {saved.error && <Problem error={saved.error} retry={saved.reload} />}
        {saved.data?.length === 0 && (
          <p className="soft">
            None yet.{" "}
            <button type="button" className="link" onClick={() => go(onScreen(address, "events"))}>
              Ask something on the Events screen, and save it there →
            </button>
          </p>
        )}
        <ul className="watched">
          {saved.data?.map(search => (
            <li key={search.id}>
              <a href={search.state}>{search.name}</a>
              <span className="faint">{search.owner}</span>
            </li>
          ))}
        </ul>
      </Panel>
    </div>
  );
}
