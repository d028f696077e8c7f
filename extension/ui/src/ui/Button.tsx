// Buttons, a row of choices, a chip.

import type { ComponentChildren, JSX } from "preact";
import { Icon } from "./Glyph";
import type { IconName } from "./glyphs";

export interface ButtonProps {
  readonly onClick: (event: MouseEvent) => void;
  readonly children?: ComponentChildren;
  readonly icon?: IconName;
  /** Icon after the words: a menu opens. */
  readonly after?: IconName;
  readonly kind?: "main" | "quiet" | "icon" | "stop" | undefined;
  /** What it does, for those who see only an icon. */
  readonly label?: string;
  readonly disabled?: boolean;
  /** Why it is off, or more about it. */
  readonly title?: string | undefined;
  readonly pressed?: boolean;
  readonly menu?: boolean;
  readonly expanded?: boolean;
}

export function Button(props: ButtonProps): JSX.Element {
  return (
    <button
      type="button"
      class="nb-b"
      data-kind={props.kind}
      aria-label={props.label}
      title={props.title ?? props.label}
      disabled={props.disabled ?? false}
      aria-pressed={props.pressed}
      aria-haspopup={props.menu === true ? "menu" : undefined}
      aria-expanded={props.menu === true ? (props.expanded ?? false) : undefined}
      onClick={props.onClick}
    >
      {props.icon !== undefined && <Icon name={props.icon} />}
      {props.children}
      {props.after !== undefined && <Icon name={props.after} />}
    </button>
  );
}

export interface Choice<T extends string> {
  readonly value: T;
  readonly label: string;
}

/** One of a few, all in sight. */
export function Segments<T extends string>(props: {
  readonly label: string;
  readonly choices: readonly Choice<T>[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}): JSX.Element {
  return (
    <span class="nb-seg" role="group" aria-label={props.label}>
      {props.choices.map(({ value, label }) => (
        <button key={value} type="button" aria-pressed={value === props.value} onClick={() => props.onChange(value)}>
          {label}
        </button>
      ))}
    </span>
  );
}

export function Chip(props: {
  readonly children: ComponentChildren;
  readonly onClick: () => void;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  readonly title?: string;
}): JSX.Element {
  return (
    <button type="button" class="nb-chip" aria-pressed={props.pressed ?? false} disabled={props.disabled ?? false} title={props.title} onClick={props.onClick}>
      {props.children}
    </button>
  );
}
