// No events: what was asked, over what range, and the most likely next step.
import { api } from "../../lib/api.ts";
import { question, useApp } from "../../lib/app.ts";
import { count } from "../../lib/format.ts";
import { DAY, describeRange } from "../../lib/time.ts";
import { useQuery } from "../../lib/use-query.ts";
import { Nothing } from "../../parts/states.tsx";

const WIDER: { label: string; from: string; length: number }[] = [
  { label: "the last 24 hours", from: "now-24h", length: DAY },
  { label: "the last 30 days", from: "now-30d", length: 30 * DAY },
  { label: "the last year", from: "now-1y", length: 365 * DAY },
];

export function NoEvents() {
  const app = useApp();
  const { address, go, span, zone } = app;
  const narrowed = address.query !== "" || address.filters.some(item => item.enabled);
  const wider = WIDER.filter(item => item.length > span.to - span.from);
  const counts = useQuery(`wider ${JSON.stringify([question(app), wider.length])}`, async signal =>
    Promise.all(
      wider.map(
        async item => (await api.search({ ...question(app, { from: item.from, to: "now" }), size: 0 }, signal)).total,
      ),
    ),
  );
  const without = useQuery(narrowed ? `without ${span.from} ${span.to}` : undefined, async signal => {
    const asked = question(app);
    return (await api.search({ ...asked, query: "", filters: [], size: 0 }, signal)).total;
  });
  const at = counts.data?.findIndex(total => total > 0) ?? -1;
  const better = wider[at];
  return (
    <Nothing
      title={`No events ${narrowed ? "match" : ""} in ${describeRange(address.range, span.to, zone).replace(/^Last/, "the last")}.`}
    >
      {better && (
        <p>
          <button type="button" className="link" onClick={() => go({ range: { from: better.from, to: "now" } })}>
            {count(counts.data?.[at] ?? 0)} in {better.label} →
          </button>
        </p>
      )}
      {narrowed && (
        <p>
          {without.data !== undefined && `${count(without.data)} events were searched. `}
          <button type="button" className="link" onClick={() => go({ query: "", filters: [] })}>
            Clear query and filters
          </button>
        </p>
      )}
      {!narrowed && !better && counts.data && (
        <p>Nothing has been collected for this range. The Trail screen says what is covered.</p>
      )}
    </Nothing>
  );
}
