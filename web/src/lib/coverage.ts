// Coverage for the eye: intervals as parts of a strip, and in one sentence what they add up to.
import { duration } from "./format.ts";
import type { Span } from "./time.ts";
import type { CoverageInterval, CoverageState } from "./types.ts";

export interface Segment {
  state: CoverageState;
  from: number;
  to: number;
  reason: string;
  /** Share of the strip, percent. */
  left: number;
  width: number;
}

/** The intervals clipped to the range; neighbours of the same kind are one. */
export function segments(intervals: CoverageInterval[], span: Span): Segment[] {
  const whole = span.to - span.from;
  const found: Segment[] = [];
  for (const interval of intervals) {
    const from = Math.max(span.from, Date.parse(interval.gte));
    const to = Math.min(span.to, Date.parse(interval.lt));
    if (!(to > from)) continue;
    const reason = interval.reason ?? "";
    const last = found.at(-1);
    if (last && last.state === interval.state && last.reason === reason && last.to === from) {
      last.to = to;
      last.width = ((to - last.from) / whole) * 100;
    } else {
      found.push({
        state: interval.state,
        from,
        to,
        reason,
        left: ((from - span.from) / whole) * 100,
        width: ((to - from) / whole) * 100,
      });
    }
  }
  return found;
}

/** "complete", or what is not: gaps first. */
export function summary(parts: Segment[]): string {
  if (parts.length === 0) return "coverage unknown";
  const seconds = (state: CoverageState) =>
    parts.filter(part => part.state === state).reduce((sum, part) => sum + part.to - part.from, 0) / 1000;
  const gaps = parts.filter(part => part.state === "gap");
  const words: string[] = [];
  if (gaps.length > 0)
    words.push(`${gaps.length} gap${gaps.length === 1 ? "" : "s"} of ${duration(seconds("gap"))} in all`);
  const unsettled = seconds("unsettled");
  if (unsettled > 0) words.push(`${gaps.length > 0 ? "" : "complete but for "}${duration(unsettled)} not yet settled`);
  return words.length > 0 ? words.join(", ") : "complete";
}
