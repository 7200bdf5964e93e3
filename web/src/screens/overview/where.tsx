// From where: countries on a map and in a list, places and networks beside them. Everything can be done without the map.
import { lazy, Suspense } from "react";
import * as agg from "../../lib/aggregations.ts";
import { countryName } from "../../lib/document.ts";
import type { Aggregations, SearchAnswer } from "../../lib/types.ts";
import { Panel, Skeleton } from "../../parts/states.tsx";
import { TopList } from "../../parts/top-list.tsx";

const WorldMap = lazy(() => import("../../parts/world-map.tsx"));

const COUNTRY = "source.geo.country_iso_code";
const LISTS = [
  { name: "countries", title: "Countries", field: COUNTRY, say: countryName },
  { name: "places", title: "Places", field: "source.geo.name", say: undefined },
  { name: "networks", title: "Networks", field: "source.as.organization.name", say: undefined },
  { name: "addresses", title: "Addresses", field: "source.ip", say: undefined },
];

export const WHERE: Aggregations = {
  ...Object.fromEntries(LISTS.map(({ name, field }) => [name, agg.terms(field, name === "countries" ? 250 : 7)])),
};

export function Where({ answer, stale }: { answer: SearchAnswer | undefined; stale: boolean }) {
  const countries = agg.buckets(answer?.aggregations, "countries");
  const counts = new Map(countries.map(bucket => [String(bucket.key), bucket.doc_count]));
  return (
    <Panel title="From where" stale={stale}>
      <div className="where">
        <Suspense fallback={<div className="world" />}>
          <WorldMap field={COUNTRY} counts={counts} />
        </Suspense>
        {LISTS.map(({ name, title, field, say }) => (
          <section key={name}>
            <h3>{title}</h3>
            {answer ? (
              <TopList field={field} found={agg.buckets(answer.aggregations, name).slice(0, 7)} say={say} />
            ) : (
              <Skeleton rows={5} />
            )}
          </section>
        ))}
      </div>
    </Panel>
  );
}
