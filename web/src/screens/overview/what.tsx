// What: groups of actions, each opened to its actions; both are filters.
import { useState } from "react";
import * as agg from "../../lib/aggregations.ts";
import { MARK_HINT, useMark } from "../../lib/app.ts";
import { capital, count, words } from "../../lib/format.ts";
import type { Aggregations, SearchAnswer } from "../../lib/types.ts";
import { Icon } from "../../parts/icons.tsx";
import { Panel, Skeleton } from "../../parts/states.tsx";
import { TopList } from "../../parts/top-list.tsx";

const GROUP = "anthropic.audit.group";

export const WHAT: Aggregations = { groups: agg.terms(GROUP, 9, { actions: agg.terms("event.action", 8) }) };

export function What({ answer, stale }: { answer: SearchAnswer | undefined; stale: boolean }) {
  const mark = useMark();
  const [open, setOpen] = useState("");
  const groups = agg.buckets(answer?.aggregations, "groups");
  const most = Math.max(1, ...groups.map(group => group.doc_count));
  return (
    <Panel title="What" stale={stale}>
      {!answer && <Skeleton rows={8} />}
      {answer && groups.length === 0 && <p className="faint">Nothing in this range</p>}
      <ul className="top-list">
        {groups.map(group => {
          const name = String(group.key);
          const label = capital(words(name));
          return (
            <li key={name}>
              <div className="facet-value">
                <button
                  type="button"
                  className="tree-open"
                  aria-expanded={open === name}
                  aria-label={`Actions of ${label}`}
                  onClick={() => setOpen(open === name ? "" : name)}
                >
                  <Icon name={open === name ? "down" : "right"} size={11} />
                </button>
                <button
                  type="button"
                  className="facet-main"
                  title={`${name}. ${MARK_HINT}`}
                  onClick={mark(GROUP, name)}
                >
                  <span className="facet-bar" style={{ width: `${(group.doc_count / most) * 100}%` }} />
                  <span className="facet-label">{label}</span>
                  <span className="facet-count">{count(group.doc_count)}</span>
                </button>
              </div>
              {open === name && (
                <div className="tree-inner">
                  <TopList field="event.action" found={agg.buckets(group, "actions")} say={words} />
                </div>
              )}
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
