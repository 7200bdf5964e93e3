// When: the hours of the week in which these events happened.
import * as agg from "../../lib/aggregations.ts";
import { api } from "../../lib/api.ts";
import { question, useApp } from "../../lib/app.ts";
import { zoneId } from "../../lib/time.ts";
import { useQuery } from "../../lib/use-query.ts";
import { Hours } from "../../parts/hours.tsx";
import { Panel, Skeleton } from "../../parts/states.tsx";

export function When() {
  const app = useApp();
  const asked = { ...question(app), size: 0, aggs: { hours: agg.overTime("1h", zoneId(app.zone)) } };
  const { data, error, stale } = useQuery(JSON.stringify(asked), signal => api.search(asked, signal));
  const counts = agg.buckets(data?.aggregations, "hours").map(bucket => ({
    time: agg.bucketTime(bucket),
    count: bucket.doc_count,
  }));
  return (
    <Panel
      title="When"
      note={app.zone === "utc" ? "hours of the week, UTC" : "hours of the week, your time"}
      stale={stale}
    >
      {!data && !error && <Skeleton rows={7} />}
      {data && <Hours counts={counts} zone={app.zone} />}
    </Panel>
  );
}
