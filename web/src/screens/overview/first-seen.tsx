// Worth a look: what the trail had never held before this range began. New is not bad, but what is bad is often new.
import { onScreen } from "../../lib/address.ts";
import { api } from "../../lib/api.ts";
import { questionText, useApp } from "../../lib/app.ts";
import { countryName, shorten } from "../../lib/document.ts";
import { plural } from "../../lib/format.ts";
import { filter } from "../../lib/query-text.ts";
import { momentOf } from "../../lib/time.ts";
import { useQuery } from "../../lib/use-query.ts";
import { Panel, Problem, Skeleton } from "../../parts/states.tsx";

const KINDS: Record<string, string> = {
  country: "New country",
  network: "New network",
  agent: "New agent",
  key: "New key",
  mcp_server: "New MCP server",
  actor: "New actor",
  address: "New address",
};

/** So many are shown; what is rarer as a kind comes first. */
const SHOWN = 10;

export function FirstSeen() {
  const app = useApp();
  const { address, go, zone } = app;
  const asked = questionText(app, undefined, "");
  const { data, error, stale, reload } = useQuery(`first seen ${JSON.stringify(asked)}`, signal =>
    api.firstSeen(asked, signal),
  );
  const number = (kind: string) => data?.items.filter(item => item.kind === kind).length ?? 0;
  const items = (data?.items ?? []).toSorted((a, b) => number(a.kind) - number(b.kind)).slice(0, SHOWN);
  return (
    <Panel title="Worth a look" note="first seen in this range" stale={stale}>
      {error && <Problem error={error} retry={reload} />}
      {!data && !error && <Skeleton rows={6} />}
      {data && items.length === 0 && (
        <p className="soft">{data.reason ?? "Nothing that had not been here before this range began."}</p>
      )}
      <ol className="first-seen">
        {items.map(item => (
          <li key={`${item.kind} ${item.value}`}>
            <span className="first-kind">{KINDS[item.kind] ?? item.kind}</span>
            <button
              type="button"
              className="link first-label"
              title={`${plural(item.count, "event")}: ${item.field}: ${item.value}`}
              onClick={() =>
                go({ ...onScreen(address, "events"), query: "", filters: [filter(item.field, item.value)] })
              }
            >
              {item.kind === "country" ? countryName(item.value) : shorten(item.label, 40)}
            </button>
            <button
              type="button"
              className="change-sentence soft"
              onClick={() => go({ ...onScreen(address, "events"), query: "", filters: [], event: item.event_id })}
            >
              {item.sentence}
            </button>
            <time className="faint" dateTime={item.first_seen ?? ""}>
              {momentOf(item.first_seen, zone)}
            </time>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
