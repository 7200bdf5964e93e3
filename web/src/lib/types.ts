// The shapes of the console's HTTP API (docs/reference/openapi.json), as far as the screens use them.

/** An ECS document, nested as it is stored. */
export type Document = { [field: string]: unknown };

export interface Hit {
  id: string;
  sequence: number;
  document: Document;
  sort?: unknown[];
}

export interface Session {
  user: string;
  role: "viewer" | "admin";
  csrf_token: string;
  expires_at: string;
  version: string;
  demo: boolean;
  backend: "embedded" | "elasticsearch" | "opensearch";
  feeds: string[];
}

/** What the sign-in page offers. */
export interface SignInWays {
  link: boolean;
  password: boolean;
  oidc: boolean;
}

export interface SearchRequest {
  query: string;
  filters: { query: string; negate: boolean; enabled: boolean }[];
  from: string;
  to: string;
  time_zone?: string;
  sort?: Record<string, "asc" | "desc">[];
  size: number;
  search_after?: unknown[];
  fields?: string[];
  aggs?: Aggregations;
}

/** Requests for aggregations, in Elasticsearch's JSON. */
export type Aggregations = { [name: string]: { [kind: string]: unknown; aggs?: Aggregations } };

export interface Bucket {
  key: string | number;
  key_as_string?: string;
  doc_count: number;
  [sub: string]: unknown;
}

/** Answers to aggregations, in Elasticsearch's JSON. Read them with the functions of aggregations.ts. */
export type AggregationAnswers = { [name: string]: unknown };

export interface SearchAnswer {
  took_ms: number;
  total: number;
  range: { from: string; to: string };
  hits: Hit[];
  aggregations?: AggregationAnswers;
}

export interface Field {
  name: string;
  type: string;
  meaning?: string | null;
  example?: string | null;
}

export interface FieldValue {
  value: string | number | boolean;
  count: number;
}

export interface Provenance {
  feed: string;
  sequence: number;
  first_seen: string;
  lag_seconds: number | null;
  late: boolean;
  activity_sha256: string;
  page: {
    number: number;
    url: string;
    request_id: string | null;
    requested_at: string;
    responded_at: string;
    body_bytes: number;
    body_sha256: string;
    chain_head: string;
  } | null;
}

export interface EventAnswer {
  document: Document;
  raw: string | null;
  provenance: Provenance | null;
}

export type CoverageState = "complete" | "unsettled" | "gap" | "outside";

export interface CoverageInterval {
  gte: string;
  lt: string;
  state: CoverageState;
  reason?: string | null;
}

export interface CoverageAnswer {
  feeds: { name: string; intervals: CoverageInterval[] }[];
}

export interface LastError {
  kind: string;
  message: string;
  hint: string | null;
  request_id?: string | null;
  at?: string | null;
}

/** `status --json`, as far as the Trail screen shows it. */
export interface Trail {
  feeds: TrailFeed[];
  sinks: { name: string; cursor: number; behind: number; dead_letters: number; last_error: LastError | null }[];
  ledger: { sequence: number; chain_head: string; bytes: number };
  /** Absent where the program has no search index of its own. */
  search?: { backend: string; documents: number | null; sequence: number | null; error: string | null } | null;
}

export interface TrailFeed {
  name: string;
  activities: number;
  coverage: { gte: string; lt: string }[];
  gaps: { gte: string; lt: string; reason: string }[];
  late_arrivals: number;
  lag_seconds: { p50: number | null; p99: number | null };
  last_poll: string | null;
  last_error: LastError | null;
  budget?: { ours_per_minute: number; others_per_minute: number; limit_per_minute: number } | null;
}

export interface SavedSearch {
  id: number;
  name: string;
  state: string;
  owner: string;
  created_at: string;
}
