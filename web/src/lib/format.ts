// Numbers, sizes and durations as a person reads them.

const whole = new Intl.NumberFormat("en-GB");
const compactForm = new Intl.NumberFormat("en-GB", { notation: "compact", maximumFractionDigits: 1 });

export function count(value: number): string {
  return whole.format(value);
}

/** 1,204 → "1,204"; 93,608 → "93.6K". For axes and narrow places. */
export function compact(value: number): string {
  return value < 10_000 ? whole.format(value) : compactForm.format(value);
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = value;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${size >= 100 || unit === 0 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** Seconds as "41 s", "3 min 20 s", "2 h 5 min", "30 d 2 h". */
export function duration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const pairs: [number, string, number, string][] = [
    [60, "min", 1, "s"],
    [3600, "h", 60, "min"],
    [86_400, "d", 3600, "h"],
  ];
  const step = seconds < 3600 ? 0 : seconds < 86_400 ? 1 : 2;
  const [large, largeName, small, smallName] = pairs[step] as [number, string, number, string];
  const first = Math.floor(seconds / large);
  const rest = Math.floor((seconds % large) / small);
  return `${count(first)} ${largeName}${rest ? ` ${rest} ${smallName}` : ""}`;
}

export interface Change {
  text: string;
  direction: "up" | "down" | "same";
}

/** How a figure moved against the previous period: "+12 %", "3 times as many", "new". */
export function change(now: number, before: number): Change {
  if (now === before) return { text: "no change", direction: "same" };
  const direction = now > before ? "up" : "down";
  if (before === 0) return { text: "none before", direction };
  const ratio = now / before;
  if (ratio >= 3)
    return { text: `${ratio < 10 ? Number(ratio.toFixed(1)) : Math.round(ratio)} times as many`, direction };
  return { text: `${ratio > 1 ? "+" : "−"}${Math.round(Math.abs(ratio - 1) * 100)} %`, direction };
}

export function percent(part: number, all: number): string {
  if (all === 0) return "0 %";
  const share = (part / all) * 100;
  return share > 0 && share < 1 ? "< 1 %" : `${Math.round(share)} %`;
}

/** The words of a code name: "admin_api_key_created" → "admin api key created". */
export function words(name: string): string {
  return name.replaceAll("_", " ");
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
