// The list of events: a first page that follows the question, further pages as the reader scrolls, and rows with headings.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type ApiError, api } from "../../lib/api.ts";
import { type App, question } from "../../lib/app.ts";
import { actor, timeOf } from "../../lib/document.ts";
import { moment, type Zone } from "../../lib/time.ts";
import type { Hit } from "../../lib/types.ts";
import { useQuery } from "../../lib/use-query.ts";

const PAGE = 100;

/** What the table itself needs of a document, beside the chosen columns. */
const NEEDED = [
  "@timestamp",
  "message",
  "event.id",
  "event.action",
  "event.category",
  "event.outcome",
  "event.severity",
  "anthropic.audit.actor.id",
  "anthropic.audit.actor.name",
  "anthropic.audit.actor.type",
  "user.email",
  "source.ip",
  "source.geo.name",
  "source.geo.city_name",
  "source.geo.country_name",
  "source.geo.country_iso_code",
];

export interface EventList {
  hits: Hit[];
  total: number;
  loading: boolean;
  loadingMore: boolean;
  stale: boolean;
  error: ApiError | undefined;
  more: () => void;
  reload: () => void;
}

export function useEvents(app: App): EventList {
  const { sort, columns } = app.address;
  const fields = [...new Set([...NEEDED, ...columns.filter(name => name !== "from")])];
  const order: Record<string, "asc" | "desc">[] = [{ [sort.field]: sort.direction }];
  const asked = { ...question(app), sort: order, size: PAGE, fields };
  const key = JSON.stringify(asked);
  const firstPage = useQuery(key, signal => api.search(asked, signal));
  const [further, setFurther] = useState<{ key: string; hits: Hit[]; end: boolean }>({ key: "", hits: [], end: false });
  const [loadingMore, setLoadingMore] = useState(false);
  const busy = useRef(false);
  const hits = useMemo(() => {
    const start = firstPage.data?.hits ?? [];
    return further.key === key && !firstPage.stale ? [...start, ...further.hits] : start;
  }, [firstPage.data, firstPage.stale, further, key]);
  const latest = useRef({ key, asked, hits });
  latest.current = { key, asked, hits };
  useEffect(() => {
    busy.current = false;
    setLoadingMore(false);
    setFurther(before => (before.key === key ? before : { key, hits: [], end: false }));
  }, [key]);
  const total = firstPage.data?.total ?? 0;
  const end = (further.key === key && further.end) || hits.length >= total;
  const more = useCallback(() => {
    const now = latest.current;
    const after = now.hits.at(-1)?.sort;
    if (busy.current || end || !after) return;
    busy.current = true;
    setLoadingMore(true);
    api
      .search({ ...now.asked, search_after: after })
      .then(answer => {
        if (latest.current.key !== now.key) return;
        setFurther(before => ({
          key: now.key,
          hits: [...(before.key === now.key ? before.hits : []), ...answer.hits],
          end: answer.hits.length < PAGE,
        }));
      })
      .catch(() => undefined)
      .finally(() => {
        if (latest.current.key !== now.key) return;
        busy.current = false;
        setLoadingMore(false);
      });
  }, [end]);
  const { loading, stale, error, reload } = firstPage;
  return { hits, total, loading, loadingMore, stale, error, more, reload };
}

export type Row = { kind: "event"; hit: Hit } | { kind: "heading"; text: string; count: number; key: string };

/** Rows of the table: as they come, by the minute, or by actor in the order of their first appearance. */
export function rows(hits: Hit[], group: "" | "actor" | "minute", zone: Zone): Row[] {
  if (!group) return hits.map(hit => ({ kind: "event", hit }));
  const groups = new Map<string, { text: string; hits: Hit[] }>();
  for (const hit of hits) {
    const who = actor(hit.document);
    const time = timeOf(hit.document);
    const key = group === "actor" ? who.id : String(Math.floor(time / 60_000));
    const found = groups.get(key);
    if (found) found.hits.push(hit);
    else groups.set(key, { text: group === "actor" ? who.name : moment(time, zone, Date.now(), false), hits: [hit] });
  }
  return [...groups].flatMap(([key, { text, hits: inner }]): Row[] => [
    { kind: "heading", key, text, count: inner.length },
    ...inner.map(hit => ({ kind: "event" as const, hit })),
  ]);
}
