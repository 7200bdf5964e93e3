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
  /** What this person may do beside looking: `dead_letters`, `verify`, `attestation`. */
  actions?: string[];
}

/** What the sign-in page offers. */
export interface SignInWays {
  link: boolean;
  password: boolean;
  oidc: boolean;
}

/** What is asked about events in a range, as one text. */
export type Range = { query: string; from: string; to: string; now: string; time_zone: string };

export interface SearchRequest {
  query: string;
  filters: { query: string; negate: boolean; enabled: boolean }[];
  from: string;
  to: string;
  /** What relative times are relative to. */
  now: string;
  time_zone: string;
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
  /** The window that was asked for and drained when this came. */
  first_drained: { gte: string; lt: string } | null;
  activity_sha256: string;
  page: {
    number: number;
    url: string;
    request_id: string | null;
    requested_at: string;
    responded_at: string;
    body_bytes: number;
    body_sha256: string;
    inserted: number;
    duplicates: number;
    late: number;
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
  sinks: Sink[];
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
  budget?: {
    ours_per_minute: number;
    others_per_minute: number;
    limit_per_minute: number;
    share: number;
    paused_seconds: number;
  } | null;
  /** Why nothing comes, when nothing comes. */
  diagnosis?: { cause: string; since: string | null; evidence: string; hint: string } | null;
  /** Our own requests, seen again in the feed. */
  canary?: { lag_seconds: { p50: number | null; p99: number | null }; last_seen: string | null; rows: number } | null;
  backfills?: { gte: string; lt: string; requested_at: string; finished_at: string | null; share: number }[];
  overlap_seconds?: number;
  transparency?: TransparencyLog[];
}

/** What is known of the vendor's signed log of access by its people to an organization. */
export interface TransparencyLog {
  origin: string;
  organization_uuid: string;
  /** Since when the log was seen only to grow. */
  watched_since: string | null;
  rows: { proven: number; waiting: number; without_leaf: number; broken: number };
  /** Of a parent organization that the feed's key is no longer one of. */
  former: boolean;
  breaks: {
    number: number;
    kind: string;
    detail: string;
    found_at: string;
    /** Somebody looked into it, and this came of it. */
    acknowledged: { by: string; at: string; reason: string } | null;
  }[];
}

export interface Sink {
  name: string;
  cursor: number;
  behind: number;
  dead_letters: number;
  last_error: LastError | null;
  settled_at?: string | null;
}

/** The figures of the trail that are counted only when somebody looks. */
export interface TrailFigures {
  feeds: {
    name: string;
    lag: {
      count: number;
      p50: number | null;
      p90: number | null;
      p99: number | null;
      max: number | null;
      buckets: { from_seconds: number; to_seconds: number | null; count: number }[];
    };
    late_arrivals: {
      id: string | null;
      sequence: number;
      created_at: string;
      first_seen: string;
      lag_seconds: number;
      sentence: string | null;
    }[];
    reconciliation: {
      after_seconds: number;
      due_until: string | null;
      done_until: string | null;
      behind_seconds: number | null;
    }[];
    key: { source: string } | null;
  }[];
  last_verify: Verification | null;
}

export interface Verification {
  at: string;
  by: string;
  ok: boolean;
  message: string;
  activities: number;
  links: number;
  head: string;
}

export interface DeadLetter {
  sink: string;
  sequence: number;
  event_id: string | null;
  sentence: string | null;
  reason: string;
  refused_at: string;
  attempts: number;
}

export interface DeadLetters {
  dead_letters: DeadLetter[];
  next: number | null;
}

export interface Attestation {
  name: string;
  document: unknown;
  report: string;
}

/** One of those who act, over a range. */
export interface ActorRow {
  id: string;
  name: string;
  type: string | null;
  events: number;
  failures: number;
  privileged: number;
  countries: string[];
  agents: string[];
  first_seen: string | null;
  last_seen: string | null;
  spark: number[];
}

export interface Actors {
  took_ms: number;
  total: number;
  complete: boolean;
  actors: ActorRow[];
}

interface Seen {
  count: number;
  first_seen: string | null;
  last_seen: string | null;
}

export interface Actor {
  id: string;
  name: string;
  type: string | null;
  email: string | null;
  events: number;
  failures: number;
  privileged: number;
  first_seen: string | null;
  last_seen: string | null;
  ever: { events: number; first_seen: string | null; last_seen: string | null };
  calendar: { day: string; count: number; failures: number; privileged: number }[];
  places: ({ country: string; city: string | null; addresses: number } & Seen)[];
  networks: ({ name: string } & Seen)[];
  agents: ({ name: string; os: string | null } & Seen)[];
  actions: { action: string; category: string | null; count: number }[];
  keys: {
    id: string;
    name: string | null;
    created_at: string | null;
    event_id: string;
    action: string | null;
    /** A key may act under another id than it was made with. */
    uses: { actor_id: string; events: number; first_seen: string | null; last_seen: string | null } | null;
  }[];
  access_changes: Hit[];
}

/** A burst of activity without a pause of half an hour. */
export interface ActorSession {
  from: string;
  to: string;
  events: number;
  failures: number;
  privileged: number;
  country: string | null;
  city: string | null;
  address: string | null;
  agent: string | null;
  os: string | null;
  top_actions: { action: string; count: number }[];
}

export interface FirstSeen {
  items: {
    kind: string;
    field: string;
    value: string;
    label: string;
    count: number;
    first_seen: string | null;
    event_id: string;
    actor: { id: string | null; name: string | null };
    sentence: string | null;
  }[];
  reason?: string | null;
}

export interface Neighbours {
  actor: Hit[];
  address: Hit[];
  target: Hit[];
}

/** One of the demo's planted incidents. */
export interface Story {
  number: number;
  title: string;
  text: string;
  from: string;
  to: string;
  link: string;
}

export interface ConsoleSession {
  id: string;
  user: string;
  role: string;
  method: string;
  address: string;
  user_agent: string;
  created_at: string;
  last_seen_at: string;
  expires_at: string;
  current: boolean;
}

export interface Access {
  id: number;
  at: string;
  last_at: string;
  times: number;
  user: string;
  address: string;
  action: string;
  outcome: "success" | "failure";
  detail: string;
}

export interface SavedSearch {
  id: number;
  name: string;
  state: string;
  owner: string;
  created_at: string;
}
