import { describe, expect, test } from "vitest";
import {
  apply,
  completionAt,
  decodeFilter,
  encodeFilter,
  expression,
  filter,
  filterQuery,
  quote,
  wholeQuery,
} from "./query-text.ts";

describe("values in a query", () => {
  test.each([
    ["iam", "iam"],
    ["ana@example.com", "ana@example.com"],
    ["192.0.2.0/24", "192.0.2.0/24"],
    ["*_key_created", "*_key_created"],
    ["or", '"or"'],
    ["-x", '"-x"'],
    ["two words", '"two words"'],
    ['say "hi" \\', '"say \\"hi\\" \\\\"'],
    ["2001:db8::1", '"2001:db8::1"'],
    ["2001:db8::/64", '"2001:db8::/64"'],
    ["Mon 09h Europe/Lisbon", '"Mon 09h Europe/Lisbon"'],
    ["[now-7d TO now}", "[now-7d TO now}"],
    ["[2026-11-25T00:00:00Z TO *]", "[2026-11-25T00:00:00Z TO *]"],
    ["[draft TO print]", '"[draft TO print]"'],
  ])("%s is written %s", (value, written) => {
    expect(quote(value)).toBe(written);
  });
});

test("a filter of several values holds for any of them", () => {
  expect(filterQuery({ field: "event.category", values: ["iam", "a b"], negate: false, enabled: true })).toBe(
    'event.category:(iam or "a b")',
  );
});

test("one query has all that is switched on, and keeps what was typed together", () => {
  const filters = [
    filter("event.outcome", "failure"),
    filter("user.email", "x@y.z", true),
    { ...filter("a", "b"), enabled: false },
    expression("p or q"),
  ];
  expect(wholeQuery("lisbon or porto", filters)).toBe(
    "(lisbon or porto) and event.outcome:failure and not user.email:x@y.z and (p or q)",
  );
});

test.each(["no-colon", "", "field:"])("%j in the address is no filter", text => {
  expect(decodeFilter(text)).toBeUndefined();
});

test("signs of the address inside a value survive it", () => {
  const item = { field: "a.b", values: ["x|y", "\\", ":~-"], negate: true, enabled: false };
  expect(decodeFilter(encodeFilter(item))).toEqual(item);
});

describe("gestures", () => {
  const start = [filter("event.category", "iam")];

  test("the same one again takes it back", () => {
    expect(apply(start, "event.category", "iam", "narrow")).toEqual([]);
  });

  test("shift adds to what is chosen, and takes out again", () => {
    const both = apply(start, "event.category", "file", "add");
    expect(both).toMatchObject([{ field: "event.category", values: ["iam", "file"] }]);
    expect(apply(both, "event.category", "iam", "add")).toMatchObject([{ values: ["file"] }]);
  });

  test("alt excludes", () => {
    expect(apply([], "user.email", "x", "exclude")).toEqual([filter("user.email", "x", true)]);
  });
});

test.each([
  ["ev", { kind: "field", prefix: "ev", start: 0, end: 2 }],
  ["a:b and use", { kind: "field", prefix: "use", start: 8, end: 11 }],
  ["event.action:adm", { kind: "value", field: "event.action", prefix: "adm", start: 13, end: 16 }],
  ['user.email:"an', { kind: "value", field: "user.email", prefix: "an", start: 11, end: 14 }],
  ["event.category:(iam or fi", { kind: "value", field: "event.category", prefix: "fi", start: 23, end: 25 }],
])("what is typed at the end of %s is known", (query, expected) => {
  expect(completionAt(query, query.length)).toMatchObject(expected);
});
