// The table: only the rows in sight are in the page, so that a hundred thousand scroll as smoothly as ten.
import { useEffect, useRef, useState } from "react";
import { type App, MARK_HINT, useApp, useMark } from "../../lib/app.ts";
import { actor, first, place, sentence, shorten, show, timeOf, values } from "../../lib/document.ts";
import { count } from "../../lib/format.ts";
import { clock, iso, moment } from "../../lib/time.ts";
import type { Hit } from "../../lib/types.ts";
import type { Row } from "./list.ts";

export const COLUMN_NAMES: Record<string, string> = {
  message: "What happened",
  "anthropic.audit.actor.name": "Actor",
  from: "From",
  "event.outcome": "Outcome",
};

const WIDTHS: Record<string, string> = {
  message: "minmax(240px, 4fr)",
  "anthropic.audit.actor.name": "minmax(140px, 1.1fr)",
  from: "minmax(130px, 0.9fr)",
  "event.outcome": "76px",
};

export type Density = "comfortable" | "compact";

/** Height of a row, on a desk and on a phone. */
const HEIGHTS: Record<Density, [wide: number, narrow: number]> = { comfortable: [34, 84], compact: [26, 62] };

interface TableProps {
  rows: Row[];
  density: Density;
  selected: string;
  stale: boolean;
  total: number;
  loadingMore: boolean;
  more: () => void;
  open: (id: string) => void;
}

export function useNarrow(): boolean {
  const query = "(max-width: 640px)";
  const [narrow, setNarrow] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const change = () => setNarrow(list.matches);
    list.addEventListener("change", change);
    return () => list.removeEventListener("change", change);
  }, []);
  return narrow;
}

export function EventTable(props: TableProps) {
  const { address } = useApp();
  const { rows, selected, more } = props;
  const narrow = useNarrow();
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  const height = HEIGHTS[props.density][narrow ? 1 : 0];
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const read = () => setView({ top: element.scrollTop, height: element.clientHeight });
    const resize = new ResizeObserver(read);
    resize.observe(element);
    element.addEventListener("scroll", read, { passive: true });
    return () => {
      resize.disconnect();
      element.removeEventListener("scroll", read);
    };
  }, []);
  const from = Math.max(0, Math.floor(view.top / height) - 8);
  const to = Math.min(rows.length, Math.ceil((view.top + view.height) / height) + 8);
  useEffect(() => {
    if (to >= rows.length - 12) more();
  }, [to, rows.length, more]);
  const at = rows.findIndex(row => row.kind === "event" && row.hit.id === selected);
  useEffect(() => {
    const element = scroller.current;
    if (!element || at < 0) return;
    const head = narrow ? 0 : 30;
    const top = at * height;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + height + head > element.scrollTop + element.clientHeight)
      element.scrollTop = top + height + head - element.clientHeight;
  }, [at, height, narrow]);
  const template = `118px ${address.columns.map(name => WIDTHS[name] ?? "minmax(120px, 1fr)").join(" ")}`;
  return (
    <div
      ref={scroller}
      className="table"
      data-live-list
      data-density={props.density}
      data-stale={props.stale}
      role="grid"
      aria-label="Events"
      aria-rowcount={props.total}
      aria-colcount={address.columns.length + 1}
      tabIndex={0}
    >
      {!narrow && <Head template={template} />}
      <div className="table-body" role="rowgroup" style={{ height: rows.length * height }}>
        {rows.slice(from, to).map((row, index) => (
          <RowView
            key={row.kind === "event" ? row.hit.id : `heading ${row.key}`}
            row={row}
            index={from + index}
            height={height}
            template={template}
            narrow={narrow}
            selected={row.kind === "event" && row.hit.id === selected}
            open={props.open}
          />
        ))}
      </div>
      {props.loadingMore && <div className="table-more faint">Loading more…</div>}
    </div>
  );
}

function Head({ template }: { template: string }) {
  const { address, go } = useApp();
  const { columns, sort } = address;
  const sortable = (field: string) => (
    <button
      type="button"
      onClick={() =>
        go({ sort: { field, direction: sort.field === field && sort.direction === "desc" ? "asc" : "desc" } })
      }
    >
      {field === "@timestamp" ? "Time" : (COLUMN_NAMES[field] ?? field)}
      {sort.field === field && <span aria-hidden="true">{sort.direction === "desc" ? " ↓" : " ↑"}</span>}
    </button>
  );
  const order = (field: string) =>
    sort.field === field ? (sort.direction === "desc" ? "descending" : "ascending") : undefined;
  return (
    <div role="rowgroup" className="table-head">
      <div role="row" tabIndex={-1} style={{ gridTemplateColumns: template }} className="table-row">
        <div role="columnheader" tabIndex={-1} aria-sort={order("@timestamp")}>
          {sortable("@timestamp")}
        </div>
        {columns.map((name, index) => (
          <div
            key={name}
            role="columnheader"
            tabIndex={-1}
            aria-sort={order(name)}
            draggable
            title={name === "from" ? "Place and address" : `${name}; drag to move`}
            onDragStart={event => event.dataTransfer.setData("text/column", name)}
            onDragOver={event => event.dataTransfer.types.includes("text/column") && event.preventDefault()}
            onDrop={event => {
              const moved = event.dataTransfer.getData("text/column");
              const rest = columns.filter(each => each !== moved);
              const target = rest.indexOf(name);
              const after = columns.indexOf(moved) < index ? 1 : 0;
              if (moved && moved !== name) go({ columns: rest.toSpliced(target + after, 0, moved) });
            }}
          >
            {name === "message" || name === "from" ? <span>{COLUMN_NAMES[name]}</span> : sortable(name)}
          </div>
        ))}
      </div>
    </div>
  );
}

