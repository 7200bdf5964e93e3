// The help sheet: the keys that work now, what a click on a mark does, and the query language by example.
import { activeShortcuts } from "../lib/keyboard.ts";
import { Dialog } from "./dialog.tsx";
import { Icon } from "./icons.tsx";

const NAMES: Record<string, string> = { "mod+k": "⌘ K", Escape: "esc", Enter: "enter", ArrowDown: "↓", ArrowUp: "↑" };

const EXAMPLES: [string, string][] = [
  ["lisbon export", "words anywhere in the sentence"],
  ['user.email:"ana@example.com"', "a field's value; case does not matter"],
  ["event.action:*_key_created", "a wildcard"],
  ["event.outcome:failure and event.category:authentication", "and, or, not, brackets"],
  ["source.ip:192.0.2.0/24", "addresses by network"],
  ["event.severity >= 47", "ranges"],
  ["user.target.email:*", "the field is present"],
  ["@timestamp >= now-7d", "date math"],
  ['@timestamp:"Sat-Sun"', "on weekends; “Mon 09h” is every Monday from 9 to 10"],
  ["event.category:(iam or file)", "one of several values"],
];

export function HelpSheet({ close }: { close: () => void }) {
  const keys = activeShortcuts();
  return (
    <Dialog label="Help" close={close} className="help">
      <header className="dialog-head">
        <h2>Help</h2>
        <button type="button" className="quiet" onClick={close} aria-label="Close">
          <Icon name="close" />
        </button>
      </header>
      <div className="help-columns">
        <section>
          <h3>Keys</h3>
          <dl>
            {keys.map(item => (
              <div key={item.keys}>
                <dt>
                  {item.keys.split(" ").map(key => (
                    <kbd key={key}>{NAMES[key] ?? key}</kbd>
                  ))}
                </dt>
                <dd>{item.meaning}</dd>
              </div>
            ))}
          </dl>
          <h3>Every mark is a filter</h3>
          <dl>
            <div>
              <dt>click</dt>
              <dd>narrows to it; again takes it back</dd>
            </div>
            <div>
              <dt>alt-click</dt>
              <dd>leaves it out</dd>
            </div>
            <div>
              <dt>shift-click</dt>
              <dd>adds it to what is chosen</dd>
            </div>
            <div>
              <dt>drag</dt>
              <dd>over the histogram zooms in</dd>
            </div>
          </dl>
        </section>
        <section>
          <h3>Queries</h3>
          <dl className="examples">
            {EXAMPLES.map(([query, meaning]) => (
              <div key={query}>
                <dt className="mono">{query}</dt>
                <dd>{meaning}</dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
    </Dialog>
  );
}
