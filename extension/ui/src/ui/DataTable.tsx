// A table of any length: only the rows in sight exist. Heads sort, columns can be left out, rows are walked with arrows,
// opened with Enter and picked with Space. It scrolls inside, under its head.

import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { MenuButton } from "./Pop";
import { useSize } from "./hooks";

export interface Column<Row> {
  readonly id: string;
  readonly label: string;
  /** A track of a CSS grid: `120px`, `minmax(160px, 2fr)`. */
  readonly width: string;
  readonly cell: (row: Row) => ComponentChildren;
  readonly align?: "right";
  /** What rows are ordered by; a column without it is not sortable. Empty values come last. */
  readonly sort?: (row: Row) => number | string | null;
  /** What an exported file says. */
  readonly text?: (row: Row) => string | number | null;
  /** Left out of a table narrower than this many pixels. */
  readonly from?: number;
  /** Shown only when asked for. */
  readonly isExtra?: boolean;
  /** What is in it says enough: the label is for those who do not see it. */
  readonly isQuiet?: boolean;
}

export interface Sorting {
  readonly column: string;
  readonly isDown: boolean;
}

export interface DataTableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly rowHeight?: number;
  /** Columns chosen by the reader; null leaves it to the columns. */
  readonly shown?: ReadonlySet<string> | null;
  readonly sorting?: Sorting | null;
  readonly onSort?: (sorting: Sorting) => void;
  readonly selected?: ReadonlySet<string>;
  readonly onSelect?: (selected: ReadonlySet<string>) => void;
  readonly onOpen?: (row: Row) => void;
  /** In place of rows when there are none. */
  readonly empty?: ComponentChildren;
  /** As tall as its rows, inside a page that scrolls; else it fills what it stands in. */
  readonly isWhole?: boolean;
  readonly onEnd?: () => void;
}

const PICK = "34px";
const PICKER = 46;
const AHEAD = 8;

export function DataTable<Row>(props: DataTableProps<Row>): JSX.Element {
  const { rows, keyOf, selected, onSelect } = props;
  const height = props.rowHeight ?? 32;
  const box = useRef<HTMLDivElement>(null);
  const size = useSize(box, { width: 1000, height: 600 });
  const [top, setTop] = useState(0);
  const [active, setActive] = useState(0);
  const isPickable = selected !== undefined && onSelect !== undefined;
  const columns = useMemo(() => seen(props.columns, props.shown ?? null, size.width - (isPickable ? PICKER : 0)), [props.columns, props.shown, size.width, isPickable]);
  const ordered = useMemo(() => inOrder(rows, props.columns, props.sorting ?? null), [rows, props.columns, props.sorting]);
  const widths = [...(isPickable ? [PICK] : []), ...columns.map(({ width }) => width)];
  const tracks = { gridTemplateColumns: widths.join(" "), minWidth: `${leastWidth(widths)}px` };
  const view = props.isWhole === true ? Math.min(ordered.length, 400) * height : size.height;
  const first = Math.max(0, Math.min(ordered.length, Math.floor(top / height) - AHEAD));
  const last = Math.min(ordered.length, Math.ceil((top + view) / height) + AHEAD);
  const at = Math.min(active, Math.max(0, ordered.length - 1));
  useLayoutEffect(() => {
    if (last >= ordered.length) props.onEnd?.();
  }, [last, ordered.length]);

  const show = (index: number): void => {
    const element = box.current;
    const next = Math.max(0, Math.min(ordered.length - 1, index));
    setActive(next);
    if (element === null) return;
    const head = element.querySelector<HTMLElement>(".nb-dt-head")?.offsetHeight ?? 0;
    if (next * height < element.scrollTop) element.scrollTop = next * height;
    else if ((next + 1) * height + head > element.scrollTop + element.clientHeight) element.scrollTop = (next + 1) * height + head - element.clientHeight;
    requestAnimationFrame(() => element.querySelector<HTMLElement>(`[data-row="${next}"]`)?.focus({ preventScroll: true }));
  };
  const pick = (row: Row, isOn: boolean): void => {
    const next = new Set(selected);
    if (isOn) next.add(keyOf(row));
    else next.delete(keyOf(row));
    onSelect?.(next);
  };
  const move = (event: JSX.TargetedKeyboardEvent<HTMLDivElement>): void => {
    const { target } = event;
    if (!(target instanceof HTMLElement) || target.dataset["row"] === undefined) return;
    const row = ordered[at];
    const page = Math.max(1, Math.floor(size.height / height) - 2);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: ordered.length - 1 }[event.key];
    if (to !== undefined) show(to);
    else if (event.key === "Enter" && row !== undefined && props.onOpen !== undefined) props.onOpen(row);
    else if (event.key === " " && row !== undefined && isPickable) pick(row, !selected.has(keyOf(row)));
    else return;
    event.preventDefault();
  };
  const all = isPickable && ordered.length > 0 && ordered.every((row) => selected.has(keyOf(row)));
  return (
    <div
      ref={box}
      class="nb-dt"
      data-whole={props.isWhole || undefined}
      role="table"
      aria-label={props.label}
      aria-rowcount={ordered.length + 1}
      onKeyDown={move}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <div class="nb-dt-head" role="row" aria-rowindex={1} style={tracks}>
        {isPickable && (
          <span role="columnheader" class="nb-dt-pick">
            <input
              type="checkbox"
              aria-label="Pick all"
              checked={all}
              onChange={() => onSelect(new Set(all ? [] : ordered.map(keyOf)))}
            />
          </span>
        )}
        {columns.map((column) => (
          <Head key={column.id} column={column} sorting={props.sorting ?? null} onSort={props.onSort} />
        ))}
      </div>
      {ordered.length === 0 ? (
        <div role="row"><div role="cell" class="nb-dt-empty">{props.empty}</div></div>
      ) : (
        <div role="rowgroup" class="nb-dt-body" style={{ height: `${ordered.length * height}px`, minWidth: tracks.minWidth }}>
          {ordered.slice(first, last).map((row, offset) => {
            const index = first + offset;
            const key = keyOf(row);
            return (
              <div
                key={key}
                role="row"
                class="nb-dt-row"
                data-row={index}
                data-open={props.onOpen !== undefined || undefined}
                data-picked={selected?.has(key) || undefined}
                aria-rowindex={index + 2}
                tabIndex={index === at || (offset === 0 && (at < first || at >= last)) ? 0 : -1}
                style={{ ...tracks, top: `${index * height}px`, height: `${height}px` }}
                onFocus={() => setActive(index)}
                onClick={(event) => {
                  if (props.onOpen === undefined || isControl(event.target) || String(getSelection()) !== "") return;
                  props.onOpen(row);
                }}
              >
                {isPickable && (
                  <span role="cell" class="nb-dt-pick">
                    <input type="checkbox" tabIndex={-1} aria-label={`Pick ${key}`} checked={selected.has(key)} onChange={(event) => pick(row, event.currentTarget.checked)} />
                  </span>
                )}
                {columns.map((column) => (
                  <span key={column.id} role="cell" class={column.align === "right" ? "nb-dt-cell nb-num" : "nb-dt-cell"}>
                    {column.cell(row)}
                  </span>
                ))}
              </div>
            );
          })}
        </div>
      )}
    </div>
  );
}

