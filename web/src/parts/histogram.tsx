// Events over time, stacked by category; brush or click to zoom, the categories beside it filter.
import { useMemo, useState } from "react";
import { buckets } from "../lib/aggregations.ts";
import { MARK_HINT, useApp, useMark } from "../lib/app.ts";
import { CATEGORY_MEANINGS, CATEGORY_NAMES, type Category, categoryOf } from "../lib/categories.ts";
import { count, plural } from "../lib/format.ts";
import { type Headline, series, stacked } from "../lib/headline.ts";
import { around, clock, DAY, moment, previous } from "../lib/time.ts";
import { GUTTER, Plot, type PlotSeries } from "./plot.tsx";

export function Histogram({ headline }: { headline: Headline }) {
  const { go, span, zone, address } = useApp();
  const [hover, setHover] = useState<{ index: number; left: number } | undefined>();
  const { now, before, width } = headline;
  // While an answer to an earlier question is shown, it is drawn where it belongs.
  const shown = useMemo(() => series(now.data, span, width), [now.data, span, width]);
  const past = useMemo(() => series(before.data, previous(span), width), [before.data, span, width]);
  const drawn: PlotSeries[] = stacked(shown)
    .toReversed()
    .map(([name, values]) => ({ label: name, color: `--category-${name}`, values, shape: "bars" }));
  const plain =
    drawn.length === 0
      ? [{ label: "events", color: "--category-api", values: shown.totals, shape: "bars" as const }]
      : drawn;
  const ghost: PlotSeries[] =
    address.compare && before.data
      ? [
          {
            label: "previous period",
            color: "--text-faint",
            values: shown.times.map((_, index) => past.totals[index] ?? null),
            shape: "steps",
            dash: true,
          },
        ]
      : [];
  const total = now.data?.total ?? 0;
  return (
    <div className="histogram" data-stale={now.stale}>
      <Legend headline={headline} />
      <div className="histogram-plot">
        <Plot
          times={shown.times}
          series={[...plain, ...ghost]}
          span={span}
          zone={zone}
          height={innerWidth < 600 ? 96 : 124}
          label={`Events over time: ${plural(total, "event")} from ${moment(span.from, zone)} to ${moment(span.to, zone)}`}
          onRange={range => go({ range: around(range) })}
          onHover={(index, left) => setHover(index === undefined ? undefined : { index, left })}
        />
        {hover && <Tip shown={shown} past={ghost[0]} index={hover.index} left={hover.left} width={width} />}
      </div>
    </div>
  );
}

function Tip(props: {
  shown: ReturnType<typeof series>;
  past: PlotSeries | undefined;
  index: number;
  left: number;
  width: number;
}) {
  const { zone } = useApp();
  const { shown, index, width } = props;
  const from = shown.times[index];
  if (from === undefined) return null;
  const end = width >= DAY ? "" : ` – ${clock(from + width, zone, width < 60_000)}`;
  const rows = [...shown.categories].flatMap(([name, counts]) =>
    counts[index] ? [[name, counts[index]] as const] : [],
  );
  const before = props.past?.values[index];
  return (
    <div className="tip" data-side={props.left > innerWidth / 2 ? "left" : "right"} style={{ left: props.left }}>
      <p className="faint">
        {moment(from, zone, Date.now(), width < 60_000)}
        {end}
      </p>
      <p>
        <strong>{count(shown.totals[index] ?? 0)}</strong> events
        {typeof before === "number" && <span className="faint"> · {count(before)} in the period before</span>}
      </p>
      {rows.map(([name, value]) => (
        <p key={name} className="tip-row">
          <i style={{ background: `var(--category-${name})` }} />
          {CATEGORY_NAMES[name]}
          <span>{count(value)}</span>
        </p>
      ))}
    </div>
  );
}

/** The categories with their counts: each is a filter. */
function Legend({ headline }: { headline: Headline }) {
  const { address } = useApp();
  const mark = useMark();
  const found = buckets(headline.now.data?.aggregations, "category");
  const chosen = new Set(
    address.filters.flatMap(item =>
      item.field === "event.category" && item.enabled && !item.negate ? item.values : [],
    ),
  );
  return (
    <ul className="legend" aria-label="Categories" style={{ marginLeft: GUTTER }}>
      {found.map(bucket => {
        const name: Category = categoryOf(String(bucket.key));
        return (
          <li key={String(bucket.key)}>
            <button
              type="button"
              aria-pressed={chosen.has(String(bucket.key))}
              title={`${CATEGORY_MEANINGS[name]}. ${MARK_HINT}`}
              onClick={mark("event.category", bucket.key)}
            >
              <i style={{ background: `var(--category-${name})` }} />
              {name === "other" ? String(bucket.key) : CATEGORY_NAMES[name]}{" "}
              <span className="faint">{count(bucket.doc_count)}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
