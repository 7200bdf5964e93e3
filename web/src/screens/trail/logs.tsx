// The vendor's transparency logs: what is proven of each, what does not hold, and what was said of that.
import { useApp } from "../../lib/app.ts";
import { count, plural } from "../../lib/format.ts";
import { moment } from "../../lib/time.ts";
import type { TransparencyLog } from "../../lib/types.ts";

/** Rows of a log by their state, in words; a state without rows is left out. */
function told({ rows, former }: TransparencyLog): string {
  const parts = [
    `${plural(rows.proven, "row")} proven`,
    rows.waiting > 0 && `${count(rows.waiting)} waiting for the log`,
    rows.without_leaf > 0 && `${count(rows.without_leaf)} outside the log`,
    rows.broken > 0 && `${count(rows.broken)} broken`,
    former && "of a former parent organization",
  ];
  return parts.filter(Boolean).join(", ");
}

export function Logs({ logs }: { logs: TransparencyLog[] }) {
  const { zone } = useApp();
  const time = (at: string) => moment(Date.parse(at), zone);
  return (
    <table className="plain">
      <caption>{plural(logs.length, "transparency log")} of access by the vendor's people</caption>
      <thead>
        <tr>
          <th>Organization</th>
          <th>Rows of the trail</th>
          <th>Only grew since</th>
          <th>What does not hold</th>
        </tr>
      </thead>
      <tbody>
        {logs.map(log => (
          <tr key={log.origin}>
            <td className="mono">{log.organization_uuid}</td>
            <td>{told(log)}</td>
            <td>{log.watched_since ? time(log.watched_since) : "no checkpoint yet"}</td>
            <td>
              {log.breaks.length === 0 && "nothing"}
              {log.breaks.map(found => (
                <p key={found.number}>
                  <span className={found.acknowledged ? "soft" : "failure"}>
                    {found.kind} since {time(found.found_at)} (break {found.number})
                  </span>
                  : {found.detail}
                  {found.acknowledged && (
                    <span className="soft">
                      {" "}
                      · acknowledged by {found.acknowledged.by} at {time(found.acknowledged.at)}:{" "}
                      {found.acknowledged.reason}
                    </span>
                  )}
                </p>
              ))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
