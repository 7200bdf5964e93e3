// When: the hours of the week as a table of cells, darker where more happened. Each is a filter; the arrow keys go from one to the
// next, so that the table is one stop for the keyboard.
import { type KeyboardEvent, useRef, useState } from "react";
import { MARK_HINT, useApp, useMark } from "../lib/app.ts";
import { count } from "../lib/format.ts";
import { DAYS, weekly, weekOfHours } from "../lib/hours.ts";
import { chosen } from "../lib/query-text.ts";

/** The field whose hours they are. */
export const HOURS_OF = "@timestamp";
const MOVES: Record<string, [days: number, hours: number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

const two = (hour: number) => String(hour).padStart(2, "0");

export function Hours({ counts }: { counts: { time: number; count: number }[] }) {
  const { address, zone } = useApp();
  const mark = useMark();
  const table = useRef<HTMLTableElement>(null);
  const [at, setAt] = useState({ day: 0, hour: 9 });
  const week = weekOfHours(counts, zone);
  const most = Math.max(1, ...week.flat());
  const move = (event: KeyboardEvent) => {
    const [days, hours] = MOVES[event.key] ?? [0, 0];
    if (days === 0 && hours === 0) return;
    event.preventDefault();
    const next = { day: (at.day + days + 7) % 7, hour: (at.hour + hours + 24) % 24 };
    setAt(next);
    table.current?.querySelectorAll<HTMLElement>("tbody button")[next.day * 24 + next.hour]?.focus();
  };
  return (
    <table className="hours" ref={table}>
      <caption className="visually-hidden">Events by weekday and hour; arrow keys move</caption>
      <thead>
        <tr>
          <td />
          {Array.from({ length: 24 }, (_, hour) => (
            <th key={hour} scope="col">
              <span className={hour % 6 === 0 ? "" : "visually-hidden"}>{two(hour)}</span>
            </th>
          ))}
        </tr>
      </thead>
      <tbody onKeyDown={move}>
        {week.map((row, day) => (
          <tr key={DAYS[day]}>
            <th scope="row">{DAYS[day]}</th>
            {row.map((value, hour) => {
              const text = weekly(day, zone, hour);
              return (
                <td key={hour}>
                  <button
                    type="button"
                    tabIndex={day === at.day && hour === at.hour ? 0 : -1}
                    aria-pressed={chosen(address.filters, HOURS_OF, text) !== ""}
                    aria-label={`${DAYS[day]} ${two(hour)}:00, ${count(value)} events`}
                    title={`${DAYS[day]} ${two(hour)}:00 – ${count(value)} events. ${MARK_HINT}`}
                    style={value > 0 ? { background: `rgb(var(--heat) / ${0.12 + 0.88 * (value / most) ** 0.6})` } : {}}
                    onFocus={() => setAt({ day, hour })}
                    onClick={mark(HOURS_OF, text)}
                  />
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
