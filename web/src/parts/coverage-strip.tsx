// Coverage in sight: under the histogram and as wide, solid where the trail is complete, hatched where it is not yet settled,
// red where there is a gap. Hover says why.
import { useState } from "react";
import { api } from "../lib/api.ts";
import { useApp } from "../lib/app.ts";
import { type Segment, segments, summary } from "../lib/coverage.ts";
import { duration } from "../lib/format.ts";
import { iso, moment, type Span } from "../lib/time.ts";
import { useQuery } from "../lib/use-query.ts";
import { ScreenLink } from "./frame.tsx";
import { GUTTER } from "./plot.tsx";

const WORDS = { complete: "Complete", unsettled: "Not yet settled", gap: "Gap", outside: "Outside the trail" };

export function CoverageStrip({ span }: { span: Span }) {
  const { data, error, stale } = useQuery(`coverage ${span.from} ${span.to}`, signal =>
    api.coverage(iso(span.from), iso(span.to), signal),
  );
  const feeds = data?.feeds ?? [];
  const parts = feeds.map(feed => ({ name: feed.name, parts: segments(feed.intervals, span) }));
  const said = parts
    .map(feed => (parts.length > 1 ? `${feed.name} ${summary(feed.parts)}` : summary(feed.parts)))
    .join("; ");
  const bad = error !== undefined || parts.some(feed => feed.parts.some(part => part.state === "gap"));
  return (
    <div className="coverage" data-stale={stale}>
      <div className="coverage-strips" style={{ marginLeft: GUTTER }}>
        {parts.length === 0 && <div className="strip" data-loading={!error} />}
        {parts.map(feed => (
          <Strip key={feed.name} name={feed.name} parts={feed.parts} />
        ))}
      </div>
      <ScreenLink screen="trail" className="coverage-said">
        <span className="faint">Trail:</span> <span data-bad={bad}>{error ? error.message : said || "…"}</span>
      </ScreenLink>
    </div>
  );
}

export function Strip({ name, parts, tall = false }: { name: string; parts: Segment[]; tall?: boolean }) {
  const { zone } = useApp();
  const [hover, setHover] = useState<Segment | undefined>();
  return (
    <div
      className={`strip ${tall ? "strip-tall" : ""}`}
      role="img"
      aria-label={`Coverage of ${name}: ${summary(parts)}`}
    >
      {parts.map(part => (
        <div
          key={part.from}
          className="strip-part"
          data-state={part.state}
          style={{ left: `${part.left}%`, width: `max(${part.width}%, 2px)` }}
          onPointerEnter={() => setHover(part)}
          onPointerLeave={() => setHover(undefined)}
        />
      ))}
      {hover && (
        <div
          className="tip tip-below"
          data-side={hover.left + hover.width / 2 > 50 ? "left" : "right"}
          style={{ left: `${hover.left + hover.width / 2}%` }}
        >
          <p>
            <strong>{WORDS[hover.state]}</strong> <span className="faint">· {name}</span>
          </p>
          <p>
            {moment(hover.from, zone, Date.now(), false)} → {moment(hover.to, zone, Date.now(), false)} (
            {duration((hover.to - hover.from) / 1000)})
          </p>
          {hover.reason && <p>{hover.reason}</p>}
        </div>
      )}
    </div>
  );
}
