// What a facet shows depends on the type of its field: values, addresses by network, times by how long ago, by the calendar or by
// the day of the week. A kind says what is asked and which rows the answer makes; each row is a value that the field can be
// filtered by, so that all kinds are clicked, excluded, added to and linked alike.
import * as agg from "../../lib/aggregations.ts";
import { plural } from "../../lib/format.ts";
import { DAYS, weekly } from "../../lib/hours.ts";
import { byNetwork } from "../../lib/networks.ts";
import {
  type CalendarUnit,
  calendarName,
  DAY,
  HOUR,
  iso,
  nextStart,
  type Span,
  type Zone,
  zoneId,
} from "../../lib/time.ts";
import type { AggregationAnswers, Aggregations } from "../../lib/types.ts";

export interface Row {
  /** What the field is filtered by. */
  value: string;
  label: string;
  count: number;
  note?: string;
}

export interface Asked {
  field: string;
  span: Span;
  now: number;
  zone: Zone;
  /** How many rows are wanted. */
  size: number;
}

export interface Kind {
  name: string;
  /** Values can be looked for by how they begin. */
  searched: boolean;
  /** There may be more rows than are shown at first. */
  long: boolean;
  ask: (asked: Asked) => Aggregations[string];
  rows: (answer: AggregationAnswers | undefined, name: string, asked: Asked) => Row[];
}

/** Addresses that are put together into networks: the commonest. */
const ADDRESSES = 1000;

const VALUES: Kind = {
  name: "Values",
  searched: true,
  long: true,
  ask: ({ field, size }) => agg.terms(field, size),
  rows: (answer, name) =>
    agg
      .buckets(answer, name)
      .map(({ key, doc_count }) => ({ value: String(key), label: String(key), count: doc_count })),
};

const NETWORKS: Kind = {
  name: "Networks",
  searched: true,
  long: true,
  ask: ({ field }) => agg.terms(field, ADDRESSES),
  rows: (answer, name, { size }) => {
    const addresses = agg.buckets(answer, name).map(({ key, doc_count }) => ({ value: String(key), count: doc_count }));
    return byNetwork(addresses)
      .slice(0, size)
      .map(({ network, count, addresses: many }) => ({
        value: network,
        label: network,
        count,
        note: plural(many, "address", "addresses"),
      }));
  },
};

const AGO: [value: string, label: string][] = [
  ["[now+365d TO *]", "In more than a year"],
  ["[now+30d TO now+365d}", "In 30 days to a year"],
  ["[now+7d TO now+30d}", "In 7 to 30 days"],
  ["[now+24h TO now+7d}", "In 1 to 7 days"],
  ["[now TO now+24h}", "In the next 24 hours"],
  ["[now-1h TO now}", "Last hour"],
  ["[now-24h TO now-1h}", "1 to 24 hours ago"],
  ["[now-7d TO now-24h}", "1 to 7 days ago"],
  ["[now-30d TO now-7d}", "7 to 30 days ago"],
  ["[now-365d TO now-30d}", "30 days to a year ago"],
  ["[* TO now-365d}", "More than a year ago"],
];

/** One condition for each row, counted side by side. */
function each(field: string, rows: [value: string, label: string][]): Aggregations[string] {
  const quoted = (value: string) => (value.startsWith("[") ? value : `"${value}"`);
  const filters = rows.map(([value]) => [value, { query_string: { query: `${field}:${quoted(value)}` } }]);
  return { filters: { filters: Object.fromEntries(filters) } };
}

function counted(answer: AggregationAnswers | undefined, name: string, rows: [value: string, label: string][]): Row[] {
  const counts = agg.namedCounts(answer, name);
  return rows.map(([value, label]) => ({ value, label, count: counts[value] ?? 0 }));
}

const RELATIVE: Kind = {
  name: "Relative",
  searched: false,
  long: false,
  ask: ({ field }) => each(field, AGO),
  rows: (answer, name) => counted(answer, name, AGO).filter(row => row.count > 0),
};

/** The unit of the calendar that cuts the range into a list that can be read; other times than that of the event spread further. */
function unitOf({ field, span }: Asked): CalendarUnit {
  const length = span.to - span.from;
  if (length <= 36 * HOUR && field === "@timestamp") return "hour";
  return length <= 62 * DAY ? "day" : length <= 1100 * DAY ? "month" : "year";
}

const CALENDAR: Kind = {
  name: "Calendar",
  searched: false,
  long: true,
  ask: asked => ({
    date_histogram: {
      field: asked.field,
      calendar_interval: unitOf(asked),
      time_zone: zoneId(asked.zone),
      min_doc_count: 1,
      order: { _key: "desc" },
    },
  }),
  rows: (answer, name, asked) => {
    const unit = unitOf(asked);
    return agg
      .buckets(answer, name)
      .slice(0, asked.size)
      .map(bucket => {
        const start = agg.bucketTime(bucket);
        const end = nextStart(unit, start, asked.zone);
        const label = calendarName(unit, start, asked.zone, asked.now);
        return { value: `[${iso(start)} TO ${iso(end)}}`, label, count: bucket.doc_count };
      });
  },
};

function weekdays(zone: Zone): [value: string, label: string][] {
  return DAYS.map((name, index) => [weekly(index, zone), name]);
}

const WEEK: Kind = {
  name: "Week",
  searched: false,
  long: false,
  ask: ({ field, zone }) => each(field, weekdays(zone)),
  rows: (answer, name, { zone }) => counted(answer, name, weekdays(zone)),
};

/** The kinds of a field of this type; the first unless the reader chooses another. */
export function kindsOf(field: string, type: string | undefined): [Kind, ...Kind[]] {
  if (type === "ip") return [NETWORKS, { ...VALUES, name: "Addresses" }];
  if (type === "date") return field === "@timestamp" ? [CALENDAR, WEEK, RELATIVE] : [RELATIVE, CALENDAR];
  return [VALUES];
}
