// Where the partitions stand: cells with a place, the positions each stands for, and the way from a point to a cell.
// Pure arithmetic; nothing here costs what the keys cost, so 100,000 of them are as quick as a hundred.

import type { Keys } from "../../client/keys";
import type { Spans } from "../../client/wire.gen";
import { calendar, hours, months, weeks } from "./calendars";
import { matrix } from "./matrix";
import { wrapped } from "./wrapped";

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Label {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly anchor: "start" | "middle" | "end";
  /** What a click on it selects. */
  readonly spans?: Spans;
  readonly isInk?: boolean;
}

export interface Total {
  readonly x: number;
  readonly y: number;
  readonly anchor: "end" | "middle";
  readonly spans: Spans;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly cells: number;
  /** Cells that are wide enough for their own words below. */
  readonly isWide: boolean;
  /** How far an arrow up or down goes is up to the layout; left and right are the shorter way. */
  step(cell: number, arrow: "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight"): number;
  rect(cell: number): Rect;
  at(x: number, y: number): number | null;
  /** Cells that may be seen between two heights: from the first up to but not including the second. */
  between(top: number, bottom: number): readonly [number, number];
  /** The positions of a cell. */
  spans(cell: number): Spans;
  cellOf(position: number): number;
  /** What a drag or a Shift-arrow from one cell to another takes. */
  range(from: number, to: number): Spans;
  labels(top: number, bottom: number): readonly Label[];
  /** Places for counts of what is fresh: ends of rows and columns. */
  totals(top: number, bottom: number): readonly Total[];
  name(cell: number): string;
}

export type Zoom = "month" | "day" | "hour" | "week" | "list" | "matrix";

/** The zooms that a partitioning can be seen at, coarsest first. */
export function zoomsOf(dimensions: readonly Keys[]): readonly Zoom[] {
  const [first, second] = dimensions;
  if (second !== undefined) return ["matrix"];
  switch (first?.time?.step) {
    case "hour":
      return ["month", "day", "hour"];
    case "day":
      return ["month", "day"];
    case "week":
      return ["month", "week"];
    case "month":
      return ["month"];
    default:
      return ["list"];
  }
}

/** The finest zoom that does not drown the reader. */
export function firstZoom(dimensions: readonly Keys[]): Zoom {
  const zooms = zoomsOf(dimensions);
  const [first] = dimensions;
  if (first?.time?.step === "hour" && first.count > 24 * 21) return "day";
  return zooms.at(-1) ?? "list";
}

export interface Axes {
  readonly rows: number;
  readonly columns: number;
  /** For the other dimensions: a digit, or null for all of them. */
  readonly others: readonly (number | null)[];
}

export function layoutFor(dimensions: readonly Keys[], zoom: Zoom, width: number, axes: Axes | null): Layout {
  const [first] = dimensions;
  if (first === undefined) return wrapped(EMPTY, width);
  if (axes !== null && dimensions.length > 1) return matrix(dimensions, axes, width);
  if (first.time === null) return wrapped(first, width);
  switch (zoom) {
    case "month":
      return months(first, first.time, width);
    case "day":
      return calendar(first, first.time, width);
    case "hour":
      return hours(first, first.time, width);
    case "week":
      return weeks(first, first.time, width);
    default:
      return wrapped(first, width);
  }
}

const EMPTY: Keys = { name: "", count: 0, key: () => "", label: () => "", find: () => null, findPrefix: () => null, time: null };
