// One event taken along: as a link, a query, JSON, or a command that asks for it again.
import { useApp } from "../../lib/app.ts";
import { first } from "../../lib/document.ts";
import { filter, filterQuery } from "../../lib/query-text.ts";
import type { EventAnswer } from "../../lib/types.ts";
import { copy } from "../../parts/command-palette.tsx";
import { Icon } from "../../parts/icons.tsx";
import { Menu } from "../../parts/menu.tsx";

/** The feed is asked again for this moment: with the reader's own key, which is not written here. */
function curl(answer: EventAnswer): string | undefined {
  const page = answer.provenance?.page;
  return page ? `curl -H "x-api-key: $ANTHROPIC_COMPLIANCE_KEY" '${page.url.replaceAll("'", "%27")}'` : undefined;
}

export function CopyMenu({ answer }: { answer: EventAnswer }) {
  const app = useApp();
  const id = first(answer.document, "event.id");
  const query = filterQuery(filter("event.id", id));
  const request = curl(answer);
  const copies: [name: string, text: string | undefined, what: string][] = [
    ["Link", location.href, "the link"],
    ["Query", query, "the query"],
    ["Document, JSON", JSON.stringify(answer.document, null, 2), "the document"],
    ["Raw record, exact", answer.raw ?? undefined, "the exact record"],
    [
      "curl, from this console",
      `curl -b "$COOKIES" '${location.origin}/api/v1/events/${encodeURIComponent(id)}'`,
      "the command",
    ],
    ["curl, the request that brought it", request, "the command"],
    ["Command", `claudetrail search '${query}' --format json`, "the command"],
  ];
  return (
    <Menu className="quiet" align="right" name="Copy this event" title="Copy" label={<Icon name="copy" />}>
      {close => (
        <div className="menu-list">
          {copies.map(
            ([name, text, what]) =>
              text !== undefined && (
                <button
                  key={name}
                  type="button"
                  onClick={() => {
                    close();
                    void copy(app, text, what);
                  }}
                >
                  {name}
                </button>
              ),
          )}
        </div>
      )}
    </Menu>
  );
}
