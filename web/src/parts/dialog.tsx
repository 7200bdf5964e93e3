// A dialog over the screen: modal, closed with Escape or a click beside it; the browser keeps the focus inside.
import { type ReactNode, useEffect, useRef } from "react";

export function Dialog(props: { label: string; close: () => void; className?: string; children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the key is Escape, which the dialog handles itself
    <dialog
      ref={dialog}
      className={`dialog ${props.className ?? ""}`}
      aria-label={props.label}
      onCancel={event => {
        event.preventDefault();
        props.close();
      }}
      onClick={event => event.target === dialog.current && props.close()}
    >
      {props.children}
    </dialog>
  );
}
