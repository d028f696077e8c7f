import { describe, expect, test } from "vitest";
import type { Attempt, StepFacts } from "../src/client/wire.gen";
import { columnsOf, partsOf, rowsOf, secondsOf, spanOf, tickName, ticksOf, wordsOf } from "../src/views/run/rows";
import { numbers } from "./random";

const attempt = (more: Partial<Attempt>): Attempt => ({ queued_at: null, launched_at: null, started_at: null, loaded_at: null, worked_at: null, ended_at: null, state: "running", ...more });
const step = (key: string, more: Partial<StepFacts> = {}): StepFacts => ({
  key, asset: key.split("[")[0] ?? key, state: "fresh", partition: null, attempts: [], expected_s: null, expected_at: null, note: "", critical: false, cell: null, ...more,
});

test("a long name gives way to the partition that tells rows apart", () => {
  expect(wordsOf({ label: "flights", detail: "2013-01-01" }, 20)).toEqual(["flights", "2013-01-01"]);
  expect(wordsOf({ label: "departure_delays", detail: "2013-01-01" }, 20)).toEqual(["departur…", "2013-01-01"]);
  expect(wordsOf({ label: "departure_delays", detail: "2013-01-01|New York" }, 20)).toEqual(["depar…", "…-01|New York"]);
  expect(wordsOf({ label: "departure_delays_of_a_year", detail: "" }, 20)).toEqual(["departure_delays_of…", ""]);
});

describe("a try is cut into what it waited, loaded, worked and wrote", () => {
  test("a whole one", () => {
    expect(partsOf(attempt({ queued_at: 0, launched_at: 1, started_at: 2, loaded_at: 4, worked_at: 9, ended_at: 10, state: "fresh" }), 50)).toEqual([
      { phase: "wait", from: 0, to: 1 }, { phase: "start", from: 1, to: 2 }, { phase: "load", from: 2, to: 4 }, { phase: "work", from: 4, to: 9 }, { phase: "write", from: 9, to: 10 },
    ]);
  });
  test("one that still loads, one that still waits", () => {
    expect(partsOf(attempt({ started_at: 2 }), 7)).toEqual([{ phase: "load", from: 2, to: 7 }]);
    expect(partsOf(attempt({ queued_at: 2 }), 7)).toEqual([{ phase: "wait", from: 2, to: 7 }]);
  });
  test("one that is over and told no phases only worked", () => {
    expect(partsOf(attempt({ started_at: 2, ended_at: 6 }), 9)).toEqual([{ phase: "work", from: 2, to: 6 }]);
  });
});

describe("rows", () => {
  const many = numbers(0, 60).map((at) => step(`a[${at}]`, { partition: String(at) }));
  test("few steps have a row each, many fold by asset and open again", () => {
    expect(rowsOf(many.slice(0, 5), new Set())).toHaveLength(5);
    const [row] = rowsOf([...many, step("b")], new Set());
    expect(row).toMatchObject({ label: "a", isGroup: true, detail: "60 of 60" });
    expect(rowsOf(many, new Set(["a"]))).toHaveLength(61);
  });
  test("many bars in one row keep the most urgent in each column", () => {
    const steps = [step("a", { attempts: [attempt({ started_at: 0, ended_at: 10, state: "fresh" })] }), step("b", { attempts: [attempt({ started_at: 4, ended_at: 6, state: "failed" })] })];
    expect(columnsOf(steps, { from: 0, to: 10 }, 10, 10)).toEqual([
      { x: 0, width: 4, state: "fresh" }, { x: 4, width: 2, state: "failed" }, { x: 6, width: 4, state: "fresh" },
    ]);
  });
  test("the span holds what is expected", () => {
    const view = { type: "run" as const, run: "r", title: "", state: "running" as const, steps: [step("a", { state: "queued", expected_at: 30, expected_s: 5 })], started_at: 10, ended_at: null, eta_s: null, background: false, errors: [], log: [], previous: null, since: [], note: "" };
    expect(spanOf(view, 12)).toEqual({ from: 10, to: 35 });
  });
  test("seconds run over all tries", () => {
    expect(secondsOf(step("a", { attempts: [attempt({ started_at: 1, ended_at: 3, state: "failed" }), attempt({ started_at: 5 })] }), 9)).toBe(8);
  });
  test("marks on the axis are round and few", () => {
    expect(ticksOf({ from: 0, to: 95 }).map(tickName)).toEqual(["0 s", "15 s", "30 s", "45 s", "1:00", "1:15", "1:30"]);
    expect(ticksOf({ from: 0, to: 0.5 })).toHaveLength(6);
  });
});
