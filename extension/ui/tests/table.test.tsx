// @vitest-environment jsdom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, expect, test } from "vitest";
import type { Column } from "../src/ui/DataTable";
import { csvOf, DataTable, inOrder, seen } from "../src/ui/DataTable";

interface Row {
  readonly name: string;
  readonly size: number | null;
}

const COLUMNS: readonly Column<Row>[] = [
  { id: "name", label: "Name", width: "minmax(100px, 1fr)", sort: ({ name }) => name, text: ({ name }) => name, cell: ({ name }) => name },
  { id: "size", label: "Size", width: "60px", align: "right", from: 400, sort: ({ size }) => size, text: ({ size }) => size, cell: ({ size }) => String(size) },
  { id: "note", label: "Note", width: "60px", isExtra: true, cell: () => "" },
];
const rows = (count: number): readonly Row[] => Array.from({ length: count }, (_, at) => ({ name: `row ${at}`, size: at }));
let root: HTMLElement | null = null;
afterEach(() => {
  if (root !== null) render(null, root);
  root?.remove();
});

test("rows without a value come last, whichever way they are ordered", () => {
  const some: readonly Row[] = [{ name: "a", size: null }, { name: "b", size: 2 }, { name: "c", size: 10 }];
  const names = (isDown: boolean): readonly string[] => inOrder(some, COLUMNS, { column: "size", isDown }).map(({ name }) => name);
  expect([names(false), names(true)]).toEqual([["b", "c", "a"], ["c", "b", "a"]]);
});

test("names with numbers are ordered as people count", () => {
  expect(inOrder(rows(11), COLUMNS, { column: "name", isDown: false }).map(({ name }) => name).slice(1, 3)).toEqual(["row 1", "row 2"]);
});

test("a narrow table leaves columns out, never the first; the reader's choice goes before ours", () => {
  const ids = (shown: ReadonlySet<string> | null, width: number): readonly string[] => seen(COLUMNS, shown, width).map(({ id }) => id);
  expect(ids(null, 900)).toEqual(["name", "size"]);
  expect(ids(null, 300)).toEqual(["name"]);
  expect(ids(new Set(["note"]), 900)).toEqual(["name", "note"]);
  const wide = COLUMNS.map((column) => ({ ...column, width: "300px", isExtra: false }));
  expect(seen([...wide, { id: "more", label: "More", width: "300px", from: 500, cell: () => "" }], null, 980).map(({ id }) => id)).toEqual(["name", "size", "note"]);
});

test("a file for spreadsheets quotes what has to be, and no cell of it is a formula", () => {
  expect(csvOf(COLUMNS, [{ name: '=1+1, "x"', size: 3 }, { name: "b", size: null }])).toBe('Name,Size\r\n"\'=1+1, ""x""",3\r\nb,\r\n');
});

test("ten thousand rows are a handful of elements; arrows walk, Enter opens, Space picks", async () => {
  const opened: string[] = [];
  const picked: (readonly string[])[] = [];
  root = document.createElement("div");
  document.body.append(root);
  const home = root;
  await act(() =>
    render(
      <DataTable label="Things" columns={COLUMNS} rows={rows(10_000)} keyOf={({ name }) => name} selected={new Set()} onSelect={(next) => picked.push([...next])} onOpen={({ name }) => opened.push(name)} />,
      home,
    ),
  );
  expect(home.querySelectorAll("[data-row]").length).toBeLessThan(60);
  expect(home.querySelector("[role=table]")?.getAttribute("aria-rowcount")).toBe("10001");
  const press = (key: string): void => {
    const row = home.querySelector<HTMLElement>('[data-row][tabindex="0"]');
    row?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  };
  await act(() => press("ArrowDown"));
  await act(() => press("Enter"));
  await act(() => press(" "));
  expect([opened, picked]).toEqual([["row 1"], [["row 1"]]]);
});
