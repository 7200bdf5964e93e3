// One event taken along: as a link, a query, JSON, or a command that asks for it again.
import { first } from "../../lib/document.ts";
import { filter, filterQuery } from "../../lib/query-text.ts";
import type { EventAnswer } from "../../lib/types.ts";
import { CopyMenu } from "../../parts/copies.tsx";
import { Icon } from "../../parts/icons.tsx";

/** The feed is asked again for this moment: with the reader's own key, which is not written here. */
function curl(answer: EventAnswer): string | undefined {
  const page = answer.provenance?.page;
  return page ? `curl -H "x-api-key: $ANTHROPIC_COMPLIANCE_KEY" '${page.url.replaceAll("'", "%27")}'` : undefined;
}

export function CopyEvent({ answer }: { answer: EventAnswer }) {
  const id = first(answer.document, "event.id");
  const query = filterQuery(filter("event.id", id));
  const ours = `curl -b "$COOKIES" '${location.origin}/api/v1/events/${encodeURIComponent(id)}'`;
  return (
    <CopyMenu
      name="Copy this event"
      title="Copy"
      label={<Icon name="copy" />}
      copies={[
        { name: "Link", text: location.href, what: "the link" },
        { name: "Query", text: query, what: "the query" },
        { name: "Document, JSON", text: JSON.stringify(answer.document, null, 2), what: "the document" },
        { name: "Raw record, exact", text: answer.raw ?? undefined, what: "the exact record" },
        { name: "curl, from this console", text: ours, what: "the command" },
        { name: "curl, the request that brought it", text: curl(answer), what: "the command" },
        { name: "Command", text: `claudetrail search '${query}' --format json`, what: "the command" },
      ]}
    />
  );
}
