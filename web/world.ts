// The map of the world, made at build time: outlines of countries (Natural Earth, public domain, by way of world-atlas) as paths of
// SVG by ISO code. The page gets paths and no geometry, and only when a map is shown.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { geoEqualEarth, geoPath } from "d3-geo";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import type { Plugin } from "vite";

const NAME = "virtual:world";
const WIDTH = 960;
const HEIGHT = 430;

type Codes = [alpha2: string, alpha3: string, numeric: string][];

function outlines(): Record<string, string> {
  const require = createRequire(import.meta.url);
  const read = (name: string) => JSON.parse(readFileSync(require.resolve(name), "utf8")) as unknown;
  const codes = new Map((read("i18n-iso-countries/codes.json") as Codes).map(([two, , number]) => [number, two]));
  const topology = read("world-atlas/countries-110m.json") as Topology<{ countries: GeometryCollection }>;
  const countries = feature(topology, topology.objects.countries).features.filter(
    // Antarctica takes a fifth of the map, and nobody signs in from there.
    country => country.id !== "010",
  );
  const projection = geoEqualEarth().fitSize([WIDTH, HEIGHT], { type: "FeatureCollection", features: countries });
  const path = geoPath(projection).digits(1);
  return Object.fromEntries(
    countries.flatMap((country, index) => {
      const drawn = path(country);
      // What no code names is drawn all the same, and cannot be chosen.
      return drawn ? [[codes.get(String(country.id ?? "")) ?? `-${index}`, drawn]] : [];
    }),
  );
}

export function world(): Plugin {
  return {
    name: "world",
    resolveId: id => (id === NAME ? `\0${NAME}` : undefined),
    load: id =>
      id === `\0${NAME}`
        ? `export const width = ${WIDTH}; export const height = ${HEIGHT}; export const outlines = ${JSON.stringify(outlines())};`
        : undefined,
  };
}
