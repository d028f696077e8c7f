import { describe, expect, test } from "vitest";
import { changed, countStates, positionsIn, stateAt } from "../src/client/runs";
import { both, has, normal, overlap, size, union, without } from "../src/client/spans";
import type { Spans } from "../src/client/wire.gen";
import { numbers, random } from "./random";

const members = (spans: Spans): Set<number> => new Set(spans.flatMap(([a, b]) => numbers(a, b)));
const pick = (next: () => number): Spans => normal(Array.from({ length: next() % 6 }, () => [next() % 40, next() % 40] as const));

describe("spans behave as sets", () => {
  test("union, difference, intersection and membership agree with sets of numbers", () => {
    const next = random(7);
    for (let round = 0; round < 400; round += 1) {
      const [a, b] = [pick(next), pick(next)];
      const [left, right] = [members(a), members(b)];
      expect(members(union(a, b))).toEqual(new Set([...left, ...right]));
      expect(members(without(a, b))).toEqual(new Set([...left].filter((n) => !right.has(n))));
      expect(members(both(a, b))).toEqual(new Set([...left].filter((n) => right.has(n))));
      expect(size(a)).toBe(left.size);
      expect(numbers(0, 40).filter((n) => has(a, n))).toEqual([...left].toSorted((x, y) => x - y));
    }
  });
  test("spans are kept sorted, apart and without empty ones", () => {
    expect(normal([[5, 7], [1, 3], [3, 5], [9, 9]])).toEqual([[1, 7]]);
  });
  test("overlap tells all, some and none", () => {
    expect([overlap([[0, 5]], [[1, 2]]), overlap([[0, 5]], [[4, 6]]), overlap([[0, 5]], [[5, 6]])]).toEqual(["all", "some", "none"]);
  });
});

describe("states as runs", () => {
  test("changes do what they do to a plain list", () => {
    const next = random(3);
    for (let round = 0; round < 400; round += 1) {
      const plain = Array.from({ length: 30 }, () => next() % 3);
      const runs = changed({ stops: [], states: [] }, plain.map((state, at) => [at, at + 1, state] as const));
      const changes = Array.from({ length: next() % 5 }, () => {
        const start = next() % 30;
        return [start, Math.min(30, start + (next() % 8)), next() % 9] as const;
      });
      for (const [start, stop, state] of changes) plain.fill(state, start, stop);
      const after = changed(runs, changes);
      expect(after.stops.flatMap((stop, at) => Array.from({ length: stop - (after.stops[at - 1] ?? 0) }, () => after.states[at]))).toEqual(plain);
    }
  });
  test("counts and positions are told by state", () => {
    const runs = { stops: [2, 5, 6], states: [0, 2, 0] };
    expect([...countStates(runs)]).toEqual([["fresh", 3], ["missing", 3]]);
    expect([...countStates(runs, [[1, 3]])]).toEqual([["fresh", 1], ["missing", 1]]);
    expect(positionsIn(runs, "fresh")).toEqual([[0, 2], [5, 6]]);
    expect(stateAt(runs, 4)).toBe("missing");
  });
});
