// Commands by name: screens, time ranges, saved searches, actors, the theme.
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { onActor, onScreen, parseSaved, SCREENS } from "../lib/address.ts";
import { api } from "../lib/api.ts";
import { type App, questionText, useApp } from "../lib/app.ts";
import { capital } from "../lib/format.ts";
import { apply, expression, filter } from "../lib/query-text.ts";
import { PRESETS } from "../lib/time.ts";
import type { SavedSearch } from "../lib/types.ts";
import { copy, screenCopies } from "./copies.tsx";
import { Dialog } from "./dialog.tsx";

/** The tag of documents about requests that ClaudeTrail itself made. */
const OWN_REQUEST = "claudetrail_own_request";

interface Command {
  name: string;
  kind: string;
  run: () => void;
}

function commands(app: App, saved: SavedSearch[], help: () => void): Command[] {
  const { address, go } = app;
  return [
    ...SCREENS.map(screen => ({
      name: capital(screen.replace("-", " ")),
      kind: "Go to",
      run: () => go(onScreen(address, screen)),
    })),
    ...saved.map(search => ({
      name: search.name,
      kind: "Saved search",
      run: () => go(parseSaved(search.state)),
    })),
    ...PRESETS.map(({ label, from, to }) => ({ name: label, kind: "Time", run: () => go({ range: { from, to } }) })),
    {
      name: "Failures only",
      kind: "Filter",
      run: () => go({ filters: [...address.filters, filter("event.outcome", "failure")] }),
    },
    {
      name: "Privileged changes only",
      kind: "Filter",
      run: () => go({ filters: [...address.filters, expression("event.severity >= 47")] }),
    },
    {
      name: "Without ClaudeTrail's own requests",
      kind: "Filter",
      run: () => go({ filters: apply(address.filters, "tags", OWN_REQUEST, "exclude") }),
    },
    { name: "Clear query and filters", kind: "Filter", run: () => go({ query: "", filters: [] }) },
    { name: "Compare with the previous period", kind: "View", run: () => go({ compare: !address.compare }) },
    ...screenCopies(app).map(({ name, text = "", what }) => ({
      name: `Copy ${name.charAt(0).toLowerCase()}${name.slice(1)}`,
      kind: "Copy",
      run: () => copy(app, text, what),
    })),
    { name: "Dark theme", kind: "View", run: () => app.setTheme("dark") },
    { name: "Light theme", kind: "View", run: () => app.setTheme("light") },
    { name: "Times in UTC", kind: "View", run: () => app.setZone("utc") },
    { name: "Times in local time", kind: "View", run: () => app.setZone("local") },
    { name: "Help", kind: "View", run: help },
  ];
}

export function CommandPalette({ close, help }: { close: () => void; help: () => void }) {
  const app = useApp();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const [saved, setSaved] = useState<SavedSearch[]>([]);
  const [actors, setActors] = useState<{ id: string; name: string }[]>([]);
  const id = useId();
  useEffect(() => {
    api.savedSearches().then(setSaved, () => setSaved([]));
  }, []);
  const latest = useRef(app);
  latest.current = app;
  useEffect(() => {
    if (text.trim().length < 2) return setActors([]);
    const abort = new AbortController();
    const timer = setTimeout(() => {
      api
        .actors({ ...questionText(latest.current, undefined, ""), prefix: text.trim(), size: "5" }, abort.signal)
        .then(found => setActors(found.actors))
        .catch(() => setActors([]));
    }, 120);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text]);
  const list = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const found = commands(app, saved, help).filter(command =>
      words.every(word => `${command.kind} ${command.name}`.toLowerCase().includes(word)),
    );
    const people = actors.map(actor => ({
      name: actor.name,
      kind: "Actor",
      run: () => app.go(onActor(app.address, actor.id)),
    }));
    const search = text.trim()
      ? [
          {
            name: text.trim(),
            kind: "Search for",
            run: () => app.go({ ...onScreen(app.address, "events"), query: text.trim() }),
          },
        ]
      : [];
    return [...found, ...people, ...search].slice(0, 14);
  }, [text, app, saved, actors, help]);
  const run = (command: Command | undefined) => {
    if (!command) return;
    close();
    command.run();
  };
  return (
    <Dialog label="Commands" close={close} className="palette">
      <input
        autoFocus
        value={text}
        placeholder="Go to, filter, find someone, search…"
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={list.length > 0 ? `${id}-${at}` : undefined}
        aria-label="Command"
        onChange={event => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={event => {
          if (event.key === "ArrowDown") setAt((at + 1) % Math.max(1, list.length));
          else if (event.key === "ArrowUp") setAt((at - 1 + list.length) % Math.max(1, list.length));
          else if (event.key === "Enter") run(list[at]);
          else return;
          event.preventDefault();
        }}
      />
      <div role="listbox" id={`${id}-list`} aria-label="Commands" className="palette-list">
        {list.map((command, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are handled by the combobox
          <div
            key={`${command.kind} ${command.name}`}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            onPointerMove={() => setAt(index)}
            onClick={() => run(command)}
          >
            <span className="faint">{command.kind}</span> {command.name}
          </div>
        ))}
      </div>
    </Dialog>
  );
}
