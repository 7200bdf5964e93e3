// Filters, and how they are written: as text of the query language, and in the address bar.

export interface Filter {
  /** A field's name; empty when `values` holds one whole expression. */
  field: string;
  /** One or more values, any of which may hold; `*` in a value is a wildcard, `*` alone is existence. */
  values: string[];
  negate: boolean;
  enabled: boolean;
}

export function filter(field: string, value: unknown, negate = false): Filter {
  return { field, values: [String(value)], negate, enabled: true };
}

export function expression(query: string): Filter {
  return { field: "", values: [query], negate: false, enabled: true };
}

/** A range of times between two bounds: values of dates may be one, and it is written as it stands. */
const BOUND = String.raw`(?:\*|now(?:[+-]\d+[smhdwMy])*(?:\/[smhdwMy])?|\d{4}-\d\d-\d\dT[\d:.]+Z)`;
const TIMES = new RegExp(`^[[{](${BOUND}) TO (${BOUND})[\\]}]$`);

/** The bounds of a value that is a range of times. */
export function timesOf(value: string): [from: string, to: string] | undefined {
  const found = TIMES.exec(value);
  return found ? [found[1] ?? "", found[2] ?? ""] : undefined;
}

const PLAIN = /^[\p{L}\p{N}_@.*/-]+$/u;
const RESERVED = new Set(["and", "or", "not", "to"]);

/** A value as the query language wants it: bare where it can be, quoted where it must. */
export function quote(value: string): string {
  if (TIMES.test(value)) return value;
  if (PLAIN.test(value) && !RESERVED.has(value.toLowerCase()) && !/^[-/]/.test(value)) return value;
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** The filter as a query, without its negation. */
export function filterQuery(item: Filter): string {
  if (!item.field) return item.values[0] ?? "";
  const values = item.values.map(quote);
  return values.length === 1 ? `${item.field}:${values[0]}` : `${item.field}:(${values.join(" or ")})`;
}

/** Query and switched-on filters as one query: what "copy query" gives. */
export function wholeQuery(query: string, filters: Filter[]): string {
  const parts = filters
    .filter(item => item.enabled)
    .map(item => {
      const text = item.field ? filterQuery(item) : `(${filterQuery(item)})`;
      return item.negate ? `not ${text}` : text;
    });
  const own = query.trim();
  if (!own) return parts.join(" and ");
  return parts.length === 0 ? own : [/\bor\b/i.test(own) ? `(${own})` : own, ...parts].join(" and ");
}

/** For the address bar: `-` excluded, `~` switched off, `|` between values; `\` before those signs within a value. */
export function encodeFilter(item: Filter): string {
  const values = item.values.map(value => value.replace(/[\\|]/g, "\\$&")).join("|");
  return `${item.enabled ? "" : "~"}${item.negate ? "-" : ""}${item.field}:${values}`;
}

export function decodeFilter(text: string): Filter | undefined {
  const parts = /^(~?)(-?)([^:\s]*):([\s\S]+)$/.exec(text);
  if (!parts) return undefined;
  const values: string[] = [];
  let value = "";
  const body = parts[4] ?? "";
  for (let index = 0; index < body.length; index += 1) {
    const sign = body[index];
    if (sign === "\\" && index + 1 < body.length) {
      index += 1;
      value += body[index] ?? "";
    } else if (sign === "|") {
      values.push(value);
      value = "";
    } else value += sign ?? "";
  }
  values.push(value);
  return { field: parts[3] ?? "", values, negate: parts[2] === "-", enabled: parts[1] !== "~" };
}

export type Gesture = "narrow" | "exclude" | "add";

/** What a click means: alt excludes, shift adds to what is chosen already, otherwise it narrows. */
export function gesture(event: { altKey: boolean; shiftKey: boolean }): Gesture {
  return event.altKey ? "exclude" : event.shiftKey ? "add" : "narrow";
}

/** The filters after a gesture on a mark. The same gesture again takes it back. */
export function apply(filters: Filter[], field: string, value: unknown, how: Gesture): Filter[] {
  const text = String(value);
  const negate = how === "exclude";
  const same = filters.findIndex(
    item => item.field === field && item.negate === negate && item.values.length === 1 && item.values[0] === text,
  );
  if (same >= 0) return filters.filter((_, index) => index !== same);
  if (how === "add" && field) {
    const index = filters.findIndex(item => item.field === field && !item.negate && item.enabled);
    const found = filters[index];
    if (found) {
      const values = found.values.includes(text) ? found.values.filter(item => item !== text) : [...found.values, text];
      return filters.flatMap((item, at) => (at === index ? (values.length ? [{ ...found, values }] : []) : [item]));
    }
  }
  return [...filters, filter(field, text, negate)];
}

/** Whether a value of a field is chosen or excluded by a filter that is switched on. */
export function chosen(filters: Filter[], field: string, value: string): "chosen" | "excluded" | "" {
  const holds = filters.find(item => item.field === field && item.enabled && item.values.includes(value));
  return holds ? (holds.negate ? "excluded" : "chosen") : "";
}

export interface Completion {
  /** What is being typed: a field's name, or a value of `field`. */
  kind: "field" | "value";
  field: string;
  prefix: string;
  /** Where the typed text starts and ends. */
  start: number;
  end: number;
}

/** What stands left of the caret, for the suggestions. `undefined` where nothing sensible can be suggested. */
export function completionAt(query: string, caret: number): Completion | undefined {
  const left = query.slice(0, caret);
  const quotes = (left.match(/(?<!\\)"/g) ?? []).length;
  const value = /([\p{L}\p{N}_.@]+):\s*(?:\((?:[^()"]*\s)?)?"?([^\s()"]*)$/u.exec(left);
  if (value) {
    const prefix = value[2] ?? "";
    const open = left[caret - prefix.length - 1] === '"' ? 1 : 0;
    return { kind: "value", field: value[1] ?? "", prefix, start: caret - prefix.length - open, end: caret };
  }
  if (quotes % 2 === 1) return undefined;
  const word = /(?:^|[\s(])([\p{L}@][\p{L}\p{N}_.]*)?$/u.exec(left);
  if (!word) return undefined;
  const prefix = word[1] ?? "";
  return { kind: "field", field: "", prefix, start: caret - prefix.length, end: caret };
}
