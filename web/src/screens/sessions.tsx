// Sessions: who is signed in to this console, from where and until when; each can be ended at once.
import { ApiError, api } from "../lib/api.ts";
import { useApp } from "../lib/app.ts";
import { plural } from "../lib/format.ts";
import { ago, iso, moment } from "../lib/time.ts";
import { useQuery } from "../lib/use-query.ts";
import { Icon } from "../parts/icons.tsx";
import { useClock } from "../parts/live-mark.tsx";
import { Panel, Problem, Skeleton } from "../parts/states.tsx";

const METHODS: Record<string, string> = { link: "one-time link", password: "password", oidc: "organization" };

/** "Chrome on Linux" of a browser's long name for itself. */
function browser(agent: string): string {
  const name = /(Edg|OPR|Chrome|Firefox|Safari)\//.exec(agent)?.[1] ?? "";
  const system = /(Windows|Mac OS X|Android|iPhone|Linux)/.exec(agent)?.[1] ?? "";
  const known: Record<string, string> = { Edg: "Edge", OPR: "Opera", "Mac OS X": "macOS" };
  const words = [name, system].map(word => known[word] ?? word).filter(Boolean);
  return words.join(" on ") || agent.split(" ")[0] || "–";
}

export function SessionsScreen() {
  const { say, session, zone } = useApp();
  const now = useClock(10_000);
  const { data, error, reload } = useQuery("sessions", signal => api.sessions(signal));
  const end = async (id: string, user: string) => {
    try {
      await api.endSession(id);
      say(`Ended the session of ${user}`);
      reload();
    } catch (problem) {
      say(problem instanceof ApiError ? problem.message : String(problem));
    }
  };
  return (
    <div className="page">
      <h1>Who is signed in to this console?</h1>
      <p className="soft">
        {session.role === "admin" ? "Everybody's sessions." : "Your sessions."} Ending one signs its browser out at
        once, live streams included.
      </p>
      {error && <Problem error={error} retry={reload} />}
      {!data && !error && <Skeleton rows={5} />}
      {data && (
        <Panel title={plural(data.length, "session")}>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways on a narrow screen, with the keyboard too */}
          <section className="scrolls" aria-label="Sessions" tabIndex={0}>
            <table className="plain">
              <thead>
                <tr>
                  <th>Who</th>
                  <th>From</th>
                  <th>With</th>
                  <th>By</th>
                  <th>Since</th>
                  <th>Last seen</th>
                  <th>Until</th>
                  <th>
                    <span className="visually-hidden">End</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {data.map(each => (
                  <tr key={each.id}>
                    <td>
                      <b>{each.user}</b> <span className="faint">{each.role}</span>
                    </td>
                    <td className="mono">{each.address}</td>
                    <td title={each.user_agent}>{browser(each.user_agent)}</td>
                    <td>{METHODS[each.method] ?? each.method}</td>
                    <td title={iso(Date.parse(each.created_at))}>{ago(Date.parse(each.created_at), now, zone)}</td>
                    <td title={iso(Date.parse(each.last_seen_at))}>{ago(Date.parse(each.last_seen_at), now, zone)}</td>
                    <td>{moment(Date.parse(each.expires_at), zone, now, false)}</td>
                    <td>
                      {each.current ? (
                        <span className="faint">this one</span>
                      ) : (
                        <button type="button" className="button" onClick={() => end(each.id, each.user)}>
                          <Icon name="close" size={12} /> End
                        </button>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        </Panel>
      )}
    </div>
  );
}
