import { expect, test } from "vitest";
import { isWeekly, weekly, weekOfHours } from "./hours.ts";

test("hours fold into the week, Monday first", () => {
  const at = (text: string, count: number) => ({ time: Date.parse(text), count });
  const week = weekOfHours(
    [at("2026-11-23T09:00:00Z", 2), at("2026-11-30T09:00:00Z", 3), at("2026-11-29T23:00:00Z", 5)],
    "utc",
  );
  expect(week[0]?.[9]).toBe(5);
  expect(week[6]?.[23]).toBe(5);
  expect(week.flat().reduce((sum, value) => sum + value, 0)).toBe(10);
});

test("an hour of the week is written with its zone", () => {
  expect(weekly(0, "utc", 9)).toBe("Mon 09h UTC");
  expect(weekly(6, "utc")).toBe("Sun UTC");
  expect([weekly(0, "utc", 9), "Mon-Fri", "now-7d"].map(isWeekly)).toEqual([true, true, false]);
});
