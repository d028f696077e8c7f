// A dialog over the page: the browser's own, so that focus stays inside, Esc closes it and the page behind is out of reach.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Button } from "./Button";

export interface DialogProps {
  readonly title: ComponentChildren;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  /** What can be done, right of "Close"; the main button comes last. */
  readonly actions?: ComponentChildren;
  /** Left of the buttons: what will happen, in numbers. */
  readonly note?: ComponentChildren;
  readonly wide?: boolean;
  /** Esc and the ground behind do not close it: there is work in it. */
  readonly keeps?: boolean;
  /** What the button that leaves it says. */
  readonly closes?: string;
}

export function Dialog(props: DialogProps): JSX.Element {
  const element = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => {
    const dialog = element.current;
    if (dialog === null) return undefined;
    const before = document.activeElement;
    if (typeof dialog.showModal === "function") dialog.showModal();
    else dialog.setAttribute("open", "");
    return () => {
      if (typeof dialog.close === "function") dialog.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class="nb-dialog"
      data-wide={props.wide || undefined}
      aria-labelledby={title}
      onCancel={(event) => {
        event.preventDefault();
        if (props.keeps !== true) props.onClose();
      }}
      onPointerDown={(event) => {
        if (event.target === element.current && props.keeps !== true) props.onClose();
      }}
    >
      <div class="nb-dialog-in">
        <header class="nb-dialog-head">
          <h2 id={title}>{props.title}</h2>
          <Button kind="icon" icon="x" label="Close" onClick={props.onClose} />
        </header>
        <div class="nb-dialog-body">{props.children}</div>
        <footer class="nb-dialog-foot">
          <span class="nb-small nb-2 nb-dialog-note">{props.note}</span>
          <Button onClick={props.onClose}>{props.closes ?? "Close"}</Button>
          {props.actions}
        </footer>
      </div>
    </dialog>
  );
}
