// Listed keys as cells that wrap: with their names in them while they are few, as small squares when they are many.

import type { Keys } from "../../client/keys";
import type { Layout } from "./layout";

const FEW = 60;
const PITCH = 12;

export function wrapped(keys: Keys, width: number): Layout {
  const isWide = keys.count <= FEW;
  const longest = isWide ? Math.max(3, ...Array.from({ length: keys.count }, (_, at) => keys.key(at).length)) : 0;
  const pitch = isWide ? Math.min(width, Math.max(56, longest * 7.4 + 10)) : PITCH;
  const rowHeight = isWide ? 40 : PITCH;
  const columns = Math.max(1, Math.floor(width / pitch));
  const rows = Math.max(1, Math.ceil(keys.count / columns));
  return {
    cells: keys.count,
    isWide: false,
    width: columns * pitch,
    height: rows * rowHeight + 2,
    spans: (cell) => [[cell, cell + 1]],
    cellOf: (position) => position,
    range: (from, to) => [[Math.min(from, to), Math.max(from, to) + 1]],
    name: (cell) => keys.key(cell),
    rect: (cell) => ({
      x: (cell % columns) * pitch + 1,
      y: Math.floor(cell / columns) * rowHeight + (isWide ? 17 : 1),
      width: pitch - (isWide ? 6 : 2),
      height: isWide ? 15 : PITCH - 2,
    }),
    at: (x, y) => {
      const column = Math.floor(x / pitch);
      const cell = Math.floor(y / rowHeight) * columns + column;
      return column < 0 || column >= columns || cell < 0 || cell >= keys.count ? null : cell;
    },
    between: (top, bottom) => [
      Math.max(0, Math.floor(top / rowHeight)) * columns,
      Math.min(keys.count, (Math.floor(bottom / rowHeight) + 1) * columns),
    ],
    step: (cell, arrow) => {
      const next = cell + { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[arrow];
      return next < 0 || next >= keys.count ? cell : next;
    },
    totals: () => [],
    labels: () =>
      isWide
        ? Array.from({ length: keys.count }, (_, cell) => ({
            text: keys.key(cell),
            x: (cell % columns) * pitch + 1,
            y: Math.floor(cell / columns) * rowHeight + 12,
            anchor: "start" as const,
            isInk: true,
          }))
        : [],
  };
}
