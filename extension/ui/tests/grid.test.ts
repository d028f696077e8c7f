import { describe, expect, test } from "vitest";
import type { Keys } from "../src/client/keys";
import { keysOf } from "../src/client/keys";
import { size } from "../src/client/spans";
import type { TimeKeys } from "../src/client/wire.gen";
import type { Layout } from "../src/views/grid/layout";
import { firstZoom, layoutFor, zoomsOf } from "../src/views/grid/layout";
import { isOutlier, scaleOf, stepOf, summarize, valueOf } from "../src/views/grid/summary";
import { mannersFor, runsFor, secondsFor, stepsFor } from "../src/views/grid/LaunchBar";
import { numbers } from "./random";

const time = (step: TimeKeys["step"], count: number, start = "2013-01-01T00:00", more: Partial<TimeKeys> = {}): Keys =>
  keysOf({ name: step, keys: { type: "time", start, step, count, pattern: step === "hour" ? "%Y-%m-%d-%H:%M" : "%Y-%m-%d", shifts: [], renamed: [], ...more } });
const list = (name: string, count: number): Keys => keysOf({ name, keys: { type: "list", keys: numbers(0, count).map((at) => `${name}${at}`), labels: [] } });
const AXES = { rows: 0, columns: 1, others: [null, null] };
const LAYOUTS: readonly (readonly [string, Layout, number])[] = [
  ["a year of days", layoutFor([time("day", 365)], "day", 674, null), 365],
  ["three and a half years of days", layoutFor([time("day", 1280, "2011-05-17T00:00")], "day", 480, null), 1280],
  ["days as months", layoutFor([time("day", 1280, "2011-05-17T00:00")], "month", 674, null), 1280],
  ["hours", layoutFor([time("hour", 5000, "2013-02-27T05:00")], "hour", 674, null), 5000],
  ["hours as days", layoutFor([time("hour", 5000, "2013-02-27T05:00")], "day", 674, null), 5000],
  ["weeks", layoutFor([time("week", 160, "2012-01-02T00:00")], "week", 674, null), 160],
  ["months", layoutFor([time("month", 40, "2011-03-01T00:00")], "month", 674, null), 40],
  ["few keys", layoutFor([list("r", 14)], "list", 674, null), 14],
  ["many keys", layoutFor([list("k", 3000)], "list", 674, null), 3000],
  ["a matrix", layoutFor([list("o", 16), time("month", 12)], "matrix", 674, AXES), 192],
  ["a matrix on its side", layoutFor([list("o", 5), time("day", 90)], "matrix", 674, { rows: 1, columns: 0, others: [null, null] }), 450],
  ["three dimensions", layoutFor([list("a", 3), list("b", 4), list("c", 5)], "matrix", 674, { rows: 2, columns: 0, others: [null, null, null] }), 60],
];

describe.each(LAYOUTS)("%s", (_, layout, count) => {
  const cells = numbers(0, layout.cells);
  test("every position stands in one cell, and that cell says so", () => {
    const total = cells.reduce((sum, cell) => sum + size(layout.spans(cell)), 0);
    expect(total).toBe(count);
    for (const cell of cells) for (const [start, stop] of layout.spans(cell)) expect([layout.cellOf(start), layout.cellOf(stop - 1)]).toEqual([cell, cell]);
  });
  test("the middle of a cell hits it, and the gap between two hits one of them", () => {
    for (const cell of cells) {
      const { x, y, width, height } = layout.rect(cell);
      expect(layout.at(x + width / 2, y + height / 2), String(cell)).toBe(cell);
    }
    expect(layout.at(-5, -5)).toBeNull();
    expect(layout.at(5, layout.height + 500)).toBeNull();
  });
  test("what is in sight is found by height alone", () => {
    for (const cell of cells.filter((at) => at % 7 === 0)) {
      const { y, height } = layout.rect(cell);
      const [from, to] = layout.between(y, y + height);
      expect(cell >= from && cell < to, String(cell)).toBe(true);
    }
  });
  test("arrows stay inside and a cell is reached from its neighbour", () => {
    for (const cell of cells.filter((at) => at % 11 === 0)) {
      for (const arrow of ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"] as const) {
        const to = layout.step(cell, arrow);
        expect(to >= 0 && to < layout.cells).toBe(true);
      }
    }
  });
  test("all of it is a range from the first cell to the last", () => {
    expect(size(layout.range(0, layout.cells - 1))).toBe(count);
  });
});

