// The query: typed with suggestions of fields and values, run with Enter, its error shown at the column it is about.
import { type RefObject, useEffect, useId, useRef, useState } from "react";
import { type ApiError, api } from "../lib/api.ts";
import { questionText, useApp } from "../lib/app.ts";
import { count } from "../lib/format.ts";
import { type Completion, completionAt, quote } from "../lib/query-text.ts";
import { Icon } from "./icons.tsx";

interface Suggestion {
  text: string;
  note: string;
}

export function QueryBar({ input, error }: { input: RefObject<HTMLInputElement | null>; error: ApiError | undefined }) {
  const { address, go } = useApp();
  const [text, setText] = useState(address.query);
  const [caret, setCaret] = useState<number | undefined>();
  const [chosen, setChosen] = useState(-1);
  const id = useId();
  useEffect(() => setText(address.query), [address.query]);
  const completion = caret === undefined ? undefined : completionAt(text, caret);
  const suggestions = useSuggestions(completion);
  const open = suggestions.length > 0;
  const dirty = text.trim() !== address.query;

  const accept = (suggestion: Suggestion) => {
    if (!completion) return;
    const insert = completion.kind === "field" ? `${suggestion.text}:` : `${quote(suggestion.text)} `;
    const at = completion.start + insert.length;
    setText(text.slice(0, completion.start) + insert + text.slice(completion.end).replace(/^"?\s?/, ""));
    setChosen(-1);
    requestAnimationFrame(() => {
      input.current?.setSelectionRange(at, at);
      setCaret(at);
    });
  };
  const run = () => {
    setCaret(undefined);
    go({ query: text.trim() });
  };
  const key = (event: React.KeyboardEvent) => {
    if (event.key === "Enter") {
      const suggestion = suggestions[chosen];
      if (suggestion) accept(suggestion);
      else run();
    } else if (event.key === "Tab" && open && completion?.prefix) {
      accept(suggestions[Math.max(0, chosen)] ?? { text: "", note: "" });
    } else if (event.key === "ArrowDown" && open) setChosen((chosen + 1) % suggestions.length);
    else if (event.key === "ArrowUp" && open) setChosen((chosen - 1 + suggestions.length) % suggestions.length);
    else if (event.key === "Escape") {
      if (open) setCaret(undefined);
      else input.current?.blur();
    } else return;
    event.preventDefault();
  };
  return (
    <search className="query">
      <div className="query-box" data-error={error?.column !== undefined}>
        <Icon name="search" />
        <input
          ref={input}
          value={text}
          placeholder='Search: words, or event.action:*_key_created and not user.email:"…"'
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="off"
          aria-label="Query"
          role="combobox"
          aria-expanded={open}
          aria-controls={`${id}-list`}
          aria-activedescendant={open && chosen >= 0 ? `${id}-${chosen}` : undefined}
          aria-invalid={error?.column !== undefined}
          aria-describedby={error ? `${id}-error` : undefined}
          onChange={event => {
            setText(event.target.value);
            setCaret(event.target.selectionStart ?? undefined);
            setChosen(-1);
          }}
          onClick={event => setCaret(event.currentTarget.selectionStart ?? undefined)}
          onFocus={event => setCaret(event.currentTarget.selectionStart ?? undefined)}
          onBlur={() => setCaret(undefined)}
          onKeyDown={key}
        />
        {text && (
          <button
            type="button"
            className="quiet"
            aria-label="Clear the query"
            onClick={() => {
              setText("");
              go({ query: "" });
              input.current?.focus();
            }}
          >
            <Icon name="close" size={12} />
          </button>
        )}
        <button
          type="button"
          className="run"
          data-dirty={dirty}
          onClick={run}
          title="Search (Enter)"
          aria-label="Search"
        >
          ⏎
        </button>
      </div>
      <div id={`${id}-list`} role="listbox" aria-label="Suggestions" className="suggestions" hidden={!open}>
        {suggestions.map((suggestion, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are handled by the combobox
          <div
            key={suggestion.text}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            onPointerDown={event => event.preventDefault()}
            onClick={() => accept(suggestion)}
          >
            <span className="mono">{suggestion.text}</span>
            <span className="faint">{suggestion.note}</span>
          </div>
        ))}
      </div>
      {error && <QueryError id={`${id}-error`} query={address.query} error={error} />}
    </search>
  );
}

function QueryError({ id, query, error }: { id: string; query: string; error: ApiError }) {
  const column = error.column;
  return (
    <div className="query-error" id={id} role="alert">
      {column !== undefined && query && (
        <pre aria-hidden="true">
          {query.slice(0, column - 1)}
          <mark>{query.slice(column - 1) || " "}</mark>
        </pre>
      )}
      <p>
        {error.message}
        {column !== undefined && <span className="faint"> (column {column})</span>}
      </p>
      {error.hint && <p className="soft">{error.hint}</p>}
    </div>
  );
}

function useSuggestions(completion: Completion | undefined): Suggestion[] {
  const app = useApp();
  const { fields } = app;
  const [values, setValues] = useState<{ key: string; list: Suggestion[] }>({ key: "", list: [] });
  const latest = useRef(app);
  latest.current = app;
  const key = completion?.kind === "value" ? `${completion.field} ${completion.prefix}` : "";
  useEffect(() => {
    if (!key) return;
    const [field = "", prefix = ""] = key.split(" ");
    const abort = new AbortController();
    const timer = setTimeout(() => {
      api
        .values({ ...questionText(latest.current, undefined, ""), field, prefix, size: "8" }, abort.signal)
        .then(found =>
          setValues({ key, list: found.map(item => ({ text: String(item.value), note: count(item.count) })) }),
        )
        .catch(() => setValues({ key, list: [] }));
    }, 120);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [key]);
  if (!completion) return [];
  if (completion.kind === "value") return values.key.startsWith(`${completion.field} `) ? values.list : [];
  const prefix = completion.prefix.toLowerCase();
  if (!prefix) return [];
  const starts = fields.filter(field => field.name.toLowerCase().startsWith(prefix));
  const holds = fields.filter(field => !starts.includes(field) && field.name.toLowerCase().includes(prefix));
  return [...starts, ...holds].slice(0, 9).map(field => ({ text: field.name, note: field.meaning ?? field.type }));
}
