// Sign-ins: how many came in and how many did not, and by which way.
import { onScreen } from "../../lib/address.ts";
import * as agg from "../../lib/aggregations.ts";
import { useApp } from "../../lib/app.ts";
import { capital, count, percent, words } from "../../lib/format.ts";
import { expression, filter } from "../../lib/query-text.ts";
import type { Aggregations, Bucket, SearchAnswer } from "../../lib/types.ts";
import { Panel, Skeleton } from "../../parts/states.tsx";

const SIGNING_IN = "event.category:authentication and event.type:start";

export const SIGN_INS: Aggregations = {
  sign_ins: agg.matching(SIGNING_IN, {
    actions: agg.terms("event.action", 40, { outcomes: agg.terms("event.outcome", 3) }),
  }),
};

interface Way {
  name: string;
  actions: string[];
  success: number;
  failure: number;
}

/** "sso_login_succeeded" and "sso_login_failed" are two ends of one way: "SSO login". */
function wayOf(action: string): string {
  const way = action.replace(/_(succeeded|failed|attempted|initiated)$/, "");
  return capital(words(way)).replace(/^Sso\b/, "SSO");
}

function ways(answer: SearchAnswer): Way[] {
  const found = new Map<string, Way>();
  for (const bucket of agg.buckets(answer.aggregations?.sign_ins as Bucket | undefined, "actions")) {
    const name = wayOf(String(bucket.key));
    const way = found.get(name) ?? { name, actions: [], success: 0, failure: 0 };
    way.actions.push(String(bucket.key));
    for (const outcome of agg.buckets(bucket, "outcomes")) {
      if (outcome.key === "failure") way.failure += outcome.doc_count;
      else if (outcome.key === "success") way.success += outcome.doc_count;
    }
    found.set(name, way);
  }
  return [...found.values()].sort((a, b) => b.success + b.failure - a.success - a.failure).slice(0, 8);
}

export function SignIns({ answer, stale }: { answer: SearchAnswer | undefined; stale: boolean }) {
  const { address, go } = useApp();
  if (!answer) {
    return (
      <Panel title="Sign-ins">
        <Skeleton rows={6} />
      </Panel>
    );
  }
  const found = ways(answer);
  const most = Math.max(1, ...found.map(way => way.success + way.failure));
  const failed = found.reduce((sum, way) => sum + way.failure, 0);
  const all = found.reduce((sum, way) => sum + way.success + way.failure, 0);
  const show = (way: Way, failure: boolean) =>
    go({
      ...onScreen(address, "events"),
      filters: [
        ...address.filters,
        { ...filter("event.action", ""), values: way.actions },
        ...(failure ? [filter("event.outcome", "failure")] : []),
      ],
    });
  return (
    <Panel
      title="Sign-ins"
      note={all > 0 ? `${percent(failed, all)} failed` : undefined}
      stale={stale}
      aside={
        <button
          type="button"
          className="link"
          onClick={() => go({ ...onScreen(address, "events"), filters: [...address.filters, expression(SIGNING_IN)] })}
        >
          All {count(all)} →
        </button>
      }
    >
      {all === 0 && <p className="faint">Nobody signed in</p>}
      <ul className="ways">
        {found.map(way => (
          <li key={way.name}>
            <button type="button" className="way" title="See these events" onClick={() => show(way, false)}>
              <span className="way-name">{way.name}</span>
              <span className="way-bar" aria-hidden="true">
                <i className="way-success" style={{ width: `${(way.success / most) * 100}%` }} />
                <i className="way-failure" style={{ width: `${(way.failure / most) * 100}%` }} />
              </span>
              <span className="way-count">{count(way.success)}</span>
            </button>
            <button
              type="button"
              className="way-failed"
              disabled={way.failure === 0}
              title="See those that failed"
              onClick={() => show(way, true)}
            >
              {way.failure > 0 ? `${count(way.failure)} failed` : "none failed"}
            </button>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