describe("calendars follow the calendar", () => {
  const year = layoutFor([time("day", 365)], "day", 674, null);
  test("Tuesday, 1 January 2013, stands in the second row of the first column, Mondays at the top", () => {
    expect(year.rect(0).y - year.rect(6).y).toBe(12);
    expect(year.rect(6).x).toBeGreaterThan(year.rect(0).x);
    expect(year.step(10, "ArrowRight")).toBe(17);
    expect(year.step(10, "ArrowDown")).toBe(11);
  });
  test("a drag over days takes all between", () => {
    expect(year.range(167, 151)).toEqual([[151, 168]]);
  });
  test("a click on a month takes its days", () => {
    const june = year.labels(0, 200).find(({ text }) => text === "Jun");
    expect(june?.spans).toEqual([[151, 181]]);
  });
  test("a day of 23 hours and one of 25 keep their places", () => {
    const clocks = time("hour", 24 * 366, "2013-01-01T00:00", { shifts: [[1634, 60], [7345, -60]], renamed: [[7345, "2013-11-03-01:00-0500"]] });
    const days = layoutFor([clocks], "day", 674, null);
    const march10 = days.cellOf(clocks.find("2013-03-10-03:00") ?? -1);
    const november3 = days.cellOf(clocks.find("2013-11-03-05:00") ?? -1);
    expect([size(days.spans(march10)), size(days.spans(november3)), size(days.spans(10))]).toEqual([23, 25, 24]);
  });
  test("a block of a matrix is rows by columns", () => {
    const matrix = layoutFor([list("o", 16), time("month", 12)], "matrix", 674, AXES);
    expect(matrix.range(2 * 12 + 3, 4 * 12 + 5)).toEqual([[27, 30], [39, 42], [51, 54]]);
  });
  test("the first zoom shows days of a hundred thousand hours, hours of a week", () => {
    expect([firstZoom([time("hour", 100_000)]), firstZoom([time("hour", 168)]), firstZoom([time("day", 90)])]).toEqual(["day", "hour", "day"]);
    expect(zoomsOf([list("a", 3), list("b", 2)])).toEqual(["matrix"]);
  });
  test("a hundred thousand hours cost no more to place than a hundred", () => {
    const layout = layoutFor([time("hour", 100_000)], "hour", 674, null);
    const [from, to] = layout.between(20_000, 20_400);
    expect(to - from).toBeLessThan(24 * 40);
  });
});

describe("a cell tells what it stands for", () => {
  const runs = { stops: [2, 5, 8], states: [0, 3, 0] };
  test("one state or several, the most urgent first", () => {
    expect(summarize(runs, [[0, 2]])).toEqual({ state: "fresh", isPartial: false, count: 2, fresh: 2 });
    expect(summarize(runs, [[1, 4]])).toEqual({ state: "failed", isPartial: true, count: 3, fresh: 1 });
  });
  test("numbers have five steps, outliers beyond the fences and holes", () => {
    const numbersOf = new Float32Array([10, 11, 12, 13, 14, 15, 16, 17, 400, Number.NaN]);
    const scale = scaleOf(btoa(String.fromCharCode(...new Uint8Array(numbersOf.buffer))));
    expect([scale.low, scale.high]).toEqual([10, 17]);
    expect([stepOf(scale, 10), stepOf(scale, 17), stepOf(scale, 400)]).toEqual([0, 4, 4]);
    expect([isOutlier(scale, 400), isOutlier(scale, 17)]).toEqual([true, false]);
    expect([valueOf(scale, [[0, 2]]), valueOf(scale, [[9, 10]])]).toEqual([10.5, null]);
  });
  test("the button knows its runs and its time", () => {
    const [backfill, single, tens] = mannersFor(365, true);
    expect([stepsFor(17, { grouping: "per_key", chunk: 0 }), stepsFor(17, { grouping: "at_once", chunk: 0 })]).toEqual([17, 1]);
    expect([backfill, single, tens].map((manner) => manner && runsFor(365, manner))).toEqual([8, 365, 37]);
    expect(runsFor(100_000, { grouping: "backfill", chunk: 0 })).toBe(200);
    expect(mannersFor(6, false).map(({ grouping, chunk }) => [grouping, chunk])).toEqual([["per_key", 0], ["backfill", 0], ["backfill", 1]]);
    expect([secondsFor(17, 7, 1), secondsFor(17, 7, 4)]).toEqual([119, 35]);
  });
});
