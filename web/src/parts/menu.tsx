// A button that opens a small surface below itself; it closes with Escape, a click elsewhere, or when the focus leaves.
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { useShortcuts } from "../lib/keyboard.ts";

interface MenuProps {
  label: ReactNode;
  name?: string;
  className?: string;
  align?: "left" | "right";
  title?: string;
  children: (close: () => void) => ReactNode;
  /** Opened from elsewhere, by a key: a number that changes. */
  signal?: number;
}

export function Menu({ label, name, className = "button", align = "left", title, children, signal }: MenuProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const seen = useRef(signal);
  useEffect(() => {
    if (signal !== seen.current) setOpen(true);
    seen.current = signal;
  }, [signal]);
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false);
    };
    addEventListener("pointerdown", outside);
    addEventListener("focusin", outside);
    const menu = root.current?.querySelector<HTMLElement>(".menu");
    (menu?.querySelector<HTMLElement>("[data-first]") ?? menu?.querySelector<HTMLElement>("button, input, a"))?.focus();
    return () => {
      removeEventListener("pointerdown", outside);
      removeEventListener("focusin", outside);
    };
  }, [open]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <div className="menu-root" ref={root}>
      <button
        ref={button}
        type="button"
        className={className}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        aria-label={name}
        title={title}
        onClick={() => setOpen(!open)}
      >
        {label}
      </button>
      {open && (
        <div className="menu" data-align={align} id={id}>
          <EscapeCloses close={close} />
          {children(close)}
        </div>
      )}
    </div>
  );
}

export function EscapeCloses({ close }: { close: () => void }) {
  useShortcuts([{ keys: "Escape", meaning: "", run: close, inFields: true }]);
  return null;
}

/** Moves the focus with the arrow keys among the buttons of a list. */
export function arrowKeys(event: React.KeyboardEvent<HTMLElement>) {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>("button, a[href], input")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const next = items[(at + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length];
  next?.focus();
  event.preventDefault();
}
