// Times: date math, ranges that stay relative, and how a moment is said to a person.
//
// A range is two texts, as they stand in the address bar: `now-24h`, `now/d`, or RFC 3339. They become milliseconds only
// when a request is made, so that a shared link stays relative.

export interface TimeRange {
  from: string;
  to: string;
}

/** A resolved range, milliseconds since 1970, half open. */
export interface Span {
  from: number;
  to: number;
}

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export type Zone = "local" | "utc";

const UNITS: Record<string, number> = {
  s: SECOND,
  m: MINUTE,
  h: HOUR,
  d: DAY,
  w: 7 * DAY,
  M: 30 * DAY,
  y: 365 * DAY,
};

export const PRESETS: { label: string; from: string; to: string }[] = [
  { label: "Last 15 minutes", from: "now-15m", to: "now" },
  { label: "Last hour", from: "now-1h", to: "now" },
  { label: "Last 4 hours", from: "now-4h", to: "now" },
  { label: "Last 24 hours", from: "now-24h", to: "now" },
  { label: "Last 7 days", from: "now-7d", to: "now" },
  { label: "Last 30 days", from: "now-30d", to: "now" },
  { label: "Last 90 days", from: "now-90d", to: "now" },
  { label: "Last year", from: "now-1y", to: "now" },
  { label: "Today", from: "now/d", to: "now" },
  { label: "Yesterday", from: "now-1d/d", to: "now/d" },
  { label: "This week", from: "now/w", to: "now" },
];

export const DEFAULT_RANGE: TimeRange = { from: "now-24h", to: "now" };

function startOf(unit: string, time: number, zone: Zone): number {
  const date = new Date(time);
  const utc = zone === "utc";
  const [year, month, day] = utc
    ? [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
    : [date.getFullYear(), date.getMonth(), date.getDate()];
  const make = (y: number, m: number, d: number) => (utc ? Date.UTC(y, m, d) : new Date(y, m, d).getTime());
  if (unit === "y") return make(year, 0, 1);
  if (unit === "M") return make(year, month, 1);
  if (unit === "w") return make(year, month, day - (((utc ? date.getUTCDay() : date.getDay()) + 6) % 7));
  if (unit === "d") return make(year, month, day);
  return Math.floor(time / (UNITS[unit] ?? SECOND)) * (UNITS[unit] ?? SECOND);
}

/** Date math or RFC 3339 to milliseconds; `undefined` when the text is neither. */
export function resolveTime(text: string, now: number, zone: Zone = "local"): number | undefined {
  const math = /^now((?:[+-]\d+[smhdwMy])*)(?:\/([smhdwMy]))?$/.exec(text.trim());
  if (math) {
    let time = now;
    for (const step of (math[1] ?? "").matchAll(/([+-])(\d+)([smhdwMy])/g)) {
      time += (step[1] === "-" ? -1 : 1) * Number(step[2]) * (UNITS[step[3] ?? "s"] ?? 0);
    }
    return math[2] ? startOf(math[2], time, zone) : time;
  }
  if (!/^\d{4}-\d{2}-\d{2}/.test(text.trim())) return undefined;
  const time = Date.parse(text.trim().replace(" ", "T"));
  return Number.isNaN(time) ? undefined : time;
}

export function resolveRange(range: TimeRange, now: number, zone: Zone = "local"): Span {
  const from = resolveTime(range.from, now, zone) ?? now - DAY;
  const to = resolveTime(range.to, now, zone) ?? now;
  return to > from ? { from, to } : { from: to - SECOND, to };
}

export function previous(span: Span): Span {
  return { from: span.from - (span.to - span.from), to: span.from };
}

/** Date math that the server reads as this module does: no roundings, months or years. */
const SHARED = /^now(?:-\d+[smhdw])?$/;

/** The range as it is asked for: relative bounds stay relative, so that a refresh asks the same question again. */
export function askedRange(range: TimeRange, span: Span): TimeRange {
  return {
    from: SHARED.test(range.from) ? range.from : iso(span.from),
    to: SHARED.test(range.to) ? range.to : iso(span.to),
  };
}

/** The period before the range, as long, relative where the range is. */
export function askedBefore(range: TimeRange, span: Span): TimeRange {
  const relative = /^now-(\d+)([smhdw])$/.exec(range.from);
  if (relative && range.to === "now") return { from: `now-${2 * Number(relative[1])}${relative[2]}`, to: range.from };
  return around(previous(span));
}

/** The range that shows one moment in its surroundings. */
export function around(span: Span): TimeRange {
  return { from: iso(span.from), to: iso(span.to) };
}

export function iso(time: number): string {
  return new Date(time).toISOString().replace(/\.000Z$/, "Z");
}

const INTERVALS: [number, string][] = [
  [SECOND, "1s"],
  [5 * SECOND, "5s"],
  [10 * SECOND, "10s"],
  [30 * SECOND, "30s"],
  [MINUTE, "1m"],
  [5 * MINUTE, "5m"],
  [10 * MINUTE, "10m"],
  [30 * MINUTE, "30m"],
  [HOUR, "1h"],
  [3 * HOUR, "3h"],
  [6 * HOUR, "6h"],
  [12 * HOUR, "12h"],
  [DAY, "1d"],
  [7 * DAY, "7d"],
  [30 * DAY, "30d"],
];

/** The bucket width that gives at most `most` buckets: milliseconds, and as a fixed interval of the API. */
export function bucketWidth(span: Span, most: number): { width: number; interval: string } {
  const found = INTERVALS.find(([width]) => (span.to - span.from) / width <= most) ?? ([30 * DAY, "30d"] as const);
  return { width: found[0], interval: found[1] };
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: Zone, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  let made = formats.get(key);
  if (!made) {
    const timeZone = zone === "utc" ? "UTC" : undefined;
    made = new Intl.DateTimeFormat("en-GB", { ...options, ...(timeZone ? { timeZone } : {}) });
    formats.set(key, made);
  }
  return made;
}

/** "25 Nov 07:39:53", with the year when it is not this one. */
export function moment(time: number, zone: Zone, now = Date.now(), seconds = true): string {
  const sameYear = new Date(time).getUTCFullYear() === new Date(now).getUTCFullYear();
  const day = format(zone, { day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) }).format(time);
  return `${day} ${clock(time, zone, seconds)}`;
}

