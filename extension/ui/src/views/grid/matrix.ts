// Two dimensions as rows and columns. Others are held at one key, or all of them stand in each cell together.

import type { Keys } from "../../client/keys";
import { digitsOf } from "../../client/keys";
import { expand } from "../../client/ranges";
import type { Spans } from "../../client/wire.gen";
import { monthName } from "../../ui/format";
import type { Axes, Label, Layout, Total } from "./layout";

const HEAD = 18;
const ROW = 15;
const FOOT = 20;
const CHAR = 7.3;

export function matrix(dimensions: readonly Keys[], axes: Axes, width: number): Layout {
  const rows = dimensions[axes.rows];
  const columns = dimensions[axes.columns];
  if (rows === undefined || columns === undefined) throw new RangeError("a matrix needs two dimensions");
  const left = Math.min(190, 12 + Math.max(...sample(rows, (at) => nameWidth(rows, at))));
  const right = 62;
  const pitch = Math.max(12, Math.min(56, Math.floor((width - left - right) / Math.max(1, columns.count))));
  const block = (row: number | null, column: number | null): Spans =>
    expand(dimensions, dimensions.map((keys, at): Spans => {
      const digit = at === axes.rows ? row : at === axes.columns ? column : (axes.others[at] ?? null);
      return digit === null ? [[0, keys.count]] : [[digit, digit + 1]];
    }));
  const everyColumn = Math.max(1, Math.ceil(headWidth(columns) / pitch));
  return {
    cells: rows.count * columns.count,
    isWide: false,
    width: left + columns.count * pitch + right,
    height: HEAD + rows.count * ROW + FOOT,
    spans: (cell) => block(Math.floor(cell / columns.count), cell % columns.count),
    cellOf: (position) => {
      const digits = digitsOf(dimensions, position);
      return (digits[axes.rows] ?? 0) * columns.count + (digits[axes.columns] ?? 0);
    },
    range: (from, to) => {
      const [r1, r2] = [Math.floor(from / columns.count), Math.floor(to / columns.count)];
      const [c1, c2] = [from % columns.count, to % columns.count];
      return expand(dimensions, dimensions.map((keys, at): Spans => {
        if (at === axes.rows) return [[Math.min(r1, r2), Math.max(r1, r2) + 1]];
        if (at === axes.columns) return [[Math.min(c1, c2), Math.max(c1, c2) + 1]];
        const digit = axes.others[at] ?? null;
        return digit === null ? [[0, keys.count]] : [[digit, digit + 1]];
      }));
    },
    name: (cell) => `${rows.key(Math.floor(cell / columns.count))}, ${columns.key(cell % columns.count)}`,
    rect: (cell) => ({ x: left + (cell % columns.count) * pitch, y: HEAD + Math.floor(cell / columns.count) * ROW, width: pitch - 2, height: ROW - 2 }),
    at: (x, y) => {
      const [column, row] = [Math.floor((x - left) / pitch), Math.floor((y - HEAD) / ROW)];
      return column < 0 || column >= columns.count || row < 0 || row >= rows.count ? null : row * columns.count + column;
    },
    between: (top, bottom) => [
      Math.max(0, Math.floor((top - HEAD) / ROW)) * columns.count,
      Math.min(rows.count, Math.max(0, Math.ceil((bottom - HEAD) / ROW) + 1)) * columns.count,
    ],
    step: (cell, arrow) => {
      const [row, column] = [Math.floor(cell / columns.count), cell % columns.count];
      const [dr, dc] = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[arrow] ?? [0, 0];
      const [r, c] = [Math.max(0, Math.min(rows.count - 1, row + (dr ?? 0))), Math.max(0, Math.min(columns.count - 1, column + (dc ?? 0)))];
      return r * columns.count + c;
    },
    totals: (top, bottom) => {
      const out: Total[] = [];
      const from = Math.max(0, Math.floor((top - HEAD) / ROW));
      for (let row = from; row < rows.count && HEAD + row * ROW <= bottom; row += 1) {
        out.push({ x: left + columns.count * pitch + right - 2, y: HEAD + row * ROW + 10.5, anchor: "end", spans: block(row, null) });
      }
      const foot = HEAD + rows.count * ROW + 14;
      for (let column = 0; foot <= bottom && column < columns.count; column += everyColumn) {
        out.push({ x: left + column * pitch + (pitch - 2) / 2, y: foot, anchor: "middle", spans: block(null, column) });
      }
      return out;
    },
    labels: (top, bottom) => {
      const out: Label[] = [];
      if (top <= HEAD) {
        for (let column = 0; column < columns.count; column += everyColumn) {
          out.push({ text: headOf(columns, column), x: left + column * pitch + (pitch - 2) / 2, y: 12, anchor: "middle", spans: block(null, column) });
        }
      }
      const from = Math.max(0, Math.floor((top - HEAD) / ROW));
      const foot = HEAD + rows.count * ROW + 14;
      if (foot <= bottom) out.push({ text: "fresh", x: 0, y: foot, anchor: "start" });
      for (let row = from; row < rows.count && HEAD + row * ROW <= bottom; row += 1) {
        const label = rows.label(row);
        const y = HEAD + row * ROW + 10.5;
        out.push({ text: rows.key(row), x: 0, y, anchor: "start", spans: block(row, null), isInk: true });
        if (label !== "") out.push({ text: label, x: rows.key(row).length * CHAR + 8, y, anchor: "start" });
      }
      return out;
    },
  };
}

/** A short head for a column: months and days by their last part. */
function headOf(keys: Keys, at: number): string {
  if (keys.time === null) return keys.key(at);
  const date = new Date(keys.time.at(at));
  if (keys.time.step === "month") return date.getUTCMonth() === 0 && keys.count > 12 ? String(date.getUTCFullYear()) : monthName(date.getUTCMonth());
  return keys.time.step === "hour" ? String(date.getUTCHours()) : `${date.getUTCDate()} ${monthName(date.getUTCMonth())}`;
}

function headWidth(keys: Keys): number {
  return 8 + 6.2 * Math.max(...sample(keys, (at) => headOf(keys, at).length));
}

function nameWidth(keys: Keys, at: number): number {
  const label = keys.label(at);
  return keys.key(at).length * CHAR + (label === "" ? 0 : label.length * 6.2 + 8);
}

function sample(keys: Keys, measure: (at: number) => number): readonly number[] {
  return [0, ...Array.from({ length: Math.min(keys.count, 400) }, (_, at) => measure(at))];
}

