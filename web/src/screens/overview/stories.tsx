// The demo's six incidents, as a list to walk through: each a link to the screen that shows it.
import { parseAddress } from "../../lib/address.ts";
import { api } from "../../lib/api.ts";
import { useApp, useKept } from "../../lib/app.ts";
import { moment } from "../../lib/time.ts";
import { useQuery } from "../../lib/use-query.ts";
import { Icon } from "../../parts/icons.tsx";
import { Panel } from "../../parts/states.tsx";

export function Stories() {
  const { go, session, zone } = useApp();
  const [kept, keep] = useKept<"shown" | "hidden">("stories", "shown");
  const { data } = useQuery(session.demo ? "stories" : undefined, signal => api.stories(signal));
  if (!data || data.length === 0) return null;
  const shown = kept === "shown";
  return (
    <Panel
      title="Six things to find"
      note="planted in this demo; someone should have noticed"
      aside={
        <button type="button" className="link" aria-expanded={shown} onClick={() => keep(shown ? "hidden" : "shown")}>
          {shown ? "Hide" : "Show"}
        </button>
      }
    >
      {shown && (
        <ol className="stories">
          {data.map(story => (
            <li key={story.number}>
              <a
                href={story.link}
                onClick={event => {
                  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
                  event.preventDefault();
                  const [path = "", search = ""] = story.link.split("?");
                  go(parseAddress(path, search));
                  scrollTo(0, 0);
                }}
              >
                {story.number}. {story.title} <Icon name="right" size={11} />
              </a>
              <p className="soft">{story.text}</p>
              <p className="faint">{moment(Date.parse(story.from), zone, Date.now(), false)}</p>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
