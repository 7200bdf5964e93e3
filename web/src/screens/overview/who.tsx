// Who: those who acted most, with their kind and how it went over time; each leads to their own screen.
import { formatAddress, onActor } from "../../lib/address.ts";
import { api } from "../../lib/api.ts";
import { questionText, useApp } from "../../lib/app.ts";
import { actorKind } from "../../lib/categories.ts";
import { shorten } from "../../lib/document.ts";
import { count, percent } from "../../lib/format.ts";
import { useQuery } from "../../lib/use-query.ts";
import { GoLink } from "../../parts/go-link.tsx";
import { Icon } from "../../parts/icons.tsx";
import { Spark } from "../../parts/spark.tsx";
import { Panel, Problem, Skeleton } from "../../parts/states.tsx";

export function Who({ total }: { total: number }) {
  const app = useApp();
  const { address } = app;
  const asked = { ...questionText(app), size: "8" };
  const { data, error, stale, reload } = useQuery(JSON.stringify(asked), signal => api.actors(asked, signal));
  return (
    <Panel
      title="Who"
      stale={stale}
      aside={
        data && (
          <GoLink className="link" to={{ ...address, screen: "actors" }}>
            All {count(data.total)} →
          </GoLink>
        )
      }
    >
      {error && error.column === undefined && <Problem error={error} retry={reload} />}
      {!data && !error && <Skeleton rows={8} />}
      {data?.actors.length === 0 && <p className="faint">Nobody in this range</p>}
      <ol className="who">
        {data?.actors.map(actor => (
          <li key={actor.id}>
            <GoLink to={onActor(address, actor.id)} title={formatAddress(onActor(address, actor.id))}>
              <Icon name={actorKind(actor.type).sign} size={14} />
              <span className="who-name">{shorten(actor.name.split("@")[0] ?? actor.name, 30)}</span>
              <Spark counts={actor.spark} width={72} height={16} />
              <span className="who-count">{count(actor.events)}</span>
              <span className="faint who-share">{percent(actor.events, total)}</span>
            </GoLink>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
