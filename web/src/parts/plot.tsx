// A plot over time (uPlot on a canvas): it follows the width of its place and the theme, and gives back a brushed range.
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import { compact } from "../lib/format.ts";
import { clock, DAY, day, type Span, type Zone } from "../lib/time.ts";

/** Width of the scale at the left; what stands under a plot begins there too. */
export const GUTTER = 46;

export interface PlotSeries {
  label: string;
  /** The name of a custom property that holds its colour. */
  color: string;
  values: (number | null)[];
  shape: "bars" | "steps" | "line";
  dash?: boolean;
  fill?: boolean;
}

interface PlotProps {
  times: number[];
  series: PlotSeries[];
  span: Span;
  zone: Zone;
  height: number;
  label: string;
  /** Brushed, or clicked (then the range is that bucket). */
  onRange?: (span: Span) => void;
  onHover?: (index: number | undefined, left: number) => void;
}

function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888";
}

function options(props: PlotProps, width: number, latest: () => PlotProps): uPlot.Options {
  const { zone } = props;
  const tick = { stroke: color("--line"), width: 1, size: 4 };
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const bars = uPlot.paths.bars?.({ size: [0.88, 100], align: 1 });
  const steps = uPlot.paths.stepped?.({ align: 1 });
  return {
    width,
    height: props.height,
    padding: [6, 0, 0, 0],
    legend: { show: false },
    ...(zone === "utc" ? { tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC") } : {}),
    cursor: { drag: { x: props.onRange !== undefined, y: false, setScale: false }, points: { show: false }, y: false },
    scales: {
      x: { time: true, range: () => [latest().span.from / 1000, latest().span.to / 1000] },
      y: { range: (_, __, max) => [0, Math.max(1, max * 1.04)] },
    },
    axes: [
      {
        stroke: color("--text-faint"),
        font,
        size: 22,
        gap: 3,
        grid: { show: false },
        ticks: tick,
        space: 90,
        values: (_, ticks) =>
          ticks.map(seconds => {
            const { span } = latest();
            const long = span.to - span.from > 2 * DAY;
            // Half of a text at the very edge says nothing.
            if (span.to - seconds * 1000 < (span.to - span.from) * 0.015) return "";
            const text = clock(seconds * 1000, zone, false);
            return long && (text === "00:00" || span.to - span.from > 6 * DAY) ? day(seconds * 1000, zone) : text;
          }),
      },
      {
        stroke: color("--text-faint"),
        font,
        size: GUTTER,
        gap: 4,
        space: 28,
        grid: { stroke: color("--line"), width: 1 },
        ticks: { show: false },
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7],
        values: (_, ticks) => ticks.map(compact),
      },
    ],
    series: [
      {},
      ...props.series.map(item => {
        const paths = item.shape === "bars" ? bars : item.shape === "steps" ? steps : undefined;
        return {
          label: item.label,
          stroke: color(item.color),
          width: item.shape === "bars" ? 0 : 1.5,
          points: { show: false },
          ...(item.shape === "bars" || item.fill
            ? { fill: item.fill ? `${color(item.color)}22` : color(item.color) }
            : {}),
          ...(item.dash ? { dash: [3, 3] } : {}),
          ...(paths ? { paths } : {}),
        };
      }),
    ],
    hooks: {
      setCursor: [
        plot => {
          const { left, idx } = plot.cursor;
          latest().onHover?.(
            left !== undefined && left >= 0 ? indexBefore(plot, left, idx) : undefined,
            (left ?? 0) + GUTTER,
          );
        },
      ],
      setSelect: [
        plot => {
          const { left, width: wide } = plot.select;
          if (wide < 3) return;
          const [from, to] = [plot.posToVal(left, "x") * 1000, plot.posToVal(left + wide, "x") * 1000];
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          latest().onRange?.({ from: Math.floor(from), to: Math.ceil(to) });
        },
      ],
      ready: [
        plot => {
          plot.over.addEventListener("click", () => {
            const { left } = plot.cursor;
            const { times, onRange } = latest();
            if (!onRange || left === undefined || left < 0 || times.length < 2) return;
            const index = indexBefore(plot, left, undefined);
            const width = (times[1] ?? 0) - (times[0] ?? 0);
            const from = times[index ?? -1];
            if (from !== undefined) onRange({ from, to: from + width });
          });
        },
      ],
    },
  };
}

/** The bucket that holds a position: uPlot's own index is that of the nearest start. */
function indexBefore(plot: uPlot, left: number, near: number | null | undefined): number | undefined {
  const time = plot.posToVal(left, "x");
  const times = plot.data[0];
  let index = near ?? times.length - 1;
  while (index > 0 && (times[index] ?? 0) > time) index -= 1;
  while (index < times.length - 1 && (times[index + 1] ?? Infinity) <= time) index += 1;
  return index;
}

export function Plot(props: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const plot = useRef<uPlot | undefined>(undefined);
  const shape = JSON.stringify([
    props.series.map(({ label, color: of, shape: form }) => [label, of, form]),
    props.zone,
    props.height,
  ]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` stands for all that a plot is made of
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const data = (): uPlot.AlignedData => [
      latest.current.times.map(time => time / 1000),
      ...latest.current.series.map(item => item.values),
    ];
    const make = () => {
      plot.current?.destroy();
      plot.current = new uPlot(
        options(latest.current, Math.max(120, element.clientWidth), () => latest.current),
        data(),
        element,
      );
    };
    make();
    const resize = new ResizeObserver(() => {
      const width = Math.max(120, element.clientWidth);
      if (plot.current && plot.current.width !== width) plot.current.setSize({ width, height: latest.current.height });
    });
    resize.observe(element);
    addEventListener("theme-changed", make);
    return () => {
      resize.disconnect();
      removeEventListener("theme-changed", make);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [shape]);
  // A range that moves on moves the plot, which is not made anew: a brush that has begun goes on.
  const content = JSON.stringify([
    props.span,
    props.times[0],
    props.times.length,
    props.series.map(item => item.values),
  ]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `content` stands for the data
  useEffect(() => {
    plot.current?.setData([
      latest.current.times.map(time => time / 1000),
      ...latest.current.series.map(item => item.values),
    ]);
  }, [content]);
  return <div ref={place} className="plot" role="img" aria-label={props.label} style={{ height: props.height }} />;
}
