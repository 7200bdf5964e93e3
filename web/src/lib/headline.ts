// The headline of a question: how many events, over time, by category; and the same for the period before.
import * as agg from "./aggregations.ts";
import { api } from "./api.ts";
import { type App, question, rangeBefore } from "./app.ts";
import { CATEGORIES, type Category, categoryOf } from "./categories.ts";
import { filter, filterQuery } from "./query-text.ts";
import { bucketWidth, type Span, zoneId } from "./time.ts";
import type { SearchAnswer } from "./types.ts";
import { type Query, useQuery } from "./use-query.ts";

/** What the feed tells of ClaudeTrail's own reading of it. */
export const OWN_REQUESTS = filter("tags", "claudetrail_own_request");

export interface Headline {
  now: Query<SearchAnswer>;
  before: Query<SearchAnswer>;
  width: number;
  span: Span;
}

export function useHeadline(app: App): Headline {
  const most = innerWidth < 600 ? 40 : 96;
  const { width, interval } = bucketWidth(app.span, most);
  const byCategory = { category: agg.terms("event.category", 10) };
  const own = agg.matching(filterQuery(OWN_REQUESTS));
  const aggs = { over_time: agg.overTime(interval, zoneId(app.zone), byCategory), ...byCategory, own };
  const asked = question(app);
  const now = useQuery(JSON.stringify([asked, interval]), signal => api.search({ ...asked, size: 0, aggs }, signal));
  const past = question(app, rangeBefore(app));
  const before = useQuery(app.address.compare ? JSON.stringify([past, interval]) : undefined, signal =>
    api.search({ ...past, size: 0, aggs: { over_time: agg.overTime(interval, zoneId(app.zone)) } }, signal),
  );
  return { now, before, width, span: app.span };
}

export interface Series {
  /** Start of each bucket, milliseconds. */
  times: number[];
  totals: number[];
  /** Events by category; an event of two categories counts in both. */
  categories: Map<Category, number[]>;
}

/** Every bucket of the range, the empty ones too. */
export function series(answer: SearchAnswer | undefined, span: Span, width: number): Series {
  const found = agg.buckets(answer?.aggregations, "over_time");
  const start = found[0] ? agg.bucketTime(found[0]) % width : 0;
  const from = Math.floor((span.from - start) / width) * width + start;
  const times: number[] = [];
  for (let time = from; time < span.to; time += width) times.push(time);
  const totals = times.map(() => 0);
  const categories = new Map<Category, number[]>();
  for (const bucket of found) {
    const index = Math.round((agg.bucketTime(bucket) - from) / width);
    if (index < 0 || index >= times.length) continue;
    totals[index] = bucket.doc_count;
    for (const inner of agg.buckets(bucket, "category")) {
      const name = categoryOf(String(inner.key));
      const counts = categories.get(name) ?? times.map(() => 0);
      counts[index] = (counts[index] ?? 0) + inner.doc_count;
      categories.set(name, counts);
    }
  }
  return {
    times,
    totals,
    categories: new Map(CATEGORIES.flatMap(name => (categories.has(name) ? [[name, categories.get(name) ?? []]] : []))),
  };
}

/** Heights that stack up to the totals: an event in two categories is half in each. */
export function stacked({ totals, categories }: Series): [Category, number[]][] {
  const names = [...categories.keys()];
  const sums = totals.map((_, index) => names.reduce((sum, name) => sum + (categories.get(name)?.[index] ?? 0), 0));
  const below = totals.map(() => 0);
  return names.map(name => {
    const counts = categories.get(name) ?? [];
    const tops = totals.map((total, index) => {
      const sum = sums[index] ?? 0;
      below[index] = (below[index] ?? 0) + (sum > 0 ? ((counts[index] ?? 0) * total) / sum : 0);
      return below[index] ?? 0;
    });
    return [name, tops];
  });
}
