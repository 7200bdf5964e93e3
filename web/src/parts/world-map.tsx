// Countries of events on a map: the darker, the more; click narrows. A chunk of its own, because the outlines weigh as much as a
// third of the app. It stands beside a table that says the same, and is hidden from those who cannot see it.
import { height, outlines, width } from "virtual:world";
import { useMark } from "../lib/app.ts";
import { countryName } from "../lib/document.ts";
import { count } from "../lib/format.ts";

export default function WorldMap({ field, counts }: { field: string; counts: Map<string, number> }) {
  const mark = useMark();
  const most = Math.max(1, ...counts.values());
  // One visit and ten thousand should both be seen: the square root of the square root.
  const strength = (value: number) => 0.22 + 0.78 * (value / most) ** 0.35;
  return (
    <svg className="world" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {Object.entries(outlines).map(([code, path]) => {
        const value = counts.get(code) ?? 0;
        return value > 0 ? (
          // biome-ignore lint/a11y/noStaticElementInteractions: the table beside the map does the same with the keyboard
          <path
            key={code}
            d={path}
            className="land visited"
            style={{ fillOpacity: strength(value) }}
            onClick={mark(field, code)}
          >
            <title>{`${countryName(code)}: ${count(value)}`}</title>
          </path>
        ) : (
          <path key={code} d={path} className="land" />
        );
      })}
    </svg>
  );
}
