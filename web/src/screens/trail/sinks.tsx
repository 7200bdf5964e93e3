// Sinks: how far each has come and how fast, and what it refused, with the reason and what can be done about it.
import { useEffect, useRef, useState } from "react";
import { onScreen } from "../../lib/address.ts";
import { ApiError, api } from "../../lib/api.ts";
import { useApp } from "../../lib/app.ts";
import { count, plural } from "../../lib/format.ts";
import { moment } from "../../lib/time.ts";
import type { DeadLetter, Sink } from "../../lib/types.ts";
import { useQuery } from "../../lib/use-query.ts";
import { Panel, Problem, Skeleton } from "../../parts/states.tsx";
import { Fact, Failure } from "./facts.tsx";

/** Deliveries a second, from one look at the cursor to the next. */
function useRate(cursor: number): number | undefined {
  const last = useRef<{ cursor: number; at: number } | undefined>(undefined);
  const [rate, setRate] = useState<number | undefined>();
  useEffect(() => {
    const now = Date.now();
    const before = last.current;
    if (before && now - before.at > 500) setRate(((cursor - before.cursor) * 1000) / (now - before.at));
    last.current = { cursor, at: now };
  }, [cursor]);
  return rate;
}

export function Sinks({ sinks, reload }: { sinks: Sink[]; reload: () => void }) {
  return (
    <Panel title="Sinks" note={sinks.length === 0 ? "none configured: the ledger is the only copy" : undefined}>
      {sinks.map(sink => (
        <OneSink key={sink.name} sink={sink} reload={reload} />
      ))}
    </Panel>
  );
}

function OneSink({ sink, reload }: { sink: Sink; reload: () => void }) {
  const { zone } = useApp();
  const rate = useRate(sink.cursor);
  return (
    <section className="sink">
      <h3>{sink.name}</h3>
      <dl className="facts">
        <Fact name="Delivered up to" value={count(sink.cursor)} />
        <Fact name="Behind" value={sink.behind === 0 ? "level" : count(sink.behind)} />
        {rate !== undefined && rate > 0 && <Fact name="A second" value={count(Math.round(rate))} />}
        {sink.settled_at && (
          <Fact name="Last delivery" value={moment(Date.parse(sink.settled_at), zone, Date.now(), false)} />
        )}
        <Fact
          name="Refused"
          value={sink.dead_letters === 0 ? "none" : count(sink.dead_letters)}
          bad={sink.dead_letters > 0}
        />
      </dl>
      {sink.last_error && <Failure error={sink.last_error} />}
      {sink.dead_letters > 0 && <DeadLetterList sink={sink} reload={reload} />}
    </section>
  );
}

function DeadLetterList({ sink, reload }: { sink: Sink; reload: () => void }) {
  const { session, say } = useApp();
  const found = useQuery(`dead letters ${sink.name} ${sink.dead_letters}`, signal =>
    api.deadLetters({ sink: sink.name, size: "20" }, signal),
  );
  const [busy, setBusy] = useState(false);
  const act = async (run: () => Promise<string>) => {
    setBusy(true);
    try {
      say(await run());
    } catch (problem) {
      say(problem instanceof ApiError ? problem.message : String(problem));
    } finally {
      setBusy(false);
      found.reload();
      reload();
    }
  };
  const retry = (sequences?: number[]) =>
    act(async () => {
      const told = await api.retryDeadLetters(sink.name, sequences);
      if (told.reason) return `Still refused: ${told.reason}`;
      return `${plural(told.delivered + told.already_there, "document")} delivered, ${count(told.refused)} refused`;
    });
  const drop = (sequence: number) =>
    act(async () => `Dropped ${plural((await api.dropDeadLetters(sink.name, [sequence])).dropped, "document")}`);
  const may = session.actions?.includes("dead_letters") ?? false;
  const letters = found.data?.dead_letters ?? [];
  return (
    <>
      {found.error && <Problem error={found.error} retry={found.reload} />}
      {found.loading && !found.data && <Skeleton rows={3} />}
      {letters.length > 0 && (
        <table className="plain">
          <caption>What it refused</caption>
          <thead>
            <tr>
              <th>Sequence</th>
              <th>What</th>
              <th>Why</th>
              <th>Attempts</th>
              {may && (
                <th>
                  <button type="button" className="button" disabled={busy} onClick={() => retry()}>
                    Deliver all again
                  </button>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {letters.map(letter => (
              <Letter key={letter.sequence} letter={letter} may={may} busy={busy} retry={retry} drop={drop} />
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function Letter(props: {
  letter: DeadLetter;
  may: boolean;
  busy: boolean;
  retry: (sequences: number[]) => void;
  drop: (sequence: number) => void;
}) {
  const { address, go } = useApp();
  const { letter, may, busy } = props;
  return (
    <tr>
      <td>{count(letter.sequence)}</td>
      <td>
        <button
          type="button"
          className="change-sentence"
          onClick={() => go({ ...onScreen(address, "events"), query: "", filters: [], event: letter.event_id ?? "" })}
        >
          {letter.sentence ?? letter.event_id}
        </button>
      </td>
      <td>{letter.reason}</td>
      <td>{count(letter.attempts)}</td>
      {may && (
        <td className="letter-acts">
          <button type="button" className="button" disabled={busy} onClick={() => props.retry([letter.sequence])}>
            Again
          </button>
          <button type="button" className="button" disabled={busy} onClick={() => props.drop(letter.sequence)}>
            Drop
          </button>
        </td>
      )}
    </tr>
  );
}
