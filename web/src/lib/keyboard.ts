// The keyboard: one listener, shortcuts registered by what is on the screen, and the list of them for the help sheet.
import { useEffect, useRef } from "react";

export interface Shortcut {
  /** "j", "g e" (one after the other), "mod+k" (⌘ or Ctrl), "Escape". */
  keys: string;
  meaning: string;
  run: (event: KeyboardEvent) => void;
  /** Also while a text field has the focus. */
  inFields?: boolean;
}

const active: Shortcut[][] = [];
let pending = "";
let pendingSince = 0;

function inField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "button"].includes(target.type);
}

function name(event: KeyboardEvent): string {
  const modifier = event.metaKey || event.ctrlKey ? "mod+" : "";
  return modifier + (event.key.length === 1 ? event.key.toLowerCase() : event.key);
}

function find(keys: string, field: boolean): Shortcut | undefined {
  for (const group of active.toReversed()) {
    const found = group.find(item => item.keys === keys && (!field || item.inFields));
    if (found) return found;
  }
  return undefined;
}

function listen(event: KeyboardEvent) {
  if (event.defaultPrevented || event.altKey || event.isComposing) return;
  // An open dialog has the keyboard to itself; Escape closes it, and not what is behind it.
  if (document.querySelector("dialog[open]")) return;
  const key = name(event);
  const field = inField(event.target);
  const sequence = pending && event.timeStamp - pendingSince < 1200 ? `${pending} ${key}` : key;
  pending = "";
  const found = find(sequence, field) ?? find(key, field);
  if (found) {
    // Enter belongs to the button that has the focus.
    if (key === "Enter" && event.target instanceof HTMLElement && event.target.closest("button, a, summary")) return;
    event.preventDefault();
    found.run(event);
  } else if (!field && active.some(group => group.some(item => item.keys.startsWith(`${key} `)))) {
    pending = key;
    pendingSince = event.timeStamp;
  }
}

/** Registers shortcuts while the component is on the screen; later ones win. */
export function useShortcuts(shortcuts: Shortcut[]) {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  const keys = shortcuts.map(item => item.keys).join(",");
  // biome-ignore lint/correctness/useExhaustiveDependencies: registered again when the keys change, not with every rendering
  useEffect(() => {
    const group = latest.current.map((item, index) => ({
      ...item,
      run: (event: KeyboardEvent) => latest.current[index]?.run(event),
    }));
    if (active.length === 0) addEventListener("keydown", listen);
    active.push(group);
    return () => {
      active.splice(active.indexOf(group), 1);
      if (active.length === 0) removeEventListener("keydown", listen);
    };
  }, [keys]);
}

/** What can be pressed now: for the help sheet. */
export function activeShortcuts(): { keys: string; meaning: string }[] {
  const seen = new Set<string>();
  return active
    .toReversed()
    .flat()
    .filter(item => item.meaning && !seen.has(item.keys) && seen.add(item.keys))
    .map(({ keys, meaning }) => ({ keys, meaning }));
}
