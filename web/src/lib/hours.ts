// When in the week: counts by hour, folded into the seven days and twenty-four hours of the reader's zone.
import type { Zone } from "./time.ts";

/** Rows are days from Monday on, columns are hours. */
export function weekOfHours(counts: { time: number; count: number }[], zone: Zone): number[][] {
  const week = Array.from({ length: 7 }, () => Array.from({ length: 24 }, () => 0));
  for (const { time, count } of counts) {
    const date = new Date(time);
    const [day, hour] = zone === "utc" ? [date.getUTCDay(), date.getUTCHours()] : [date.getDay(), date.getHours()];
    const row = week[(day + 6) % 7];
    if (row) row[hour] = (row[hour] ?? 0) + count;
  }
  return week;
}

export const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
