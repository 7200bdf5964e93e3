// Events: "Find the one." Facets at the left, a virtual table, and a drawer with everything about one event.
import { useCallback, useMemo, useState } from "react";
import { useApp, useKept } from "../lib/app.ts";
import { first } from "../lib/document.ts";
import { useShortcuts } from "../lib/keyboard.ts";
import { apply } from "../lib/query-text.ts";
import { Icon } from "../parts/icons.tsx";
import { Problem, Skeleton } from "../parts/states.tsx";
import { Drawer } from "./events/drawer.tsx";
import { Facets } from "./events/facets.tsx";
import { rows as makeRows, useEvents } from "./events/list.ts";
import { NoEvents } from "./events/no-events.tsx";
import { type Density, EventTable } from "./events/table.tsx";
import { Toolbar } from "./events/toolbar.tsx";

export function EventsScreen() {
  const app = useApp();
  const { address, go } = app;
  const events = useEvents(app);
  const [selected, setSelected] = useState(-1);
  const [facets, setFacets] = useState(false);
  const [density, setDensity] = useKept<Density>("density", "comfortable");
  const list = useMemo(() => makeRows(events.hits, address.group, app.zone), [events.hits, address.group, app.zone]);
  const hits = useMemo(() => list.flatMap(row => (row.kind === "event" ? [row.hit] : [])), [list]);
  const at = address.event ? hits.findIndex(hit => hit.id === address.event) : selected;
  const open = useCallback((id: string) => go({ event: id }, { replace: address.event !== "" }), [go, address.event]);
  const move = (by: number) => {
    const next = Math.max(0, Math.min(hits.length - 1, at + by));
    setSelected(next);
    const hit = hits[next];
    if (address.event && hit) open(hit.id);
    if (next > hits.length - 20) events.more();
  };
  const filterBy = (how: "narrow" | "exclude") => {
    const hit = hits[at];
    if (hit) go({ filters: apply(address.filters, "event.action", first(hit.document, "event.action"), how) });
  };
  useShortcuts([
    { keys: "j", meaning: "Next event", run: () => move(1) },
    { keys: "k", meaning: "Previous event", run: () => move(-1) },
    { keys: "Enter", meaning: "Open the event", run: () => hits[at] && open(hits[at].id) },
    {
      keys: "Escape",
      meaning: "Close",
      run: () => {
        setSelected(at);
        go({ event: "", tab: "" });
      },
    },
    { keys: "f", meaning: "Only this kind of event", run: () => filterBy("narrow") },
    {
      keys: "d",
      meaning: "Dense rows, or not",
      run: () => setDensity(density === "compact" ? "comfortable" : "compact"),
    },
    { keys: "x", meaning: "Without this kind of event", run: () => filterBy("exclude") },
  ]);
  return (
    <div className="events" data-drawer={address.event !== ""} data-facets={facets}>
      <h1 className="visually-hidden">Events</h1>
      <div className="facets-side">
        <button type="button" className="quiet facets-close" onClick={() => setFacets(false)}>
          <Icon name="close" /> Close filters
        </button>
        <Facets />
      </div>
      <section className="list" aria-label="Events">
        <Toolbar
          loaded={hits.length}
          total={events.total}
          showFacets={() => setFacets(true)}
          density={density}
          setDensity={setDensity}
        />
        {events.error && events.error.column === undefined && <Problem error={events.error} retry={events.reload} />}
        {!events.error && hits.length === 0 && events.loading && <Skeleton rows={16} height={18} />}
        {!events.error && hits.length === 0 && !events.loading && <NoEvents />}
        {hits.length > 0 && (
          <EventTable
            rows={list}
            density={density}
            selected={hits[at]?.id ?? ""}
            stale={events.stale}
            total={events.total}
            loadingMore={events.loadingMore}
            more={events.more}
            open={open}
          />
        )}
      </section>
      {address.event && <Drawer id={address.event} move={move} />}
    </div>
  );
}
