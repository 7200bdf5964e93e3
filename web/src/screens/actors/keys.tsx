// Keys that an actor made, and what those keys did next; and what was changed of the actor's own access.
import { onActor, onScreen } from "../../lib/address.ts";
import { useApp } from "../../lib/app.ts";
import { sentence, shorten, timeOf } from "../../lib/document.ts";
import { plural, words } from "../../lib/format.ts";
import { moment, momentOf } from "../../lib/time.ts";
import type { Actor } from "../../lib/types.ts";
import { GoLink } from "../../parts/go-link.tsx";
import { Panel } from "../../parts/states.tsx";

export function Keys({ actor }: { actor: Actor }) {
  const { address, zone } = useApp();
  const when = (time: string | null) => momentOf(time, zone);
  return (
    <Panel title="Keys they made" note="and what those keys did next; whole trail">
      {actor.keys.length === 0 && <p className="faint">None</p>}
      <ul className="seen-keys">
        {actor.keys.map(key => (
          <li key={key.event_id}>
            <GoLink
              className="link"
              to={{ ...onScreen(address, "events"), query: "", filters: [], event: key.event_id }}
            >
              {key.name ?? shorten(key.id, 30)}
            </GoLink>{" "}
            <span className="faint">
              {words(key.action ?? "made")} {when(key.created_at)}
            </span>
            <p className="soft">
              {key.uses ? (
                <>
                  <GoLink className="link" to={onActor(address, key.uses.actor_id)}>
                    {plural(key.uses.events, "event")}
                  </GoLink>{" "}
                  since, from {when(key.uses.first_seen)} to {when(key.uses.last_seen)}
                </>
              ) : (
                "Never seen acting"
              )}
            </p>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

export function AccessChanges({ actor }: { actor: Actor }) {
  const { address, zone } = useApp();
  return (
    <Panel title="Changes of their access" note="roles, memberships; whole trail">
      {actor.access_changes.length === 0 && <p className="faint">None</p>}
      <ol className="seen-keys">
        {actor.access_changes.slice(0, 12).map(({ id, document }) => {
          const { who, what } = sentence(document);
          return (
            <li key={id}>
              <GoLink
                className="change-sentence"
                to={{ ...onScreen(address, "events"), query: "", filters: [], event: id }}
              >
                {who && <b>{shorten(who.split("@")[0] ?? who, 30)}</b>} {what}
              </GoLink>{" "}
              <span className="faint">{moment(timeOf(document), zone, Date.now(), false)}</span>
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}
