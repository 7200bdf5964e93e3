// Requests for aggregations and readers of their answers. A reader of a missing or strange answer gives nothing, not an error.
import type { AggregationAnswers, Aggregations, Bucket } from "./types.ts";

type Request = Aggregations[string];

export function terms(field: string, size: number, aggs?: Aggregations): Request {
  return { terms: { field, size }, ...(aggs ? { aggs } : {}) };
}

export function overTime(interval: string, zone: string, aggs?: Aggregations): Request {
  const date_histogram = { field: "@timestamp", fixed_interval: interval, time_zone: zone, min_doc_count: 1 };
  return { date_histogram, ...(aggs ? { aggs } : {}) };
}

export function cardinality(field: string): Request {
  return { cardinality: { field } };
}

export function matching(query: string, aggs?: Aggregations): Request {
  return { filter: { query_string: { query } }, ...(aggs ? { aggs } : {}) };
}

export function buckets(answer: AggregationAnswers | Bucket | undefined, name: string): Bucket[] {
  const found = (answer?.[name] as { buckets?: unknown } | undefined)?.buckets;
  return Array.isArray(found) ? (found as Bucket[]) : [];
}

/** Counts of a `filters` aggregation, by the names of the filters. */
export function namedCounts(answer: AggregationAnswers | undefined, name: string): Record<string, number> {
  const found = (answer?.[name] as { buckets?: unknown } | undefined)?.buckets;
  if (typeof found !== "object" || found === null || Array.isArray(found)) return {};
  return Object.fromEntries(Object.entries(found).map(([key, bucket]) => [key, (bucket as Bucket).doc_count ?? 0]));
}

export function value(answer: AggregationAnswers | Bucket | undefined, name: string): number {
  const found = (answer?.[name] as { value?: unknown } | undefined)?.value;
  return typeof found === "number" ? found : 0;
}

export function docCount(answer: AggregationAnswers | Bucket | undefined, name: string): number {
  const found = (answer?.[name] as { doc_count?: unknown } | undefined)?.doc_count;
  return typeof found === "number" ? found : 0;
}

export function bucketTime(bucket: Bucket): number {
  return typeof bucket.key === "number" ? bucket.key : Date.parse(bucket.key_as_string ?? bucket.key);
}
