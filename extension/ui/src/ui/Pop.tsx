// What floats: a menu under a button and a tip beside a thing. Both stand in the browser's top layer, so that no card cuts them.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Button } from "./Button";
import type { ButtonProps } from "./Button";

export interface Anchor {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Put an element beside an anchor, inside the window. */
export function place(element: HTMLElement, anchor: Anchor, side: "below" | "beside"): void {
  if (typeof element.showPopover === "function" && !element.matches(":popover-open")) element.showPopover();
  const { offsetWidth: width, offsetHeight: height } = element;
  const [left, top] =
    side === "below"
      ? [anchor.left, anchor.bottom + 4 + height > innerHeight && anchor.top - 4 - height > 0 ? anchor.top - 4 - height : anchor.bottom + 4]
      : [anchor.right + 10 + width > innerWidth ? anchor.left - 10 - width : anchor.right + 10, anchor.top - 6];
  element.style.left = `${Math.max(4, Math.min(left, innerWidth - width - 4))}px`;
  element.style.top = `${Math.max(4, Math.min(top, innerHeight - height - 4))}px`;
}

export interface Item {
  readonly label: string;
  readonly detail?: string;
  readonly onPick: () => void;
  readonly disabled?: boolean;
  readonly checked?: boolean;
  readonly line?: boolean;
}

/** A button that opens a menu: arrows move, Enter picks, Esc closes and gives the focus back. */
export function MenuButton({ items, ...button }: Omit<ButtonProps, "onClick" | "menu" | "expanded"> & { readonly items: readonly Item[] }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const holder = useRef<HTMLSpanElement>(null);
  const close = (giveBack: boolean): void => {
    setOpen(false);
    if (giveBack) holder.current?.querySelector("button")?.focus();
  };
  return (
    <span ref={holder} class="nb-row">
      <Button {...button} menu expanded={isOpen} onClick={() => setOpen(!isOpen)} />
      {isOpen && holder.current !== null && <Menu items={items} anchor={holder.current} label={button.label ?? "Menu"} onClose={close} />}
    </span>
  );
}

function Menu(props: {
  readonly items: readonly Item[];
  readonly anchor: HTMLElement;
  readonly label: string;
  readonly onClose: (giveBack: boolean) => void;
}): JSX.Element {
  const menu = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = menu.current;
    if (element === null) return undefined;
    place(element, props.anchor.getBoundingClientRect(), "below");
    itemsOf(element)[0]?.focus();
    const away = (event: Event): void => {
      const path = event.composedPath();
      if (!path.includes(element) && !path.includes(props.anchor)) props.onClose(false);
    };
    document.addEventListener("pointerdown", away, true);
    return () => document.removeEventListener("pointerdown", away, true);
  }, []);
  const move = (event: KeyboardEvent): void => {
    const element = menu.current;
    if (element === null) return;
    const all = itemsOf(element);
    const at = all.findIndex((item) => item.matches(":focus"));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === "Escape" || event.key === "Tab") props.onClose(true);
    else if (to !== undefined) all[(to + all.length) % all.length]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div ref={menu} class="nb-pop" role="menu" aria-label={props.label} popover="manual" onKeyDown={move}>
      {props.items.map((item) => [
        item.line === true && <hr key={`${item.label}-line`} role="separator" />,
        <button
          key={item.label}
          type="button"
          role={item.checked === undefined ? "menuitem" : "menuitemradio"}
          aria-checked={item.checked}
          aria-disabled={item.disabled ?? false}
          tabIndex={-1}
          onClick={() => {
            if (item.disabled === true) return;
            props.onClose(true);
            item.onPick();
          }}
        >
          {item.checked !== undefined && <span aria-hidden="true" style={{ width: "10px" }}>{item.checked ? "✓" : ""}</span>}
          <span>{item.label}</span>
          {item.detail !== undefined && <span class="nb-push nb-2 nb-nowrap">{item.detail}</span>}
        </button>,
      ])}
    </div>
  );
}

function itemsOf(menu: HTMLElement): readonly HTMLElement[] {
  return [...menu.querySelectorAll("button")];
}

/** A tip beside an anchor. It can be entered with the pointer, so that its links can be used. */
export function Tip(props: {
  readonly anchor: Anchor;
  readonly children: ComponentChildren;
  readonly id?: string;
  readonly side?: "below" | "beside";
  readonly onEnter?: () => void;
  readonly onLeave?: () => void;
}): JSX.Element {
  const tip = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (tip.current !== null) place(tip.current, props.anchor, props.side ?? "beside");
  });
  return (
    <div ref={tip} id={props.id} class="nb-pop nb-tip" role="tooltip" popover="manual" onPointerEnter={props.onEnter} onPointerLeave={props.onLeave}>
      {props.children}
    </div>
  );
}

/** Shows late, hides a little later: a pointer that passes by opens nothing, one that goes to the tip keeps it. */
export function useHover<T>(showMs = 260, hideMs = 180): readonly [T | null, (next: T | null, now?: boolean) => void] {
  const [shown, setShown] = useState<T | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => () => clearTimeout(timer.current ?? undefined), []);
  const set = (next: T | null, now = false): void => {
    clearTimeout(timer.current ?? undefined);
    if (now) setShown(next);
    else timer.current = setTimeout(() => setShown(next), next === null ? hideMs : shown === null ? showMs : 60);
  };
  return [shown, set];
}
