// The commonest values of a field with their share: each is a filter.
import { MARK_HINT, useMark } from "../lib/app.ts";
import { count } from "../lib/format.ts";
import type { Bucket } from "../lib/types.ts";

export function TopList(props: {
  field: string;
  found: Bucket[];
  say?: ((value: string) => string) | undefined;
  /** What is said where there is nothing. */
  none?: string;
}) {
  const mark = useMark();
  const { field, found, say } = props;
  const most = Math.max(1, ...found.map(bucket => bucket.doc_count));
  if (found.length === 0) return <p className="faint">{props.none ?? "Not in these events"}</p>;
  return (
    <ol className="top-list">
      {found.map(bucket => {
        const value = String(bucket.key);
        return (
          <li key={value} className="facet-value">
            <button type="button" className="facet-main" title={`${value}. ${MARK_HINT}`} onClick={mark(field, value)}>
              <span className="facet-bar" style={{ width: `${(bucket.doc_count / most) * 100}%` }} />
              <span className="facet-label">{say?.(value) ?? value}</span>
              <span className="facet-count">{count(bucket.doc_count)}</span>
            </button>
          </li>
        );
      })}
    </ol>
  );
}
