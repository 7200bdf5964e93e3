// What is applied, as chips: each can be switched off without being removed, turned round, or taken away.
import { useApp } from "../lib/app.ts";
import { shorten } from "../lib/document.ts";
import { type Filter, timesOf } from "../lib/query-text.ts";
import { moment, type Zone } from "../lib/time.ts";
import { Icon } from "./icons.tsx";

/** A value as a chip says it. */
function say(value: string, zone: Zone): string {
  if (value === "*") return "is present";
  const times = timesOf(value);
  if (!times) return shorten(value, 48);
  const bound = (text: string) => (text === "*" ? "…" : /^\d/.test(text) ? moment(Date.parse(text), zone) : text);
  return `${bound(times[0])} → ${bound(times[1])}`;
}

export function Chips() {
  const { address, go, zone } = useApp();
  const { filters } = address;
  const change = (index: number, next: Filter | undefined) =>
    go({ filters: filters.flatMap((item, at) => (at === index ? (next ?? []) : item)) });
  return (
    <ul className="chips" aria-label="Filters">
      {filters.map((item, index) => {
        const value = item.values.map(each => say(each, zone)).join(" or ");
        const text = item.field ? `${item.field}: ${value}` : value;
        return (
          <li key={JSON.stringify(item)} className="chip" data-negate={item.negate} data-enabled={item.enabled}>
            <button
              type="button"
              className="chip-body"
              aria-pressed={item.enabled}
              title={`${item.enabled ? "Switch off" : "Switch on"}; Alt-click turns it round`}
              onClick={event =>
                change(index, event.altKey ? { ...item, negate: !item.negate } : { ...item, enabled: !item.enabled })
              }
            >
              {item.negate && <span className="chip-not">not</span>}{" "}
              {item.field && <span className="chip-field">{item.field}</span>} {value}
            </button>
            <button
              type="button"
              className="chip-close"
              aria-label={`Remove ${text}`}
              onClick={() => change(index, undefined)}
            >
              <Icon name="close" size={10} />
            </button>
          </li>
        );
      })}
      {filters.length > 1 && (
        <li>
          <button type="button" className="link" onClick={() => go({ filters: [] })}>
            Clear all
          </button>
        </li>
      )}
    </ul>
  );
}
