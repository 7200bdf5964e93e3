// When: the hours of the week in which these events happened. Hours that are chosen already are marked, and the others stay in sight, so
// that one can be added to another.
import * as agg from "../../lib/aggregations.ts";
import { api } from "../../lib/api.ts";
import { question, useApp } from "../../lib/app.ts";
import { isWeekly } from "../../lib/hours.ts";
import { zoneId } from "../../lib/time.ts";
import { useQuery } from "../../lib/use-query.ts";
import { HOURS_OF, Hours } from "../../parts/hours.tsx";
import { Panel, Skeleton } from "../../parts/states.tsx";

export function When() {
  const app = useApp();
  const filters = app.address.filters.filter(({ field, values }) => field !== HOURS_OF || !values.every(isWeekly));
  const chosen = filters.length < app.address.filters.length;
  const all = { ...app, address: { ...app.address, filters } };
  const asked = { ...question(all), size: 0, aggs: { hours: agg.overTime("1h", zoneId(app.zone)) } };
  const { data, error, stale } = useQuery(JSON.stringify(asked), signal => api.search(asked, signal));
  const counts = agg.buckets(data?.aggregations, "hours").map(bucket => ({
    time: agg.bucketTime(bucket),
    count: bucket.doc_count,
  }));
  const zone = app.zone === "utc" ? "hours of the week, UTC" : "hours of the week, your time";
  return (
    <Panel title="When" note={chosen ? `${zone}; those that are not chosen too` : zone} stale={stale}>
      {!data && !error && <Skeleton rows={7} />}
      {data && <Hours counts={counts} />}
    </Panel>
  );
}
