// A text that is edited as code: coloured as it is typed, lines numbered, lines with a problem marked, names completed.
// The browser's own text field stands over the coloured text, so that selection, undo and assistive tools are the browser's.
// Tab leaves the field, as everywhere; Enter keeps the indentation.

import type { JSX } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Token } from "./python";

export interface Proposed {
  readonly label: string;
  readonly detail: string;
  readonly insert: string;
}

export interface Completion {
  /** Where the word begins that a proposal replaces. */
  readonly from: number;
  readonly proposals: readonly Proposed[];
}

export interface EditorProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly label: string;
  readonly lines: (text: string) => readonly (readonly Token[])[];
  /** Line numbers, from 1, that something is wrong with. */
  readonly bad?: ReadonlySet<number>;
  readonly complete?: (text: string, cursor: number) => Completion;
  /** Ctrl or Cmd with Enter. */
  readonly onRun?: () => void;
  readonly minRows?: number;
  readonly readOnly?: boolean;
}

const ROW = 18;
const LETTER = 7.23;
const SIDE = 44;
const TOP = 6;

export function Editor(props: EditorProps): JSX.Element {
  const field = useRef<HTMLTextAreaElement>(null);
  const list = useId();
  const [open, setOpen] = useState<(Completion & { readonly at: number; readonly x: number; readonly y: number }) | null>(null);
  const next = useRef<number | null>(null);
  const lines = props.lines(props.value);
  const rows = Math.max(props.minRows ?? 8, lines.length + 1);
  useLayoutEffect(() => {
    if (next.current !== null && field.current !== null) field.current.setSelectionRange(next.current, next.current);
    next.current = null;
  }, [props.value]);

  const put = (text: string, from: number, to: number): void => {
    next.current = from + text.length;
    props.onChange(props.value.slice(0, from) + text + props.value.slice(to));
  };
  const propose = (value: string, cursor: number, isAsked: boolean): void => {
    const found = props.complete?.(value, cursor);
    const word = found === undefined ? 0 : cursor - found.from;
    if (found === undefined || found.proposals.length === 0 || (!isAsked && word === 0)) {
      setOpen(null);
      return;
    }
    const before = value.slice(0, found.from).split("\n");
    const column = before.at(-1)?.length ?? 0;
    setOpen({ ...found, at: 0, x: SIDE + column * LETTER, y: TOP + before.length * ROW });
  };
  const take = (proposal: Proposed | undefined): void => {
    const cursor = field.current?.selectionStart ?? 0;
    if (open !== null && proposal !== undefined) put(proposal.insert, open.from, cursor);
    setOpen(null);
    field.current?.focus();
  };
  const press = (event: JSX.TargetedKeyboardEvent<HTMLTextAreaElement>): void => {
    const { selectionStart: from, selectionEnd: to } = event.currentTarget;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) props.onRun?.();
    else if (event.key === " " && event.ctrlKey) propose(props.value, from, true);
    else if (open !== null && event.key === "Escape") setOpen(null);
    else if (open !== null && (event.key === "Enter" || event.key === "Tab") && !event.shiftKey) take(open.proposals[open.at]);
    else if (open !== null && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      setOpen({ ...open, at: (open.at + (event.key === "ArrowDown" ? 1 : -1) + open.proposals.length) % open.proposals.length });
    } else if (event.key === "Enter" && props.readOnly !== true) {
      const line = props.value.slice(props.value.lastIndexOf("\n", from - 1) + 1, from);
      const indent = /^\s*/.exec(line)?.[0] ?? "";
      put(`\n${indent}${/[:{([]\s*$/.test(line) ? "  " : ""}`, from, to);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="nb-editor">
      <div class="nb-editor-in" style={{ height: `${rows * ROW + 2 * TOP}px` }}>
        <pre class="nb-editor-text" aria-hidden="true">
          {lines.map((tokens, at) => (
            <div key={at} class={props.bad?.has(at + 1) === true ? "nb-editor-bad" : undefined}>
              <span>{at + 1}</span>
              {tokens.length === 0 ? " " : tokens.map(({ text, kind }, index) => (kind === "" ? text : <span key={index} class={`nb-t${kind}`}>{text}</span>))}
            </div>
          ))}
        </pre>
        <textarea
          ref={field}
          class="nb-editor-field"
          aria-label={props.label}
          aria-invalid={(props.bad?.size ?? 0) > 0}
          aria-autocomplete={props.complete === undefined ? undefined : "list"}
          aria-controls={open === null ? undefined : list}
          aria-activedescendant={open === null ? undefined : `${list}-${open.at}`}
          spellcheck={false}
          autocapitalize="off"
          autocomplete="off"
          wrap="off"
          readOnly={props.readOnly ?? false}
          value={props.value}
          onInput={(event) => {
            const { value, selectionStart } = event.currentTarget;
            props.onChange(value);
            propose(value, selectionStart, false);
          }}
          onKeyDown={press}
          onBlur={() => setOpen(null)}
        />
        {open !== null && (
          <ul id={list} class="nb-editor-list" role="listbox" aria-label="Completions" style={{ left: `${open.x}px`, top: `${open.y}px` }}>
            {open.proposals.map((proposal, at) => (
              <li
                key={proposal.label}
                id={`${list}-${at}`}
                role="option"
                aria-selected={at === open.at}
                ref={(element) => {
                  if (at === open.at) element?.scrollIntoView?.({ block: "nearest" });
                }}
                onPointerDown={(event) => {
                  event.preventDefault();
                  take(proposal);
                }}
              >
                <span class="nb-mono">{proposal.label}</span>
                <span class="nb-micro nb-push nb-clip">{proposal.detail}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}
