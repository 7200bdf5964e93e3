// When: the hours of the week as a table of cells, darker where more happened.
import { count } from "../lib/format.ts";
import { DAYS, weekOfHours } from "../lib/hours.ts";
import type { Zone } from "../lib/time.ts";

export function Hours({ counts, zone }: { counts: { time: number; count: number }[]; zone: Zone }) {
  const week = weekOfHours(counts, zone);
  const most = Math.max(1, ...week.flat());
  return (
    <table className="hours">
      <caption className="visually-hidden">Events by weekday and hour</caption>
      <thead>
        <tr>
          <td />
          {Array.from({ length: 24 }, (_, hour) => (
            <th key={hour} scope="col">
              <span className={hour % 6 === 0 ? "" : "visually-hidden"}>{String(hour).padStart(2, "0")}</span>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {week.map((row, day) => (
          <tr key={DAYS[day]}>
            <th scope="row">{DAYS[day]}</th>
            {row.map((value, hour) => (
              <td
                key={hour}
                title={`${DAYS[day]} ${String(hour).padStart(2, "0")}:00 – ${count(value)} events`}
                style={value > 0 ? { background: `rgb(var(--heat) / ${0.12 + 0.88 * (value / most) ** 0.6})` } : {}}
              >
                <span className="visually-hidden">{value}</span>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