function Head<Row>({ column, sorting, onSort }: { readonly column: Column<Row>; readonly sorting: Sorting | null; readonly onSort: ((sorting: Sorting) => void) | undefined }): JSX.Element {
  const isIt = sorting?.column === column.id;
  const order = !isIt ? undefined : sorting.isDown ? "descending" : "ascending";
  const isSortable = column.sort !== undefined && onSort !== undefined;
  return (
    <span role="columnheader" class={column.align === "right" ? "nb-dt-th nb-num" : "nb-dt-th"} aria-sort={order}>
      {isSortable ? (
        <button type="button" onClick={() => onSort({ column: column.id, isDown: isIt ? !sorting.isDown : column.align === "right" })}>
          {column.label}
          <span aria-hidden="true" class="nb-dt-arrow">{!isIt ? "" : sorting.isDown ? "↓" : "↑"}</span>
        </button>
      ) : column.isQuiet === true ? (
        <span class="nb-unseen">{column.label}</span>
      ) : (
        column.label
      )}
    </span>
  );
}

/** Which columns a table shows: a menu of check marks. */
export function ColumnsButton<Row>(props: {
  readonly columns: readonly Column<Row>[];
  readonly shown: ReadonlySet<string> | null;
  readonly onChange: (shown: ReadonlySet<string>) => void;
}): JSX.Element {
  const now = props.shown ?? new Set(props.columns.filter(({ isExtra }) => isExtra !== true).map(({ id }) => id));
  return (
    <MenuButton
      after="down"
      items={props.columns.slice(1).map(({ id, label }) => ({
        label,
        checked: now.has(id),
        onPick: () => {
          const next = new Set(now);
          if (!next.delete(id)) next.add(id);
          props.onChange(next);
        },
      }))}
    >
      Columns
    </MenuButton>
  );
}

/** The columns that stand: the first always, others as chosen, else as the width allows; where they do not fit, those go that need most. */
export function seen<Row>(columns: readonly Column<Row>[], shown: ReadonlySet<string> | null, width: number): readonly Column<Row>[] {
  const left = columns.filter((column, at) => at === 0 || ((shown === null ? column.isExtra !== true : shown.has(column.id)) && width >= (column.from ?? 0)));
  if (shown !== null) return left;
  const most = (): number => Math.max(0, ...left.map(({ from }) => from ?? 0));
  while (leastWidth(left.map((column) => column.width)) > width && most() > 0) {
    left.splice(left.findLastIndex(({ from }) => (from ?? 0) === most()), 1);
  }
  return left;
}

const GAP = 12;
const SIDES = 24;

/** What a row needs at least, so that all rows and the head agree when it does not fit. */
function leastWidth(widths: readonly string[]): number {
  return widths.reduce((sum, width) => sum + Number(/\d+/.exec(width)?.[0] ?? 0), SIDES + GAP * (widths.length - 1));
}

/** Rows by a column; those without a value last, whichever way; equal ones in the order they came in. */
export function inOrder<Row>(rows: readonly Row[], columns: readonly Column<Row>[], sorting: Sorting | null): readonly Row[] {
  const by = columns.find(({ id }) => id === sorting?.column)?.sort;
  if (by === undefined || sorting === null) return rows;
  const sign = sorting.isDown ? -1 : 1;
  return rows
    .map((row) => ({ row, value: by(row) }))
    .sort((a, b) => (a.value === null || b.value === null ? Number(a.value === null) - Number(b.value === null) : sign * compare(a.value, b.value)))
    .map(({ row }) => row);
}

/** The rows as a text with commas, as spreadsheets read it. A cell never begins as a formula does. */
export function csvOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const told = columns.filter(({ text }) => text !== undefined);
  const lines = [told.map(({ label }) => quoted(label)), ...rows.map((row) => told.map(({ text }) => quoted(text?.(row) ?? "")))];
  return `${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
}

function quoted(value: string | number): string {
  if (typeof value === "number") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function compare(a: number | string, b: number | string): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("a, button, input, select, label") !== null;
}
