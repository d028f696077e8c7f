// Tabs: one stop for the Tab key, arrows inside.

import type { JSX } from "preact";
import type { Choice } from "./Button";

export function Tabs<T extends string>(props: {
  readonly label: string;
  readonly tabs: readonly Choice<T>[];
  readonly value: T;
  readonly panel: string;
  readonly onChange: (value: T) => void;
}): JSX.Element {
  const move = (event: JSX.TargetedKeyboardEvent<HTMLDivElement>): void => {
    const at = props.tabs.findIndex(({ value }) => value === props.value);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: props.tabs.length - 1 }[event.key];
    if (to === undefined) return;
    const index = (to + props.tabs.length) % props.tabs.length;
    const next = props.tabs[index];
    if (next === undefined) return;
    event.preventDefault();
    props.onChange(next.value);
    event.currentTarget.querySelectorAll("button")[index]?.focus();
  };
  return (
    <div class="nb-tabs" role="tablist" aria-label={props.label} onKeyDown={move}>
      {props.tabs.map(({ value, label }) => (
        <button
          key={value}
          type="button"
          role="tab"
          aria-selected={value === props.value}
          aria-controls={props.panel}
          tabIndex={value === props.value ? 0 : -1}
          onClick={() => props.onChange(value)}
        >
          {label}
        </button>
      ))}
    </div>
  );
}
