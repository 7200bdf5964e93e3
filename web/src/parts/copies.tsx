// What can be taken along as text: a menu of it, and what every screen offers.
import type { ReactNode } from "react";
import { formatAddress } from "../lib/address.ts";
import { type App, asOneQuery, useApp } from "../lib/app.ts";
import { around } from "../lib/time.ts";
import { Menu } from "./menu.tsx";

export interface Copy {
  name: string;
  /** Nothing where there is none to copy. */
  text: string | undefined;
  /** What is said to have been copied: "the link". */
  what: string;
}

export async function copy(app: App, text: string, what: string) {
  try {
    await navigator.clipboard.writeText(text);
    app.say(`Copied ${what}`);
  } catch {
    app.say(`The browser did not allow copying ${what}`);
  }
}

/** Of the screen as it stands: links to it, and its question. */
export function screenCopies(app: App): Copy[] {
  const absolute = { ...app.address, range: around(app.span) };
  return [
    { name: "Link", text: location.href, what: "the link" },
    { name: "Link with absolute times", text: location.origin + formatAddress(absolute), what: "the link" },
    { name: "Query", text: asOneQuery(app), what: "the query" },
  ];
}

export function CopyMenu(props: { name: string; label: ReactNode; title?: string; copies: Copy[] }) {
  const app = useApp();
  return (
    <Menu
      className="quiet"
      align="right"
      name={props.name}
      label={props.label}
      {...(props.title ? { title: props.title } : {})}
    >
      {close => (
        <div className="menu-list">
          {props.copies.map(
            ({ name, text, what }) =>
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
