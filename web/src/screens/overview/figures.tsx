// Four figures, each with its change against the period before, each a link to its events.
import { onScreen } from "../../lib/address.ts";
import * as agg from "../../lib/aggregations.ts";
import { useApp } from "../../lib/app.ts";
import { PRIVILEGED } from "../../lib/categories.ts";
import { change, count } from "../../lib/format.ts";
import { expression, type Filter, filter } from "../../lib/query-text.ts";
import type { Aggregations, Bucket, SearchAnswer } from "../../lib/types.ts";

export const FAILED_SIGN_INS = "event.outcome:failure and event.category:authentication";
const PEOPLE = filter("anthropic.audit.actor.type", "user_actor");

export const FIGURES: Aggregations = {
  people: agg.matching("anthropic.audit.actor.type:user_actor", {
    number: agg.cardinality("anthropic.audit.actor.id"),
  }),
  failed: agg.matching(FAILED_SIGN_INS),
  privileged: agg.matching(PRIVILEGED),
};

function readFigures(answer: SearchAnswer | undefined) {
  const people = answer?.aggregations?.people as Bucket | undefined;
  return {
    events: answer?.total ?? 0,
    people: agg.value(people, "number"),
    failed: agg.docCount(answer?.aggregations, "failed"),
    privileged: agg.docCount(answer?.aggregations, "privileged"),
  };
}

export function Figures({
  now,
  before,
  stale,
}: {
  now: SearchAnswer | undefined;
  before: SearchAnswer | undefined;
  stale: boolean;
}) {
  const { address, go } = useApp();
  const shown = readFigures(now);
  const past = readFigures(before);
  const figures: { name: string; key: keyof typeof shown; filters: Filter[] }[] = [
    { name: "Events", key: "events", filters: [] },
    { name: "People active", key: "people", filters: [PEOPLE] },
    { name: "Failed sign-ins", key: "failed", filters: [expression(FAILED_SIGN_INS)] },
    { name: "Privileged changes", key: "privileged", filters: [expression(PRIVILEGED)] },
  ];
  return (
    <ul className="figures" data-stale={stale}>
      {figures.map(({ name, key, filters }) => (
        <li key={key}>
          <button
            type="button"
            className="figure"
            title="See these events"
            onClick={() => go({ ...onScreen(address, "events"), filters: [...address.filters, ...filters] })}
          >
            <span className="soft">{name}</span>
            <strong>{now ? count(shown[key]) : "…"}</strong>
            <span className="faint">
              {now && before ? `${change(shown[key], past[key]).text} · ${count(past[key])} the period before` : " "}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
