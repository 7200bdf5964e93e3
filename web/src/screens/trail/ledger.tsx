// The ledger: how far it is, its chain head, its verification and the signed statement about it; and the search index beside it.
import { useState } from "react";
import { ApiError, api } from "../../lib/api.ts";
import { useApp } from "../../lib/app.ts";
import { bytes, count } from "../../lib/format.ts";
import { moment } from "../../lib/time.ts";
import type { Trail, Verification } from "../../lib/types.ts";
import { copy } from "../../parts/copies.tsx";
import { Icon } from "../../parts/icons.tsx";
import { Panel, Problem } from "../../parts/states.tsx";
import { Fact } from "./facts.tsx";

export function Ledger(props: { trail: Trail; lastVerify: Verification | null; verified: () => void }) {
  const app = useApp();
  const { ledger, search } = props.trail;
  const behind =
    search?.sequence === null || search?.sequence === undefined ? undefined : ledger.sequence - search.sequence;
  return (
    <Panel title="Ledger" note="every activity hashed and chained">
      <dl className="facts">
        <Fact name="Sequence" value={count(ledger.sequence)} />
        <Fact name="Size" value={bytes(ledger.bytes)} />
        {behind !== undefined && (
          <Fact
            name={search?.backend === "embedded" ? "Search index" : "Searchable"}
            value={behind > 0 ? `${count(behind)} behind the ledger` : "level with the ledger"}
          />
        )}
      </dl>
      <p className="chain">
        <span className="soft">Chain head</span> <code>{ledger.chain_head}</code>
        <button
          type="button"
          className="quiet"
          aria-label="Copy the chain head"
          onClick={() => copy(app, ledger.chain_head, "the chain head")}
        >
          <Icon name="copy" size={13} />
        </button>
      </p>
      {search?.error && <p className="failure">Search index: {search.error}</p>}
      <Verify last={props.lastVerify} verified={props.verified} />
    </Panel>
  );
}

/** What the last verification found, and the buttons that verify anew and sign a statement. */
function Verify({ last, verified }: { last: Verification | null; verified: () => void }) {
  const { session, say, zone } = useApp();
  const [busy, setBusy] = useState("");
  const [problem, setProblem] = useState<ApiError | undefined>();
  const may = (action: string) => session.actions?.includes(action) ?? false;
  const act = async (what: string, run: () => Promise<void>) => {
    setBusy(what);
    setProblem(undefined);
    try {
      await run();
    } catch (error) {
      setProblem(error instanceof ApiError ? error : new ApiError(0, "internal", String(error)));
    } finally {
      setBusy("");
    }
  };
  return (
    <>
      <p className={last && !last.ok ? "failure" : "soft"}>
        {last
          ? `${last.ok ? "Verified" : "Verification failed"} ${moment(Date.parse(last.at), zone)} by ${last.by}: ${last.message}`
          : "Not verified from here yet. Verifying recomputes the chain from the stored bytes and must arrive at the same head."}
      </p>
      <p className="ledger-acts">
        {may("verify") && (
          <button
            type="button"
            className="button"
            disabled={busy !== ""}
            onClick={() =>
              act("verify", async () => {
                const found = await api.verify();
                say(found.ok ? "The chain is whole" : "The verification failed");
                verified();
              })
            }
          >
            <Icon name="check" size={13} /> {busy === "verify" ? "Verifying…" : "Verify now"}
          </button>
        )}
        {may("attestation") && (
          <button
            type="button"
            className="button"
            disabled={busy !== ""}
            onClick={() =>
              act("attestation", async () => {
                const { name, document, report } = await api.attest();
                download(name, "application/json", JSON.stringify(document, null, 2));
                download(name.replace(/\.json$/, ".md"), "text/markdown", report);
              })
            }
          >
            <Icon name="export" size={13} /> {busy === "attestation" ? "Signing…" : "Signed statement for an auditor"}
          </button>
        )}
      </p>
      {problem && <Problem error={problem} />}
    </>
  );
}

function download(name: string, type: string, text: string) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