interface RowProps {
  row: Row;
  index: number;
  height: number;
  template: string;
  narrow: boolean;
  selected: boolean;
  open: (id: string) => void;
}

function RowView({ row, index, height, template, narrow, selected, open }: RowProps) {
  const app = useApp();
  const style = { transform: `translateY(${index * height}px)`, height };
  if (row.kind === "heading") {
    return (
      <div role="row" tabIndex={-1} className="table-heading" style={style} aria-rowindex={index + 1}>
        <div role="gridcell" tabIndex={-1}>
          {row.text} <span className="faint">{count(row.count)} loaded</span>
        </div>
      </div>
    );
  }
  const { hit } = row;
  const failed = first(hit.document, "event.outcome") === "failure";
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: j, k and Enter move and open
    <div
      role="row"
      tabIndex={-1}
      className="table-row table-event"
      aria-rowindex={index + 1}
      aria-selected={selected}
      data-failed={failed}
      style={narrow ? style : { ...style, gridTemplateColumns: template }}
      onClick={event => {
        if (getSelection()?.toString() || (event.target as Element).closest("button, a")) return;
        open(hit.id);
      }}
    >
      {narrow ? <NarrowCells hit={hit} app={app} open={open} /> : <Cells hit={hit} app={app} />}
    </div>
  );
}

function Time({ document, app }: { document: Hit["document"]; app: App }) {
  const time = timeOf(document);
  const today = Date.now() - time < 12 * 3_600_000;
  return (
    <time dateTime={iso(time)} title={`${iso(time)}`}>
      {today ? clock(time, app.zone) : moment(time, app.zone)}
    </time>
  );
}

function Cells({ hit, app }: { hit: Hit; app: App }) {
  return (
    <>
      <div role="gridcell" tabIndex={-1} className="cell-time">
        <Time document={hit.document} app={app} />
      </div>
      {app.address.columns.map(name => (
        <div role="gridcell" tabIndex={-1} key={name} className={`cell-${name.replaceAll(".", "-")}`}>
          <Cell name={name} document={hit.document} />
        </div>
      ))}
    </>
  );
}

export function ActionMark({ action, category }: { action: string; category: string }) {
  const mark = useMark();
  return (
    <button
      type="button"
      className="code"
      title={`event.action: ${action}. ${MARK_HINT}`}
      onClick={mark("event.action", action)}
    >
      <i style={{ background: `var(--category-${category})` }} />
      {action}
    </button>
  );
}

function Cell({ name, document }: { name: string; document: Hit["document"] }) {
  const mark = useMark();
  if (name === "message") {
    const { who, what } = sentence(document);
    const category = first(document, "event.category") || "other";
    return (
      <>
        <span className="sentence" title={`${who} ${what}`}>
          {who && <b>{shorten(who.split("@")[0] ?? who, 30)}</b>} {what}
        </span>
        <ActionMark action={first(document, "event.action")} category={category} />
      </>
    );
  }
  if (name === "from") {
    const where = place(document);
    const address = first(document, "source.ip");
    return address ? (
      <button type="button" className="mark" title={`${address}. ${MARK_HINT}`} onClick={mark("source.ip", address)}>
        {where || address}
      </button>
    ) : (
      <span className="faint">–</span>
    );
  }
  const found = values(document, name);
  if (found.length === 0) return <span className="faint">–</span>;
  return found.slice(0, 3).map(value => {
    const text = show(value);
    return (
      <button
        key={text}
        type="button"
        className="mark"
        data-value={text}
        title={`${text}. ${MARK_HINT}`}
        onClick={mark(name, text)}
      >
        {shorten(text, 40)}
      </button>
    );
  });
}

function NarrowCells({ hit, app, open }: { hit: Hit; app: App; open: (id: string) => void }) {
  const { who, what } = sentence(hit.document);
  const where = place(hit.document) || first(hit.document, "source.ip");
  const outcome = first(hit.document, "event.outcome");
  return (
    <div role="gridcell" tabIndex={-1} className="narrow-cell">
      <button type="button" className="narrow-sentence" onClick={() => open(hit.id)}>
        <i style={{ background: `var(--category-${first(hit.document, "event.category") || "other"})` }} />
        <span>
          <b>{shorten((who || actor(hit.document).name).split("@")[0] ?? "", 30)}</b> {what}
        </span>
      </button>
      <span className="narrow-foot faint">
        <Time document={hit.document} app={app} />
        {where && <span>{where}</span>}
        {outcome === "failure" && <span className="failure">failure</span>}
      </span>
    </div>
  );
}
