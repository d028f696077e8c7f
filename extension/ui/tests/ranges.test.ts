import { describe, expect, test } from "vitest";
import { keysOf, keyName, strptime } from "../src/client/keys";
import { formatRanges, parseRanges } from "../src/client/ranges";
import { normal } from "../src/client/spans";
import { random } from "./random";

const daily = keysOf({ name: "day", keys: { type: "time", start: "2013-01-01T00:00", step: "day", count: 365, pattern: "%Y-%m-%d", shifts: [], renamed: [] } });
const monthly = keysOf({ name: "month", keys: { type: "time", start: "2013-01-01T00:00", step: "month", count: 12, pattern: "%Y-%m", shifts: [], renamed: [] } });
const origin = keysOf({ name: "origin", keys: { type: "list", keys: ["EWR", "JFK", "LGA"], labels: [] } });
const newYork = keysOf({
  name: "hour",
  keys: {
    type: "time", start: "2013-11-03T00:00", step: "hour", count: 25, pattern: "%Y-%m-%d-%H:%M",
    shifts: [[2, -60]], renamed: [[2, "2013-11-03-01:00-0500"]],
  },
});

describe("keys are computed", () => {
  test("a day is named and found by arithmetic", () => {
    expect(daily.key(151)).toBe("2013-06-01");
    expect(daily.find("2013-06-01")).toBe(151);
    expect(daily.find("2014-06-01")).toBeNull();
    expect(daily.findPrefix("2013-06")).toEqual([151, 181]);
  });
  test("an hour that comes twice has two keys", () => {
    expect([0, 1, 2, 3].map((position) => newYork.key(position))).toEqual([
      "2013-11-03-00:00", "2013-11-03-01:00", "2013-11-03-01:00-0500", "2013-11-03-02:00",
    ]);
    expect([0, 1, 2, 3, 24].every((position) => newYork.find(newYork.key(position)) === position)).toBe(true);
  });
  test("a text that does not fit the pattern is no time", () => {
    expect(strptime("2013-6-1", "%Y-%m-%d")).toBeNull();
  });
});

describe("ranges are read as they are written", () => {
  test("one dimension, any selection", () => {
    const next = random(11);
    for (let round = 0; round < 300; round += 1) {
      const spans = normal(Array.from({ length: 1 + (next() % 5) }, () => { const a = next() % 360; return [a, a + 1 + (next() % 5)] as const; }));
      expect(parseRanges([daily], formatRanges([daily], spans))).toEqual({ spans, problem: null });
    }
  });
  test("several dimensions, any selection", () => {
    const next = random(5);
    for (let round = 0; round < 300; round += 1) {
      const spans = normal(Array.from({ length: 1 + (next() % 6) }, () => { const a = next() % 36; return [a, Math.min(36, a + 1 + (next() % 9))] as const; }));
      const text = formatRanges([origin, monthly], spans);
      expect(parseRanges([origin, monthly], text), text).toEqual({ spans, problem: null });
    }
  });
  test("both ends are included, with or without brackets, with two dots or three", () => {
    for (const text of ["[2013-06-01...2013-06-17]", "2013-06-01...2013-06-17", "2013-06-01..2013-06-17"]) {
      expect(parseRanges([daily], text).spans).toEqual([[151, 168]]);
    }
  });
  test("a month stands for its days", () => {
    expect(parseRanges([daily], "2013-06").spans).toEqual([[151, 181]]);
    expect(parseRanges([daily], "2013-11...2013-12-05").spans).toEqual([[304, 339]]);
  });
  test("a block of two dimensions is short", () => {
    const spans = parseRanges([origin, monthly], "origin=EWR, LGA; month=[2013-03...2013-05]").spans;
    expect(formatRanges([origin, monthly], spans)).toBe("origin=EWR, LGA; month=[2013-03...2013-05]");
    expect(keyName([origin, monthly], spans[0]?.[0] ?? -1)).toBe("EWR|2013-03");
    expect(parseRanges([origin, monthly], "JFK|2013-12").spans).toEqual([[23, 24]]);
  });
  test("a range that runs backwards is an error", () => {
    expect(parseRanges([daily], "2013-06-17...2013-06-01").problem).toContain("backwards");
  });
  test("an unknown key names the nearest", () => {
    expect(parseRanges([origin], "JFX").problem).toBe("No partition JFX. Did you mean JFK?");
    expect(parseRanges([daily], "2014-01-01").problem).toBe("No partition 2014-01-01. They run from 2013-01-01 to 2013-12-31.");
  });
});