/** A moment of the API to the minute, which may not be known. */
export function momentOf(text: string | null, zone: Zone): string {
  const time = Date.parse(text ?? "");
  return Number.isNaN(time) ? "–" : moment(time, zone, Date.now(), false);
}

export function clock(time: number, zone: Zone, seconds = true): string {
  return format(zone, {
    hour: "2-digit",
    minute: "2-digit",
    ...(seconds ? { second: "2-digit" } : {}),
    hourCycle: "h23",
  }).format(time);
}

export function day(time: number, zone: Zone): string {
  return format(zone, { day: "numeric", month: "short" }).format(time);
}

export type CalendarUnit = "hour" | "day" | "month" | "year";

/** Where the hour, day, month or year after the one that begins at `time` begins. */
export function nextStart(unit: CalendarUnit, time: number, zone: Zone): number {
  if (unit === "hour") return time + HOUR;
  // Somewhere within the next one, whatever the length of this one.
  const [step, sign] = { day: [30 * HOUR, "d"], month: [40 * DAY, "M"], year: [400 * DAY, "y"] }[unit] as [
    number,
    string,
  ];
  return startOf(sign, time + step, zone);
}

/** "25 Nov 09:00", "Wed 25 Nov", "November 2026", "2026". */
export function calendarName(unit: CalendarUnit, time: number, zone: Zone, now: number): string {
  if (unit === "hour") return moment(time, zone, now, false);
  if (unit === "day") return format(zone, { weekday: "short", day: "numeric", month: "short" }).format(time);
  return format(zone, unit === "month" ? { month: "long", year: "numeric" } : { year: "numeric" }).format(time);
}

export function zoneName(zone: Zone): string {
  return zone === "utc" ? "UTC" : (Intl.DateTimeFormat().resolvedOptions().timeZone ?? "local time");
}

/** The zone in the API's words. */
export function zoneId(zone: Zone): string {
  const name = zoneName(zone);
  return name === "local time" ? "UTC" : name;
}

/** "12 s ago" under an hour, otherwise the moment. */
export function ago(time: number, now: number, zone: Zone): string {
  const past = now - time;
  if (past < 0 || past >= HOUR) return moment(time, zone, now, false);
  return past < MINUTE ? `${Math.max(0, Math.round(past / SECOND))} s ago` : `${Math.floor(past / MINUTE)} min ago`;
}

export function describeRange(range: TimeRange, now: number, zone: Zone): string {
  const preset = PRESETS.find(known => known.from === range.from && known.to === range.to);
  if (preset) return preset.label;
  const relative = /^now-(\d+)([smhdwMy])$/.exec(range.from);
  if (relative && range.to === "now") {
    const words: Record<string, string> = {
      s: "second",
      m: "minute",
      h: "hour",
      d: "day",
      w: "week",
      M: "month",
      y: "year",
    };
    const count = Number(relative[1]);
    return `Last ${count === 1 ? "" : `${count} `}${words[relative[2] ?? "s"]}${count === 1 ? "" : "s"}`;
  }
  const span = resolveRange(range, now, zone);
  const end = range.to === "now" ? "now" : moment(span.to, zone, now, false);
  return `${moment(span.from, zone, now, false)} → ${end}`;
}
