// What every part may know: the address, the session, the moment the screen was asked for, the reader's choices.
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState } from "react";
import { type Address, formatAddress, parseAddress } from "./address.ts";
import { apply, type Filter, filter, filterQuery, gesture, wholeQuery } from "./query-text.ts";
import { askedBefore, askedRange, iso, resolveRange, type Span, type TimeRange, type Zone, zoneId } from "./time.ts";
import type { Field, Range, SearchRequest, Session } from "./types.ts";

/** The one field to group by, whatever acted. */
export const ACTOR = "anthropic.audit.actor.id";

export type Theme = "auto" | "light" | "dark";

export interface App {
  address: Address;
  /** Changes the address: a new entry of the history unless `replace`. */
  go: (change: Partial<Address> | ((address: Address) => Address), options?: { replace?: boolean }) => void;
  /** The range in milliseconds, as of the last refresh. */
  span: Span;
  /** The last refresh: the moment that relative times are relative to. */
  now: number;
  refresh: () => void;
  session: Session;
  fields: Field[];
  zone: Zone;
  setZone: (zone: Zone) => void;
  theme: Theme;
  setTheme: (theme: Theme) => void;
  /** Says something for a moment at the foot of the screen. */
  say: (text: string) => void;
}

export const AppContext = createContext<App | undefined>(undefined);

export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error("useApp outside the app");
  return app;
}

/** The address as state, following the browser's back and forward. */
export function useAddress(): [Address, App["go"]] {
  const [address, setAddress] = useState(() => parseAddress(location.pathname, location.search));
  const current = useRef(address);
  current.current = address;
  useEffect(() => {
    const back = () => setAddress(parseAddress(location.pathname, location.search));
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, []);
  const go = useCallback<App["go"]>((change, options) => {
    const next = typeof change === "function" ? change(current.current) : { ...current.current, ...change };
    const text = formatAddress(next);
    if (text === location.pathname + location.search) return;
    if (options?.replace) history.replaceState(null, "", text);
    else history.pushState(null, "", text);
    current.current = next;
    setAddress(next);
  }, []);
  return [address, go];
}

/** A choice of the reader's that the browser keeps. */
export function useKept<T extends string>(name: string, start: T): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => (localStorage.getItem(`claudetrail.${name}`) as T | null) ?? start);
  const keep = useCallback(
    (next: T) => {
      localStorage.setItem(`claudetrail.${name}`, next);
      setValue(next);
    },
    [name],
  );
  return [value, keep];
}

/** The range of the address in milliseconds; "now" moves only with `refresh`, by hand or every so many seconds. */
export function useSpan(
  range: TimeRange,
  zone: Zone,
  everySeconds: number,
): { span: Span; now: number; refresh: () => void } {
  const [now, setNow] = useState(() => Date.now());
  const refresh = useCallback(() => setNow(Date.now()), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a newly chosen range is asked for as of this moment
  useEffect(() => refresh(), [range.from, range.to, refresh]);
  useEffect(() => {
    if (everySeconds === 0) return;
    const timer = setInterval(() => document.visibilityState === "visible" && refresh(), everySeconds * 1000);
    return () => clearInterval(timer);
  }, [everySeconds, refresh]);
  const span = useMemo(() => resolveRange(range, now, zone), [range, now, zone]);
  return { span, now, refresh };
}

/** The filters of the address, and what the screen is about. */
function allFilters({ screen, subject, filters }: Address): Filter[] {
  return screen === "actors" && subject ? [...filters, filter(ACTOR, subject)] : filters;
}

/** When, as it is asked for: all questions of a screen agree on "now", and the access log counts a refresh as the same question. */
function when(app: App, range: TimeRange) {
  return { ...range, now: iso(app.now), time_zone: zoneId(app.zone) };
}

/** The range of the address, as it is asked for. */
export function thisRange(app: App): TimeRange {
  return askedRange(app.address.range, app.span);
}

/** The period before it. */
export function rangeBefore(app: App): TimeRange {
  return askedBefore(app.address.range, app.span);
}

/** The part of a search request that the address decides. */
export function question(
  app: App,
  range: TimeRange = thisRange(app),
  extra: Filter[] = [],
): Omit<SearchRequest, "size"> {
  const filters = [...allFilters(app.address), ...extra].map(item => ({
    query: filterQuery(item),
    negate: item.negate,
    enabled: item.enabled,
  }));
  return { query: app.address.query, filters, ...when(app, range) };
}

/** The same for calls that take the whole question as one text. */
export function questionText(app: App, range: TimeRange = thisRange(app), query = asOneQuery(app)): Range {
  return { query, ...when(app, range) };
}

/** Query and filters as one text of the query language. */
export function asOneQuery(app: App): string {
  return wholeQuery(app.address.query, allFilters(app.address));
}

/** Handler of a mark: click narrows, alt excludes, shift adds. */
export function useMark(): (field: string, value: unknown) => (event: { altKey: boolean; shiftKey: boolean }) => void {
  const { go } = useApp();
  return useCallback(
    (field, value) => event =>
      go(address => ({ ...address, filters: apply(address.filters, field, value, gesture(event)) })),
    [go],
  );
}

export const MARK_HINT = "Click to narrow, Alt to exclude, Shift to add";
