// What stands where there is nothing yet, nothing at all, or something went wrong. Each says what to do next.
import type { ReactNode } from "react";
import type { ApiError } from "../lib/api.ts";
import { Icon } from "./icons.tsx";

export function Skeleton({ rows = 5, height = 14 }: { rows?: number; height?: number }) {
  return (
    <div className="skeleton" aria-busy="true" aria-label="Loading" role="status">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} style={{ height, width: `${92 - ((index * 37) % 41)}%` }} />
      ))}
    </div>
  );
}

export function Problem({ error, retry }: { error: ApiError; retry?: () => void }) {
  return (
    <div className="problem" role="alert">
      <Icon name="warning" />
      <div>
        <p>{error.message}</p>
        {error.hint && <p className="soft">{error.hint}</p>}
        {retry && (
          <button type="button" className="button" onClick={retry}>
            Try again
          </button>
        )}
      </div>
    </div>
  );
}

export function Nothing({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="nothing">
      <p className="nothing-title">{title}</p>
      {children && <div className="soft">{children}</div>}
    </div>
  );
}

/** A block of a screen: a heading that is a question or a name, and what answers it. */
export function Panel(props: {
  title: string;
  note?: ReactNode;
  aside?: ReactNode;
  className?: string;
  stale?: boolean;
  children: ReactNode;
}) {
  return (
    <section className={`panel ${props.className ?? ""}`} data-stale={props.stale === true}>
      <header className="panel-head">
        <h2>{props.title}</h2>
        {props.note && <span className="faint">{props.note}</span>}
        {props.aside && <div className="panel-aside">{props.aside}</div>}
      </header>
      {props.children}
    </section>
  );
}
