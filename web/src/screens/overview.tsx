// Overview: "What is going on, and is any of it odd?" Figures, what is new, who, what, from where, when, with what, and what was
// changed that matters.
import * as agg from "../lib/aggregations.ts";
import { api } from "../lib/api.ts";
import { question, rangeBefore, useApp } from "../lib/app.ts";
import type { Aggregations, SearchAnswer } from "../lib/types.ts";
import { useQuery } from "../lib/use-query.ts";
import { Panel, Problem, Skeleton } from "../parts/states.tsx";
import { TopList } from "../parts/top-list.tsx";
import { FIGURES, Figures } from "./overview/figures.tsx";
import { FirstSeen } from "./overview/first-seen.tsx";
import { Privileged } from "./overview/privileged.tsx";
import { SIGN_INS, SignIns } from "./overview/sign-ins.tsx";
import { Stories } from "./overview/stories.tsx";
import { WHAT, What } from "./overview/what.tsx";
import { When } from "./overview/when.tsx";
import { WHERE, Where } from "./overview/where.tsx";
import { Who } from "./overview/who.tsx";

const AGENTS: Aggregations = {
  agents: agg.terms("user_agent.name", 7),
  systems: agg.terms("user_agent.os.name", 5),
};

export function OverviewScreen() {
  const app = useApp();
  // The figures first: what else there is to count comes in answers of its own, so that nothing waits for the slowest.
  const asked = { ...question(app), size: 0, aggs: FIGURES };
  const now = useQuery(JSON.stringify(asked), signal => api.search(asked, signal));
  const past = { ...question(app, rangeBefore(app)), size: 0, aggs: FIGURES };
  const before = useQuery(JSON.stringify(past), signal => api.search(past, signal));
  const listed = { ...question(app), size: 0, aggs: { ...SIGN_INS, ...WHAT, ...WHERE, ...AGENTS } };
  const lists = useQuery(JSON.stringify(listed), signal => api.search(listed, signal));
  return (
    <div className="overview">
      <h1 className="visually-hidden">Overview</h1>
      {now.error && now.error.column === undefined && <Problem error={now.error} retry={now.reload} />}
      <Stories />
      <Figures now={now.data} before={before.data} stale={now.stale} />
      <div className="overview-pair">
        <FirstSeen />
        <SignIns answer={lists.data} stale={lists.stale} />
      </div>
      <Privileged />
      <div className="overview-lists">
        <Who total={now.data?.total ?? 0} />
        <What answer={lists.data} stale={lists.stale} />
        <Agents answer={lists.data} stale={lists.stale} />
      </div>
      <Where answer={lists.data} stale={lists.stale} />
      <When />
    </div>
  );
}

function Agents({ answer, stale }: { answer: SearchAnswer | undefined; stale: boolean }) {
  if (!answer) {
    return (
      <Panel title="With what">
        <Skeleton rows={8} />
      </Panel>
    );
  }
  const agents = agg.buckets(answer.aggregations, "agents");
  const systems = agg.buckets(answer.aggregations, "systems");
  return (
    <Panel title="With what" stale={stale}>
      <TopList field="user_agent.name" found={agents} none="No agent is named in these events" />
      {systems.length > 0 && (
        <>
          <h3 className="panel-part">Systems</h3>
          <TopList field="user_agent.os.name" found={systems} />
        </>
      )}
    </Panel>
  );
}
