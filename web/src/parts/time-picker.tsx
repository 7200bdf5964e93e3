// When: presets, an absolute range, steps to earlier and later, and refreshing by itself. Relative stays relative.
import { useState } from "react";
import { useApp } from "../lib/app.ts";
import { around, describeRange, iso, PRESETS, resolveTime, type TimeRange, zoneName } from "../lib/time.ts";
import { Icon } from "./icons.tsx";
import { arrowKeys, Menu } from "./menu.tsx";

export function TimePicker({ signal }: { signal: number }) {
  const { address, go, span, zone } = useApp();
  const length = span.to - span.from;
  const shift = (by: number) => go({ range: around({ from: span.from + by, to: span.to + by }) });
  const pick = (range: TimeRange, close: () => void) => {
    go({ range });
    close();
  };
  return (
    <div className="time">
      <button type="button" className="button step" title="Earlier" aria-label="Earlier" onClick={() => shift(-length)}>
        <Icon name="left" size={12} />
      </button>
      <Menu
        signal={signal}
        align="right"
        className="button time-button"
        title={`${iso(span.from)} → ${iso(span.to)}`}
        label={
          <>
            <Icon name="clock" />
            <span>{describeRange(address.range, span.to, zone)}</span>
            <Icon name="down" size={12} />
          </>
        }
      >
        {close => (
          <div className="time-menu">
            {/* biome-ignore lint/a11y/noStaticElementInteractions: moves the focus among its buttons */}
            <div className="time-presets" onKeyDown={arrowKeys}>
              {PRESETS.map(preset => (
                <button
                  key={preset.label}
                  type="button"
                  aria-pressed={preset.from === address.range.from && preset.to === address.range.to}
                  onClick={() => pick({ from: preset.from, to: preset.to }, close)}
                >
                  {preset.label}
                </button>
              ))}
            </div>
            <Absolute pick={range => pick(range, close)} />
          </div>
        )}
      </Menu>
      <button
        type="button"
        className="button step"
        title="Later"
        aria-label="Later"
        disabled={address.range.to === "now"}
        onClick={() => shift(length)}
      >
        <Icon name="right" size={12} />
      </button>
    </div>
  );
}

function Absolute({ pick }: { pick: (range: TimeRange) => void }) {
  const { address, go, span, zone } = useApp();
  const [from, setFrom] = useState(address.range.from);
  const [to, setTo] = useState(address.range.to);
  const start = resolveTime(from, Date.now(), zone);
  const end = resolveTime(to, Date.now(), zone);
  const wrong =
    start === undefined
      ? "the start is not a time"
      : end === undefined
        ? "the end is not a time"
        : start >= end
          ? "the start is not before the end"
          : "";
  return (
    <form
      className="time-absolute"
      onSubmit={event => {
        event.preventDefault();
        if (!wrong) pick({ from, to });
      }}
    >
      <label>
        From
        <input value={from} onChange={event => setFrom(event.target.value)} spellCheck={false} className="mono" />
      </label>
      <label>
        To
        <input value={to} onChange={event => setTo(event.target.value)} spellCheck={false} className="mono" />
      </label>
      <p className={wrong ? "failure" : "faint"}>{wrong || "2026-11-25, 2026-11-25T07:30Z, or now-36h, now/d"}</p>
      <button type="submit" className="button primary" disabled={wrong !== ""}>
        Apply
      </button>
      <hr />
      <label className="tick">
        <input type="checkbox" checked={address.compare} onChange={event => go({ compare: event.target.checked })} />
        Compare with the previous period
      </label>
      <button type="button" className="button" onClick={() => pick(around(span))}>
        Make this range absolute
      </button>
      <p className="faint">Times are shown in {zoneName(zone)}.</p>
    </form>
  );
}

const EVERY = [0, 5, 10, 30, 60, 300];

const everyName = (seconds: number) => (seconds === 0 ? "off" : seconds < 60 ? `${seconds} s` : `${seconds / 60} min`);

export function RefreshPicker() {
  const { address, go, refresh } = useApp();
  return (
    <div className="refresh">
      <button type="button" className="button" onClick={refresh} title="Refresh (r)" aria-label="Refresh">
        <Icon name="refresh" />
      </button>
      <Menu
        align="right"
        className="button"
        name={`auto refresh: ${everyName(address.refresh)}`}
        label={
          <>
            <span className="refresh-every">{address.refresh ? everyName(address.refresh) : "auto"}</span>
            <Icon name="down" size={12} />
          </>
        }
      >
        {close => (
          // biome-ignore lint/a11y/noStaticElementInteractions: moves the focus among its buttons
          <div className="menu-list" onKeyDown={arrowKeys}>
            <p className="menu-head">Ask again by itself</p>
            {EVERY.map(seconds => (
              <button
                key={seconds}
                type="button"
                aria-pressed={address.refresh === seconds}
                onClick={() => {
                  go({ refresh: seconds }, { replace: true });
                  close();
                }}
              >
                {seconds === 0 ? "Off" : `Every ${everyName(seconds)}`}
              </button>
            ))}
          </div>
        )}
      </Menu>
    </div>
  );
}
