// The access log: who signed in, searched, read and exported with this console; itself searchable, for administrators.
import { useEffect, useState } from "react";
import { ApiError, api } from "../lib/api.ts";
import { useApp } from "../lib/app.ts";
import { count } from "../lib/format.ts";
import { iso, moment } from "../lib/time.ts";
import type { Access } from "../lib/types.ts";
import { useQuery } from "../lib/use-query.ts";
import { Nothing, Panel, Problem, Skeleton } from "../parts/states.tsx";
import { TimePicker } from "../parts/time-picker.tsx";

const PAGE = 100;

const ACTIONS: [string, string][] = [
  ["", "Everything"],
  ["sign-in", "Sign-ins"],
  ["sign-out", "Sign-outs"],
  ["session-end", "Ended sessions"],
  ["search", "Searches"],
  ["event", "Opened events"],
  ["export", "Exports"],
  ["verify", "Verifications"],
  ["attest", "Signed statements"],
  ["retry_dead_letters", "Delivered again"],
  ["drop_dead_letters", "Dropped"],
];

const WORDS: Record<string, string> = {
  "sign-in": "signed in",
  "sign-out": "signed out",
  "session-end": "ended a session",
  search: "searched",
  event: "opened an event",
  export: "exported",
  verify: "verified the chain",
  attest: "had a statement signed",
  retry_dead_letters: "had refused documents delivered again",
  drop_dead_letters: "dropped refused documents",
};

export function AccessLogScreen() {
  const { address, go, span, session } = useApp();
  const { action = "", find = "" } = address.options;
  const asked: Record<string, string> = {
    from: iso(span.from),
    to: iso(span.to),
    size: String(PAGE),
    ...(action ? { action } : {}),
    ...(find ? { text: find } : {}),
  };
  const allowed = session.role === "admin";
  const { data, error, stale, reload } = useQuery(allowed ? JSON.stringify(asked) : undefined, signal =>
    api.accessLog(asked, signal),
  );
  const choose = (option: Record<string, string>) =>
    go({ options: { ...address.options, ...option } }, { replace: "find" in option });
  return (
    <div className="page">
      <h1>Who looked at what?</h1>
      {!allowed && <Nothing title="Administrators see the access log">Your role is {session.role}.</Nothing>}
      {allowed && (
        <>
          <div className="page-tools">
            <Find value={find} change={text => choose({ find: text })} label="Find in user, address or detail" />
            <TimePicker signal={0} />
          </div>
          <fieldset className="choice choice-wide">
            <legend className="visually-hidden">Kind of access</legend>
            {ACTIONS.map(([key, name]) => (
              <button key={name} type="button" aria-pressed={action === key} onClick={() => choose({ action: key })}>
                {name}
              </button>
            ))}
          </fieldset>
          {error && <Problem error={error} retry={reload} />}
          {!data && !error && <Skeleton rows={12} />}
          {data?.length === 0 && (
            <Nothing title="No access like that in this range">Widen the time, or clear what is asked.</Nothing>
          )}
          {data && data.length > 0 && <Entries key={JSON.stringify(asked)} first={data} asked={asked} stale={stale} />}
        </>
      )}
    </div>
  );
}

/** A field that asks when the reader pauses. */
export function Find({ value, change, label }: { value: string; change: (text: string) => void; label: string }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => change(text), 250);
    return () => clearTimeout(timer);
  });
  return (
    <input
      className="find"
      value={text}
      placeholder={label}
      aria-label={label}
      spellCheck={false}
      onChange={event => setText(event.target.value)}
    />
  );
}

function Entries({ first, asked, stale }: { first: Access[]; asked: Record<string, string>; stale: boolean }) {
  const { zone, say } = useApp();
  const [more, setMore] = useState<Access[]>([]);
  const [end, setEnd] = useState(first.length < PAGE);
  const entries = [...first, ...more];
  const older = async () => {
    try {
      const found = await api.accessLog({ ...asked, before: String(entries.at(-1)?.id ?? 0) });
      setMore([...more, ...found]);
      setEnd(found.length < PAGE);
    } catch (problem) {
      say(problem instanceof ApiError ? problem.message : String(problem));
    }
  };
  return (
    <Panel title="Accesses" note="newest first; the same again within ten minutes is counted" stale={stale}>
      <ol className="accesses">
        {entries.map(entry => (
          <li key={entry.id} data-bad={entry.outcome === "failure"}>
            <time className="faint" dateTime={iso(Date.parse(entry.at))} title={iso(Date.parse(entry.at))}>
              {moment(Date.parse(entry.at), zone)}
            </time>
            <span>
              <b>{entry.user || "somebody"}</b> {entry.outcome === "failure" && "was refused: "}
              {WORDS[entry.action] ?? entry.action}
              {entry.times > 1 && <span className="faint"> {count(entry.times)} times</span>}
            </span>
            <span className="mono access-detail">{entry.detail}</span>
            <span className="mono faint">{entry.address}</span>
          </li>
        ))}
      </ol>
      {!end && (
        <button type="button" className="button" onClick={older}>
          Older
        </button>
      )}
    </Panel>
  );
}
