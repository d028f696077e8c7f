// Fields of a form: a label on the left, a control, what is wrong with it below.

import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import { Glyph, Icon } from "./Glyph";
import type { IconName } from "./glyphs";

export function Form({ children, onSubmit }: { readonly children: ComponentChildren; readonly onSubmit?: () => void }): JSX.Element {
  return (
    <form
      class="nb-form"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit?.();
      }}
    >
      {children}
    </form>
  );
}

/** One row: `control` is told the id that its label points to, and that of the words about it. */
export function Field(props: {
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly problem?: string | null;
  readonly control: (ids: { readonly id: string; readonly about: string; readonly isBad: boolean }) => ComponentChildren;
}): JSX.Element {
  const id = useId();
  const isBad = props.problem !== null && props.problem !== undefined;
  return (
    <div class="nb-form-row">
      <label for={id}>{props.label}</label>
      <div class="nb-form-control">
        {props.control({ id, about: `${id}-about`, isBad })}
        <div id={`${id}-about`} class="nb-form-about">
          {isBad ? (
            <span class="nb-form-problem" role="alert" data-state="failed">
              <Glyph state="failed" /> {props.problem}
            </span>
          ) : (
            props.hint
          )}
        </div>
      </div>
    </div>
  );
}

export function TextField(props: {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly id?: string;
  readonly label?: string;
  readonly about?: string;
  readonly icon?: IconName;
  readonly placeholder?: string;
  readonly isBad?: boolean;
  readonly isMono?: boolean;
  readonly type?: "text" | "search" | "number";
  readonly autoFocus?: boolean;
  readonly onKeyDown?: (event: JSX.TargetedKeyboardEvent<HTMLInputElement>) => void;
}): JSX.Element {
  return (
    <span class="nb-field" data-bad={props.isBad || undefined}>
      {props.icon !== undefined && <Icon name={props.icon} />}
      <input
        id={props.id}
        type={props.type ?? "text"}
        class={props.isMono === true ? "nb-mono" : undefined}
        value={props.value}
        aria-label={props.label}
        aria-describedby={props.about}
        aria-invalid={props.isBad ?? false}
        placeholder={props.placeholder}
        spellcheck={false}
        autocomplete="off"
        autofocus={props.autoFocus}
        onInput={(event) => props.onChange(event.currentTarget.value)}
        onKeyDown={props.onKeyDown}
      />
    </span>
  );
}

export function TextArea(props: {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly id?: string;
  readonly label?: string;
  readonly about?: string;
  readonly rows?: number;
  readonly placeholder?: string;
  readonly isBad?: boolean;
  readonly isMono?: boolean;
}): JSX.Element {
  return (
    <textarea
      id={props.id}
      class={props.isMono === true ? "nb-area nb-mono" : "nb-area"}
      rows={props.rows ?? 4}
      value={props.value}
      aria-label={props.label}
      aria-describedby={props.about}
      aria-invalid={props.isBad ?? false}
      placeholder={props.placeholder}
      spellcheck={false}
      onInput={(event) => props.onChange(event.currentTarget.value)}
    />
  );
}

export function Select<T extends string>(props: {
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string; readonly disabled?: boolean }[];
  readonly onChange: (value: T) => void;
  readonly id?: string;
  readonly label?: string;
}): JSX.Element {
  return (
    <select
      id={props.id}
      class="nb-select"
      aria-label={props.label}
      value={props.value}
      onChange={(event) => {
        const found = props.options.find(({ value }) => value === event.currentTarget.value);
        if (found !== undefined) props.onChange(found.value);
      }}
    >
      {props.options.map((option) => (
        <option key={option.value} value={option.value} disabled={option.disabled ?? false}>
          {option.label}
        </option>
      ))}
    </select>
  );
}

export function Check(props: { readonly checked: boolean; readonly onChange: (checked: boolean) => void; readonly children: ComponentChildren; readonly disabled?: boolean }): JSX.Element {
  return (
    <label class="nb-check">
      <input type="checkbox" checked={props.checked} disabled={props.disabled ?? false} onChange={(event) => props.onChange(event.currentTarget.checked)} />
      <span>{props.children}</span>
    </label>
  );
}

/** On or off, at once. The label is read by those who do not see what it stands beside. */
export function Switch(props: { readonly on: boolean; readonly onChange: (on: boolean) => void; readonly label: string; readonly disabled?: boolean; readonly title?: string }): JSX.Element {
  return (
    <button
      type="button"
      role="switch"
      class="nb-switch"
      aria-checked={props.on}
      aria-label={props.label}
      title={props.title}
      disabled={props.disabled ?? false}
      onClick={() => props.onChange(!props.on)}
    >
      <span aria-hidden="true" />
    </button>
  );
}
