// The address bar is the state: what a screen shows is a function of its path and query, and every change writes it there.
import { decodeFilter, encodeFilter, type Filter } from "./query-text.ts";
import { DEFAULT_RANGE, type TimeRange } from "./time.ts";

export const SCREENS = ["overview", "events", "actors", "alerts", "rules", "trail", "sessions", "access-log"] as const;
export type Screen = (typeof SCREENS)[number];

export interface Address {
  screen: Screen;
  /** Id of what the screen is about, the second part of the path: an actor. */
  subject: string;
  query: string;
  filters: Filter[];
  range: TimeRange;
  /** Id of the event in the drawer; empty when it is closed. */
  event: string;
  /** Part of the drawer. */
  tab: string;
  columns: string[];
  sort: { field: string; direction: "asc" | "desc" };
  group: "" | "actor" | "minute";
  compare: boolean;
  /** Seconds between refreshes; 0 is off. */
  refresh: number;
  /** New events come in by themselves; off is a pause. */
  live: boolean;
  /** Choices that only one screen knows, by their names in the address. */
  options: Record<string, string>;
}

const COMMON = new Set([
  "q",
  "f",
  "from",
  "to",
  "event",
  "tab",
  "columns",
  "sort",
  "group",
  "compare",
  "refresh",
  "live",
]);

export const COLUMNS = ["message", "anthropic.audit.actor.name", "from", "event.outcome"];

export const START: Address = {
  screen: "overview",
  subject: "",
  query: "",
  filters: [],
  range: DEFAULT_RANGE,
  event: "",
  tab: "",
  columns: COLUMNS,
  sort: { field: "@timestamp", direction: "desc" },
  group: "",
  compare: false,
  refresh: 0,
  live: true,
  options: {},
};

export function parseAddress(path: string, search: string): Address {
  const [first = "", second = ""] = path.split("/").filter(Boolean);
  const screen = SCREENS.find(name => name === first) ?? "overview";
  const from = new URLSearchParams(search);
  const sort = /^(-?)(.+)$/.exec(from.get("sort") ?? "");
  const group = from.get("group");
  return {
    screen,
    subject: screen === "actors" ? decoded(second) : "",
    query: from.get("q") ?? "",
    filters: from.getAll("f").flatMap(text => decodeFilter(text) ?? []),
    range: { from: from.get("from") ?? DEFAULT_RANGE.from, to: from.get("to") ?? DEFAULT_RANGE.to },
    event: from.get("event") ?? "",
    tab: from.get("tab") ?? "",
    columns: from.get("columns")?.split(",").filter(Boolean) ?? COLUMNS,
    sort: sort ? { field: sort[2] ?? "@timestamp", direction: sort[1] ? "desc" : "asc" } : START.sort,
    group: group === "actor" || group === "minute" ? group : "",
    compare: from.get("compare") === "1",
    refresh: Math.max(0, Number(from.get("refresh") ?? 0) || 0),
    live: from.get("live") !== "0",
    options: Object.fromEntries([...from].filter(([name, value]) => !COMMON.has(name) && value !== "")),
  };
}

/** The state of a saved search: path and query, or the query of Events alone. */
export function parseSaved(state: string): Address {
  const [path = "", query = ""] = state.startsWith("/") ? state.split("?") : ["/events", state.replace(/^\?/, "")];
  return parseAddress(path, query);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `URLSearchParams` escapes more than an address needs; a link should be readable. */
function readable(text: string): string {
  return encodeURIComponent(text)
    .replace(/%(3A|2F|40|2C|2A|7C|7E)/g, code => decodeURIComponent(code))
    .replaceAll("%20", "+");
}

export function formatAddress(address: Address): string {
  const pairs: [string, string][] = [];
  if (address.query) pairs.push(["q", address.query]);
  for (const item of address.filters) pairs.push(["f", encodeFilter(item)]);
  if (address.range.from !== DEFAULT_RANGE.from || address.range.to !== DEFAULT_RANGE.to) {
    pairs.push(["from", address.range.from], ["to", address.range.to]);
  }
  if (address.columns.join() !== COLUMNS.join()) pairs.push(["columns", address.columns.join()]);
  const { field, direction } = address.sort;
  if (field !== START.sort.field || direction !== START.sort.direction) {
    pairs.push(["sort", `${direction === "desc" ? "-" : ""}${field}`]);
  }
  if (address.group) pairs.push(["group", address.group]);
  if (address.compare) pairs.push(["compare", "1"]);
  if (address.refresh) pairs.push(["refresh", String(address.refresh)]);
  if (!address.live) pairs.push(["live", "0"]);
  if (address.event) pairs.push(["event", address.event]);
  if (address.tab) pairs.push(["tab", address.tab]);
  for (const [name, value] of Object.entries(address.options)) if (value) pairs.push([name, value]);
  const path = `/${address.screen}${address.subject ? `/${encodeURIComponent(address.subject)}` : ""}`;
  const search = pairs.map(([name, value]) => `${name}=${readable(value)}`).join("&");
  return search ? `${path}?${search}` : path;
}

/** The same question on another screen: what was asked and when goes along, what belongs to one screen does not. */
export function onScreen(address: Address, screen: Screen): Address {
  const { query, filters, range, compare, refresh, live } = address;
  return { ...START, screen, query, filters, range, compare, refresh, live };
}

/** What one actor did, over the same range. */
export function onActor(address: Address, id: string): Address {
  return { ...onScreen(address, "actors"), query: "", filters: [], subject: id };
}
