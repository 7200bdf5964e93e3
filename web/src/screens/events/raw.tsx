// The record exactly as received, the request that brought it, and why it is in the trail.
import { type App, useApp } from "../../lib/app.ts";
import { bytes, count, duration, plural } from "../../lib/format.ts";
import { moment } from "../../lib/time.ts";
import type { EventAnswer, Provenance } from "../../lib/types.ts";
import { copy } from "../../parts/copies.tsx";
import { Icon } from "../../parts/icons.tsx";

/** Laid out for reading; what is copied is the exact text. */
function pretty(raw: string): string {
  try {
    return JSON.stringify(JSON.parse(raw), null, 2);
  } catch {
    return raw;
  }
}

export function Raw({ answer }: { answer: EventAnswer }) {
  const app = useApp();
  const { raw, provenance } = answer;
  return (
    <>
      {raw === null ? (
        <p className="soft">The exact record is kept in the ledger, which this console does not hold.</p>
      ) : (
        <>
          <div className="drawer-row">
            <p className="faint">Laid out for reading; what is copied is exactly as received.</p>
            <button type="button" className="button" onClick={() => copy(app, raw, "the exact record")}>
              <Icon name="copy" size={13} /> Copy exact text
            </button>
          </div>
          <pre className="raw">{pretty(raw)}</pre>
        </>
      )}
      {provenance && <Origin provenance={provenance} app={app} />}
    </>
  );
}

function Origin({ provenance, app }: { provenance: Provenance; app: App }) {
  const { page } = provenance;
  const rows: [string, string][] = [
    ["Feed", provenance.feed],
    ["Ledger sequence", count(provenance.sequence)],
    ["First seen", moment(Date.parse(provenance.first_seen), app.zone)],
    ["After it happened", provenance.lag_seconds === null ? "" : duration(provenance.lag_seconds)],
    ["Late", provenance.late ? "yes: its time had been settled already" : "no"],
    ["SHA-256 of the record", provenance.activity_sha256],
  ];
  if (page) {
    rows.push(
      [
        "Page",
        `${count(page.number)}, ${bytes(page.body_bytes)}: ${count(page.inserted)} new, ${count(page.duplicates)} known`,
      ],
      ["Request", page.url],
      ["Request id", page.request_id ?? ""],
      ["SHA-256 of the page", page.body_sha256],
      ["Chain head after it", page.chain_head],
    );
  }
  return (
    <section className="origin">
      <h3>How it came here</h3>
      <dl className="essentials">
        {rows.map(
          ([name, value]) =>
            value && (
              <div key={name}>
                <dt>{name}</dt>
                <dd className="mono">{value}</dd>
              </div>
            ),
        )}
      </dl>
    </section>
  );
}

/** Why the trail holds this: when it came, how late that was, and which stretch of time was being asked for. */
export function WhyHere({ provenance }: { provenance: Provenance }) {
  const { zone } = useApp();
  const when = (time: string) => moment(Date.parse(time), zone);
  const { lag_seconds: lag, late, first_drained: drained, page } = provenance;
  return (
    <section className="why">
      <h3>Why is this here?</h3>
      <p className="soft">
        First seen {when(provenance.first_seen)}
        {lag !== null && `, ${duration(lag)} after it happened`}
        {late && <b className="failure">, late: its time had counted as complete</b>}.{" "}
        {drained && `It came while ${when(drained.gte)} → ${when(drained.lt)} was asked for, down to the last page. `}
        {page &&
          `Page ${count(page.number)} brought it, with ${plural(page.inserted - 1, "other")} that ${page.inserted === 2 ? "was" : "were"} new. `}
        It is number {count(provenance.sequence)} of the ledger of {provenance.feed}.
      </p>
    </section>
  );
}
