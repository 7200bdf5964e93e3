// A link to a state of the console: the browser's own ways of opening it work, a plain click changes the screen.
import type { ReactNode } from "react";
import { type Address, formatAddress } from "../lib/address.ts";
import { useApp } from "../lib/app.ts";

export function GoLink(props: {
  to: Address;
  className?: string | undefined;
  title?: string;
  current?: boolean;
  children: ReactNode;
}) {
  const { go } = useApp();
  return (
    <a
      href={formatAddress(props.to)}
      className={props.className}
      title={props.title}
      aria-current={props.current ? "page" : undefined}
      onClick={event => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        go(props.to);
        scrollTo(0, 0);
      }}
    >
      {props.children}
    </a>
  );
}
