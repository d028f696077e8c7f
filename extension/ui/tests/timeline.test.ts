import { expect, test } from "vitest";
import type { TimedRun } from "../src/pages/timeline/layout";
import { barsOf, spanAround, timeRows, timeTicks } from "../src/pages/timeline/layout";
import { random } from "./random";

const run = (id: string, from: number, to: number | null, state: TimedRun["state"] = "fresh", row = "daily"): TimedRun => ({ id, row, state, from, to });
const DAY = { from: 0, to: 86_400 };

test("a run of a second is seen in a day: no bar is thinner than three pixels or leaves the picture", () => {
  const next = random(3);
  const pick = (below: number): number => next() % below;
  for (let round = 0; round < 100; round += 1) {
    const runs = Array.from({ length: 1 + pick(30) }, (_, at) => run(`r${at}`, pick(90_000) - 1_000, null));
    const ended = runs.map((one) => ({ ...one, to: one.from + pick(3_000) })).filter(({ to }) => to >= 0);
    const bars = barsOf(ended.filter(({ from }) => from <= DAY.to), DAY, 600, 86_400);
    for (const [at, bar] of bars.entries()) {
      expect(bar.width).toBeGreaterThanOrEqual(3);
      expect(bar.x).toBeGreaterThanOrEqual(0);
      expect(bar.x + bar.width).toBeLessThanOrEqual(600.001);
      const next = bars[at + 1];
      if (next !== undefined) expect(next.x).toBeGreaterThanOrEqual(bar.x + bar.width);
    }
    expect(bars.reduce((sum, bar) => sum + bar.runs.length, 0)).toBe(ended.filter(({ from }) => from <= DAY.to).length);
  }
});

test("bars that would stand on each other are one, in the most urgent of their states", () => {
  const [bar, ...rest] = barsOf([run("a", 1000, 1001), run("b", 1010, 1011, "failed"), run("c", 1020, 1021)], DAY, 600, 5_000);
  expect([bar?.runs.map(({ id }) => id), bar?.state, rest]).toEqual([["a", "b", "c"], "failed", []]);
});

test("rows that failed come first, then those whose runs are newest, then those that only come", () => {
  const rows = timeRows(
    [run("a", 100, 200, "fresh", "old"), run("b", 300, 400, "fresh", "new"), run("c", 50, 60, "failed", "bad"), run("d", 500, null, "running", "live")],
    [{ row: "later", at: 2_000, by: "nightly" }, { row: "later", at: 90_000, by: "nightly" }, { row: "old", at: 10, by: "x" }],
    DAY, 600, 1_000,
  );
  expect(rows.map(({ name, runs, failed }) => [name, runs, failed])).toEqual([["bad", 1, 1], ["live", 1, 0], ["new", 1, 0], ["old", 1, 0], ["later", 0, 0]]);
  expect(rows.at(-1)?.marks.map(({ coming }) => coming.length)).toEqual([1]);
});

test("ticks stand at round local times at least 70 pixels apart, and the first of a day names it", () => {
  for (const size of ["1h", "6h", "24h", "7d"]) {
    const span = spanAround(1_764_000_000, size, 0);
    const ticks = timeTicks(span, 800);
    expect(ticks.length).toBeGreaterThan(2);
    for (const [at, tick] of ticks.entries()) {
      const next = ticks[at + 1];
      if (next !== undefined) expect(next.x - tick.x).toBeGreaterThan(69);
      expect(tick.isDay).toBe(/^[A-Z]/.test(tick.text));
    }
  }
});
