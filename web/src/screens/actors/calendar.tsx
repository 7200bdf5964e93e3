// The days of one actor: a cell for each, darker where more happened, with a mark where something failed; click zooms to the day.
import { useApp } from "../../lib/app.ts";
import { count, plural } from "../../lib/format.ts";
import { DAYS } from "../../lib/hours.ts";
import { DAY, iso, resolveTime } from "../../lib/time.ts";
import type { Actor } from "../../lib/types.ts";
import { Panel } from "../../parts/states.tsx";

/** Days are counted without a zone, as dates. */
function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** The weeks of the calendar's days, Monday first, those without events too. */
function weeks(calendar: Actor["calendar"]): (Actor["calendar"][number] | undefined)[][] {
  const days = calendar.map(each => each.day.slice(0, 10)).sort();
  const [first, last] = [days[0], days.at(-1)];
  if (!first || !last) return [];
  const known = new Map(calendar.map(each => [each.day.slice(0, 10), each]));
  const start = Date.parse(first);
  const monday = start - ((new Date(start).getUTCDay() + 6) % 7) * DAY;
  const found: (Actor["calendar"][number] | undefined)[][] = [];
  for (let time = monday; time <= Date.parse(last); time += 7 * DAY) {
    found.push(
      Array.from({ length: 7 }, (_, index) => {
        const day = dateOf(time + index * DAY);
        if (day < first || day > last) return undefined;
        return known.get(day) ?? { day, count: 0, failures: 0, privileged: 0 };
      }),
    );
  }
  return found;
}

export function Calendar({ actor, stale }: { actor: Actor; stale: boolean }) {
  const { go, zone } = useApp();
  const shown = weeks(actor.calendar);
  const most = Math.max(1, ...actor.calendar.map(day => day.count));
  const zoom = (day: string) => {
    const from = zone === "utc" ? Date.parse(day) : (resolveTime(`${day}T00:00`, 0, zone) ?? Date.parse(day));
    go({ range: { from: iso(from), to: iso(from + DAY) } });
  };
  return (
    <Panel
      title="Activity"
      note={`${plural(actor.calendar.filter(day => day.count > 0).length, "active day")}; a click zooms to the day`}
      stale={stale}
    >
      <div className="calendar">
        <div className="calendar-days faint" aria-hidden="true">
          {DAYS.map(name => (
            <span key={name}>{name}</span>
          ))}
        </div>
        {shown.map((week, index) => (
          <div key={index} className="calendar-week">
            {week.map((day, at) =>
              day ? (
                <button
                  key={day.day}
                  type="button"
                  disabled={day.count === 0}
                  data-failed={day.failures > 0}
                  data-privileged={day.privileged > 0}
                  title={`${day.day}: ${plural(day.count, "event")}${day.failures ? `, ${count(day.failures)} failed` : ""}${day.privileged ? `, ${count(day.privileged)} privileged` : ""}`}
                  aria-label={`${day.day}: ${plural(day.count, "event")}`}
                  style={
                    day.count > 0 ? { background: `rgb(var(--heat) / ${0.15 + 0.85 * (day.count / most) ** 0.6})` } : {}
                  }
                  onClick={() => zoom(day.day)}
                />
              ) : (
                <span key={at} />
              ),
            )}
          </div>
        ))}
      </div>
    </Panel>
  );
}
