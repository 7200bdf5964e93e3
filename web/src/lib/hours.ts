// When in the week: counts by hour, folded into the seven days and twenty-four hours of the reader's zone, and an hour of the
// week as the query language writes it.
import { type Zone, zoneId } from "./time.ts";

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

/** Whether a value of a time is hours of the week. */
export function isWeekly(value: string): boolean {
  return DAYS.some(day => value.startsWith(`${day} `) || value.startsWith(`${day}-`));
}

/** "Mon", "Mon 09h": with the zone, so that a link means the same hours to a reader elsewhere. */
export function weekly(day: number, zone: Zone, hour?: number): string {
  const hours = hour === undefined ? "" : ` ${String(hour).padStart(2, "0")}h`;
  return `${DAYS[day]}${hours} ${zoneId(zone)}`;
}
