// Before → after: what a change changed, read from `updates`, `changes` and the pairs `previous_*` / `current_*`.
import { show } from "./document.ts";
import type { Document } from "./types.ts";

export interface Difference {
  name: string;
  before: string | undefined;
  after: string | undefined;
}

const text = (value: unknown) => (value === undefined || value === null ? undefined : show(value));

function ofUpdates(updates: unknown): Difference[] {
  if (!Array.isArray(updates)) return [];
  return updates.flatMap((update): Difference[] => {
    if (typeof update !== "object" || update === null) return [];
    const row = update as Document;
    const name = row.type ?? row.name ?? row.field ?? row.setting;
    const before = row.previous_value ?? row.previous ?? row.from;
    const after = row.current_value ?? row.current ?? row.to;
    if (name === undefined || (before === undefined && after === undefined)) return [];
    return [{ name: show(name), before: text(before), after: text(after) }];
  });
}

/** The pairs in one object: `previous_role` with `current_role`, `new_role` or `role`. */
function ofPairs(fields: Document): Difference[] {
  const names = new Set<string>();
  for (const name of Object.keys(fields)) {
    const match = /^(?:previous|current|old|new)_(.+)$/.exec(name);
    if (match?.[1]) names.add(match[1]);
  }
  return [...names].sort().flatMap(name => {
    const before = fields[`previous_${name}`] ?? fields[`old_${name}`];
    const after = fields[`current_${name}`] ?? fields[`new_${name}`] ?? fields[name];
    if (before === undefined && fields[`current_${name}`] === undefined && fields[`new_${name}`] === undefined)
      return [];
    return before === undefined && after === undefined ? [] : [{ name, before: text(before), after: text(after) }];
  });
}

export function differences(document: Document): Difference[] {
  const audit = (document.anthropic as Document | undefined)?.audit as Document | undefined;
  if (!audit) return [];
  const bag = typeof audit.metadata === "object" && audit.metadata !== null ? (audit.metadata as Document) : {};
  return [...ofUpdates(audit.updates), ...ofUpdates(bag.updates), ...ofPairs({ ...bag, ...audit })];
}
