import { describe, expect, test } from "vitest";
import {
  ago,
  around,
  askedBefore,
  askedRange,
  bucketWidth,
  calendarName,
  DAY,
  describeRange,
  HOUR,
  nextStart,
  previous,
  resolveRange,
  resolveTime,
} from "./time.ts";

const NOW = Date.parse("2026-11-25T10:30:45Z");

describe("date math", () => {
  test.each([
    ["now", "2026-11-25T10:30:45Z"],
    ["now-15m", "2026-11-25T10:15:45Z"],
    ["now-1d-2h", "2026-11-24T08:30:45Z"],
    ["now/d", "2026-11-25T00:00:00Z"],
    ["now-1d/d", "2026-11-24T00:00:00Z"],
    ["now/w", "2026-11-23T00:00:00Z"],
    ["2026-11-20T01:02:03Z", "2026-11-20T01:02:03Z"],
  ])("%s is %s", (text, expected) => {
    expect(resolveTime(text, NOW, "utc")).toBe(Date.parse(expected));
  });

  test.each(["", "yesterday", "now-", "now-3x", "25 Nov"])("%j is not a time", text => {
    expect(resolveTime(text, NOW, "utc")).toBeUndefined();
  });
});

describe("ranges", () => {
  test("are never empty or backwards", () => {
    const span = resolveRange({ from: "now", to: "now-1h" }, NOW, "utc");
    expect(span.from).toBeLessThan(span.to);
  });

  test("have a period before them of the same length", () => {
    expect(previous({ from: NOW - HOUR, to: NOW })).toEqual({ from: NOW - 2 * HOUR, to: NOW - HOUR });
  });

  test("are asked for as they stand where the server reads them alike", () => {
    const span = { from: NOW - HOUR, to: NOW };
    expect(askedRange({ from: "now-1h", to: "now" }, span)).toEqual({ from: "now-1h", to: "now" });
    expect(askedRange({ from: "now-1d/d", to: "now/d" }, span)).toEqual(around(span));
    expect(askedBefore({ from: "now-7d", to: "now" }, span)).toEqual({ from: "now-14d", to: "now-7d" });
    expect(askedBefore({ from: "now/d", to: "now" }, span)).toEqual(around(previous(span)));
  });

  test.each([
    [{ from: "now-24h", to: "now" }, "Last 24 hours"],
    [{ from: "now-3h", to: "now" }, "Last 3 hours"],
    [{ from: "2026-11-24T10:00:00Z", to: "2026-11-24T11:30:00Z" }, "24 Nov 10:00 → 24 Nov 11:30"],
  ])("%j reads %s", (range, words) => {
    expect(describeRange(range, NOW, "utc")).toBe(words);
  });
});

test.each([1, 60, 3600, 86_400, 30 * 86_400, 365 * 86_400])("%i seconds make at most 96 buckets", seconds => {
  const { width } = bucketWidth({ from: NOW - seconds * 1000, to: NOW }, 96);
  expect((seconds * 1000) / width).toBeLessThanOrEqual(96);
});

test("a moment is relative under an hour", () => {
  expect(ago(NOW - 12_000, NOW, "utc")).toBe("12 s ago");
  expect(ago(NOW - 5 * 60_000, NOW, "utc")).toBe("5 min ago");
  expect(ago(NOW - DAY, NOW, "utc")).toBe("24 Nov 10:30");
});

describe("the calendar", () => {
  test.each([
    ["hour", "2026-11-25T09:00:00Z", "2026-11-25T10:00:00Z", "25 Nov 09:00"],
    ["day", "2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z", "Wed 25 Nov"],
    ["month", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", "February 2026"],
    ["year", "2028-01-01T00:00:00Z", "2029-01-01T00:00:00Z", "2028"],
  ] as const)("a %s has a beginning, an end and a name", (unit, start, end, name) => {
    expect(nextStart(unit, Date.parse(start), "utc")).toBe(Date.parse(end));
    expect(calendarName(unit, Date.parse(start), "utc", NOW).replace(",", "")).toBe(name);
  });
});
