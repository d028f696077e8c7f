// The grid in its window: a canvas as large as what is in sight, moved as one scrolls. Pointer and keys choose cells.
// To those who hear it, it is a grid whose one active cell is named; the field above and the table tell the rest.

import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { has, overlap, union, without } from "../../client/spans";
import type { Runs, Spans } from "../../client/wire.gen";
import { WORDS } from "../../ui/glyphs";
import { useLatest, useSize } from "../../ui/hooks";
import type { Layout } from "./layout";
import { paint } from "./paint";
import type { Palette } from "./palette";
import { readPalette } from "./palette";
import type { Scale } from "./summary";
import { summarize } from "./summary";

export interface GridProps {
  readonly layout: Layout;
  readonly runs: Runs;
  readonly scale: Scale | null;
  readonly selected: Spans;
  readonly label: string;
  readonly tallest: number;
  /** Changes when colours may have: the palette is read anew. */
  readonly theme: string;
  readonly onSelect: (spans: Spans) => void;
  readonly onHover: (cell: number | null, anchor: DOMRect | null, now: boolean) => void;
  readonly onOpen: (cell: number) => void;
}

interface Drag {
  readonly from: number;
  readonly base: Spans;
  readonly isCut: boolean;
}

export function GridCanvas(props: GridProps): JSX.Element {
  const { layout } = props;
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const palette = useRef<Palette | null>(null);
  const size = useSize(box, { width: 674, height: 120 });
  const [scroll, setScroll] = useState({ left: 0, top: 0 });
  const [focus, setFocus] = useState<number | null>(null);
  const [hasFocus, setHasFocus] = useState(false);
  const anchor = useRef<number | null>(null);
  const drag = useRef<Drag | null>(null);
  const height = Math.min(props.tallest, layout.height + (layout.width > size.width ? 14 : 0));
  const latest = useLatest(props);

  useLayoutEffect(() => {
    palette.current = null;
  }, [props.theme]);

  useLayoutEffect(() => {
    const [host, element] = [box.current, canvas.current];
    const pen = element?.getContext("2d") ?? null;
    if (host === null || element === null || pen === null) return;
    palette.current ??= readPalette(host);
    const density = devicePixelRatio || 1;
    const wide = Math.max(1, Math.round(size.width * density));
    const tall = Math.max(1, Math.round(height * density));
    if (element.width !== wide) element.width = wide;
    if (element.height !== tall) element.height = tall;
    const scene = {
      layout, runs: props.runs, scale: props.scale, selected: props.selected,
      focus: hasFocus ? focus : null, ...scroll, width: size.width, height,
    };
    paint(pen, scene, palette.current, density);
  }, [layout, props.runs, props.scale, props.selected, props.theme, focus, hasFocus, scroll, size, height]);

  useEffect(() => {
    if (focus !== null && focus >= layout.cells) setFocus(null);
  }, [layout]);

  const cellUnder = (event: MouseEvent & { readonly currentTarget: HTMLElement }): number | null => {
    const frame = event.currentTarget.getBoundingClientRect();
    const cell = layout.at(event.clientX - frame.left + scroll.left, event.clientY - frame.top + scroll.top);
    return cell !== null && layout.spans(cell).length > 0 ? cell : null;
  };
  const labelUnder = (event: MouseEvent & { readonly currentTarget: HTMLElement }): Spans | null => {
    const frame = event.currentTarget.getBoundingClientRect();
    const [x, y] = [event.clientX - frame.left + scroll.left, event.clientY - frame.top + scroll.top];
    const label = layout.labels(scroll.top, scroll.top + height).find(({ text, x: at, y: base, anchor: side }) => {
      const width = Math.max(20, text.length * 7);
      const start = side === "start" ? at : side === "middle" ? at - width / 2 : at - width;
      return x >= start && x <= start + width && y >= base - 12 && y <= base + 4;
    });
    return label?.spans ?? null;
  };
  const anchorOf = (cell: number): DOMRect => {
    const frame = box.current?.getBoundingClientRect();
    const rect = layout.rect(cell);
    return new DOMRect((frame?.left ?? 0) + rect.x - scroll.left, (frame?.top ?? 0) + rect.y - scroll.top, rect.width, rect.height);
  };
  const reveal = (cell: number): void => {
    const element = box.current;
    if (element === null) return;
    const rect = layout.rect(cell);
    if (rect.y - 20 < element.scrollTop) element.scrollTop = rect.y - 20;
    if (rect.y + rect.height + 4 > element.scrollTop + height) element.scrollTop = rect.y + rect.height + 4 - height;
    if (rect.x < element.scrollLeft) element.scrollLeft = rect.x - 40;
    if (rect.x + rect.width > element.scrollLeft + size.width) element.scrollLeft = rect.x + rect.width - size.width + 8;
  };
  const choose = (cell: number, how: "alone" | "extend" | "toggle"): void => {
    const spans = layout.spans(cell);
    if (how === "extend" && anchor.current !== null) props.onSelect(layout.range(anchor.current, cell));
    else {
      anchor.current = cell;
      if (how === "toggle") props.onSelect(overlap(props.selected, spans) === "all" ? without(props.selected, spans) : union(props.selected, spans));
      else props.onSelect(spans);
    }
    setFocus(cell);
  };
  const keys = (event: KeyboardEvent): void => {
    const at = focus ?? 0;
    const go = (cell: number): void => {
      if (event.shiftKey) {
        anchor.current ??= at;
        props.onSelect(layout.range(anchor.current, cell));
      } else anchor.current = cell;
      setFocus(cell);
      reveal(cell);
      props.onHover(null, null, true);
    };
    if (event.key === "ArrowUp" || event.key === "ArrowDown" || event.key === "ArrowLeft" || event.key === "ArrowRight") go(focus === null ? 0 : layout.step(at, event.key));
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(layout.cells - 1);
    else if (event.key === "PageDown" || event.key === "PageUp") go(page(layout, at, event.key, height));
    else if (event.key === " ") choose(at, "toggle");
    else if (event.key === "Enter") props.onOpen(at);
    else if (event.key === "Escape") props.onSelect([]);
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) props.onSelect(layout.range(0, layout.cells - 1));
    else if (event.key === "i" && focus !== null) props.onHover(focus, anchorOf(focus), true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const active = focus ?? 0;
  return (
    <div
      ref={box}
      class="nb-grid"
      role="grid"
      tabIndex={0}
      aria-label={`${props.label}. Arrows move, Shift extends, Space toggles, Enter opens`}
      aria-multiselectable="true"
      aria-activedescendant="nb-active-cell"
      style={{ height: `${height}px` }}
      onScroll={(event) => setScroll({ left: event.currentTarget.scrollLeft, top: event.currentTarget.scrollTop })}
      onKeyDown={keys}
      onFocus={(event) => setHasFocus(event.currentTarget.matches(":focus-visible"))}
      onBlur={() => {
        setHasFocus(false);
        props.onHover(null, null, true);
      }}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        props.onHover(null, null, true);
        const cell = cellUnder(event);
        if (cell === null) {
          const spans = labelUnder(event);
          if (spans !== null) props.onSelect(event.ctrlKey || event.metaKey ? union(props.selected, spans) : spans);
          return;
        }
        const adds = event.ctrlKey || event.metaKey;
        const isCut = adds && overlap(props.selected, layout.spans(cell)) === "all";
        if (!event.shiftKey) drag.current = { from: cell, base: adds ? props.selected : [], isCut };
        choose(cell, event.shiftKey ? "extend" : adds ? "toggle" : "alone");
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        const cell = cellUnder(event);
        const start = drag.current;
        if (start !== null && cell !== null) {
          if (cell === focus) return;
          const range = layout.range(start.from, cell);
          latest.current.onSelect(start.isCut ? without(start.base, range) : union(start.base, range));
          setFocus(cell);
          return;
        }
        props.onHover(cell, cell === null ? null : anchorOf(cell), false);
        event.currentTarget.style.cursor = cell !== null || labelUnder(event) !== null ? "pointer" : "";
      }}
      onPointerUp={() => {
        drag.current = null;
      }}
      onPointerLeave={() => props.onHover(null, null, false)}
      onDblClick={(event) => {
        const cell = cellUnder(event);
        if (cell !== null) props.onOpen(cell);
      }}
    >
      <canvas ref={canvas} aria-hidden="true" style={{ width: `${size.width}px`, height: `${height}px` }} />
      <div role="row" class="nb-spacer" style={{ width: `${layout.width}px`, height: `${layout.height}px` }}>
        <div role="gridcell" id="nb-active-cell" class="nb-unseen" aria-selected={isSelected(props, active)}>
          {spoken(props, active)}
        </div>
      </div>
    </div>
  );
}

function isSelected(props: GridProps, cell: number): boolean {
  const first = props.layout.spans(cell)[0];
  return first !== undefined && has(props.selected, first[0]);
}

function spoken(props: GridProps, cell: number): string {
  if (props.layout.cells === 0) return "no partitions";
  const summary = summarize(props.runs, props.layout.spans(cell));
  return summary.isPartial
    ? `${props.layout.name(cell)}: ${summary.fresh} of ${summary.count} fresh, some ${WORDS[summary.state]}`
    : `${props.layout.name(cell)}: ${WORDS[summary.state]}`;
}

function page(layout: Layout, cell: number, key: "PageDown" | "PageUp", height: number): number {
  const { y, x } = layout.rect(cell);
  const arrow = key === "PageDown" ? "ArrowDown" : "ArrowUp";
  let at = cell;
  for (let steps = 0; steps < 400; steps += 1) {
    const next = layout.step(at, arrow);
    if (next === at || Math.abs(layout.rect(next).y - y) > height) break;
    at = next;
    if (layout.rect(at).x !== x && Math.abs(layout.rect(at).x - x) > 200) break;
  }
  return at;
}
