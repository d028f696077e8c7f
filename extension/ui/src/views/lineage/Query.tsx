// The field above the graph: plain words search, the selection language selects. Completion under it, Enter walks the matches.

import type { JSX, Ref } from "preact";
import { useImperativeHandle, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../../ui/Glyph";
import { place } from "../../ui/Pop";
import type { Completion, Graph } from "./language";
import { complete, isPlain } from "./language";

export interface QueryField {
  focus(): void;
}

export function Query(props: {
  readonly field: Ref<QueryField>;
  readonly view: Graph;
  readonly text: string;
  readonly found: number | null;
  readonly problem: string | null;
  readonly onText: (text: string) => void;
  /** Enter: the next match, or the one before. */
  readonly onWalk: (by: 1 | -1) => void;
}): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  const [caret, setCaret] = useState<number | null>(null);
  const [at, setAt] = useState(-1);
  useImperativeHandle(props.field, () => ({ focus: () => input.current?.focus() }));
  const completions = caret === null ? [] : complete(props.view, props.text, caret);
  const pick = (completion: Completion): void => {
    const next = props.text.slice(0, completion.from) + completion.text + props.text.slice(completion.to);
    props.onText(next);
    const end = completion.from + completion.text.length;
    setAt(-1);
    setCaret(completion.text.endsWith(":") ? end : null);
    requestAnimationFrame(() => input.current?.setSelectionRange(end, end));
  };
  const keys = (event: KeyboardEvent): void => {
    const chosen = completions[at];
    const count = completions.length;
    if (event.key === "ArrowDown" && count > 0) setAt((at + 1) % count);
    else if (event.key === "ArrowUp" && count > 0) setAt((at + count) % (count + 1) === count ? -1 : (at - 1 + count) % count);
    else if ((event.key === "Enter" || event.key === "Tab") && chosen !== undefined) pick(chosen);
    else if (event.key === "Enter") {
      setCaret(null);
      props.onWalk(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape" && count > 0) setCaret(null);
    else if (event.key === "Escape") props.onText("");
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const isOpen = completions.length > 0;
  return (
    <label class="nb-field nb-query" data-bad={props.problem !== null || undefined} title={props.problem ?? undefined}>
      <Icon name="search" />
      <input
        ref={input}
        type="text"
        role="combobox"
        aria-label="Search, or select by key:, group:, owner:, tag:, with + and or"
        aria-expanded={isOpen}
        aria-controls="nb-completions"
        aria-autocomplete="list"
        aria-activedescendant={at >= 0 ? `nb-completion-${at}` : undefined}
        aria-invalid={props.problem !== null}
        placeholder="Search, or select by key:, group:, tag:, with + and or"
        spellcheck={false}
        autocomplete="off"
        value={props.text}
        onInput={(event) => {
          props.onText(event.currentTarget.value);
          setCaret(event.currentTarget.selectionStart ?? event.currentTarget.value.length);
          setAt(-1);
        }}
        onKeyDown={keys}
        onBlur={() => setCaret(null)}
      />
      <span class="nb-micro nb-nowrap" aria-live="polite">
        {props.problem === null ? count(props.found, props.view.nodes.length) : "cannot be read"}
      </span>
      {isOpen && input.current !== null && (
        <Completions at={at} completions={completions} anchor={input.current} plain={isPlain(props.text)} onPick={pick} />
      )}
    </label>
  );
}

function count(found: number | null, all: number): string {
  return found === null ? `${all} assets` : `${found} of ${all}`;
}

function Completions(props: {
  readonly completions: readonly Completion[];
  readonly at: number;
  readonly anchor: HTMLElement;
  readonly plain: boolean;
  readonly onPick: (completion: Completion) => void;
}): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (list.current !== null) place(list.current, props.anchor.getBoundingClientRect(), "below");
  });
  return (
    <div ref={list} id="nb-completions" class="nb-pop" role="listbox" aria-label="Completions" popover="manual">
      {props.completions.map((completion, at) => (
        <div
          key={completion.text}
          id={`nb-completion-${at}`}
          role="option"
          aria-selected={at === props.at}
          onPointerDown={(event) => {
            event.preventDefault();
            props.onPick(completion);
          }}
        >
          <span class="nb-mono">{completion.text}</span>
          <span class="nb-push nb-2">{completion.detail}</span>
        </div>
      ))}
    </div>
  );
}
