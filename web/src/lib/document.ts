// Reading documents: fields by their dotted name, all fields in a list, and the parts of a sentence.
import type { Document } from "./types.ts";

/** All values of a dotted field, whether the document is nested or flat. */
export function values(document: Document, field: string): unknown[] {
  const direct = document[field];
  if (direct !== undefined && direct !== null) return Array.isArray(direct) ? direct : [direct];
  let value: unknown = document;
  for (const part of field.split(".")) {
    if (typeof value !== "object" || value === null) return [];
    value = (value as Document)[part];
  }
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

export function first(document: Document, field: string): string {
  const value = values(document, field)[0];
  return value === undefined ? "" : show(value);
}

export function show(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

export function timeOf(document: Document): number {
  return Date.parse(first(document, "@timestamp"));
}

/** Every field with its values, by name; lists of objects stay whole. */
export function flatten(document: Document): [string, unknown[]][] {
  const found: [string, unknown[]][] = [];
  const walk = (value: unknown, name: string) => {
    if (Array.isArray(value)) {
      if (value.length > 0) found.push([name, value]);
    } else if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) walk(inner, name ? `${name}.${key}` : key);
    } else if (value !== undefined && value !== null) found.push([name, [value]]);
  };
  walk(document, "");
  return found.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Who acted: the key to filter by and the name to show. */
export function actor(document: Document): { id: string; name: string; type: string } {
  const id = first(document, "anthropic.audit.actor.id");
  return {
    id,
    name: first(document, "anthropic.audit.actor.name") || first(document, "user.email") || id || "unknown",
    type: first(document, "anthropic.audit.actor.type"),
  };
}

/** The sentence in two parts: who, and what they did. */
export function sentence(document: Document): { who: string; what: string } {
  const message = first(document, "message") || first(document, "event.action");
  const { name } = actor(document);
  for (const who of [name, first(document, "user.email")]) {
    if (who && message.startsWith(`${who} `)) return { who, what: message.slice(who.length + 1) };
  }
  return { who: "", what: message };
}

/** From where, in a few words: the user's own name of the place, else the city or country. */
export function place(document: Document): string {
  const named = first(document, "source.geo.name");
  if (named) return named;
  const city = first(document, "source.geo.city_name");
  const country =
    first(document, "source.geo.country_name") || countryName(first(document, "source.geo.country_iso_code"));
  return city && country ? `${city}, ${country}` : city || country;
}

const regions = new Intl.DisplayNames(["en"], { type: "region" });

export function countryName(code: string): string {
  if (!/^[A-Z]{2}$/.test(code)) return code;
  try {
    return regions.of(code) ?? code;
  } catch {
    return code;
  }
}

/** With what: "Chrome on macOS". */
export function agent(document: Document): string {
  const name = first(document, "user_agent.name");
  const system = first(document, "user_agent.os.name");
  if (!name || name === "Other") return first(document, "user_agent.original").split(" ")[0] ?? "";
  return system ? `${name} on ${system}` : name;
}

/** A long name of a machine shortened in its middle; people's names stay whole. */
export function shorten(name: string, most = 34): string {
  if (name.length <= most) return name;
  const tail = Math.floor((most - 1) / 3);
  return `${name.slice(0, most - 1 - tail)}…${name.slice(-tail)}`;
}
