import { describe, expect, test } from "vitest";
import { settled, styled } from "../src/ui/ansi";
import { about, age, brief, bytes, duration, grouped, plural } from "../src/ui/format";
import { pythonLines } from "../src/ui/python";

describe("numbers and times are short", () => {
  test.each([[999, "999"], [1014, "1\u2009014"], [336776, "336\u2009776"], [-1200.5, "−1\u2009200.5"]])("%d is written %s", (value, text) => {
    expect(grouped(value)).toBe(text);
  });
  test.each([[0.0004, "1 ms"], [0.4, "0.4 s"], [8, "8 s"], [52, "52 s"], [182, "3 min 02 s"], [120, "2 min"], [7500, "2 h 05 min"], [90_000, "1 d 01 h"]])("%d seconds are %s", (value, text) => {
    expect(duration(value)).toBe(text);
  });
  test.each([[0.2, "less than 1 s"], [41, "about 40 s"], [119, "about 2 min"], [9000, "about 2.5 h"]])("an estimate of %d seconds is %s", (value, text) => {
    expect(about(value)).toBe(text);
  });
  test.each([[66_000, "66 kB"], [1_100_000, "1.1 MB"], [999_900, "1 MB"], [12, "12 B"]])("%d bytes are %s", (value, text) => {
    expect(bytes(value)).toBe(text);
  });
  test("an age is told in one piece and becomes a date after a day", () => {
    expect([age(100, 103), age(100, 460), age(100, 8000)]).toEqual(["now", "6 min", "2 h"]);
    expect(age(0, 200_000)).toMatch(/^\d+ \w{3} \d\d:\d\d$/);
  });
  test("brief keeps about four digits", () => {
    expect([9.3112, 152.6, 1341.2, 0.03122, 12].map(brief)).toEqual(["9.31", "152.6", "1\u2009341", "0.0312", "12"]);
  });
  test("one is singular", () => {
    expect([plural(1, "run"), plural(17, "run")]).toEqual(["1 run", "17 runs"]);
  });
});

describe("code and output are read as they are shown", () => {
  test("Python is cut into words by kind, over several lines", () => {
    const lines = pythonLines('@asset\ndef delays(x):\n    """Two\n    lines."""\n    return 15 # late');
    expect(lines.map((line) => line.filter(({ kind }) => kind !== "").map(({ text, kind }) => `${kind}:${text.trim()}`))).toEqual([
      ["a:@asset"], ["k:def", "d:delays"], ['s:"""Two'], ['s:lines."""'], ["k:return", "n:15", "c:# late"],
    ]);
  });
  test("nothing of the source is lost", () => {
    const source = "x = f'{a!r:>10}'  # ü\n\tif x: 'unfinished\n%%time\n";
    expect(pythonLines(source).map((line) => line.map(({ text }) => text).join("")).join("\n")).toBe(source);
  });
  test("a carriage return starts the line again", () => {
    expect(settled("0%\r50%\r100%\ndone\r\n")).toBe("100%\ndone\n");
  });
  test("terminal colours become tones, everything else is dropped", () => {
    expect(styled("a\u001B[1;31mbad\u001B[0m\u001B[2Kb")).toEqual([
      { text: "a", tone: null, isBold: false }, { text: "bad", tone: "failed", isBold: true }, { text: "b", tone: null, isBold: false },
    ]);
  });
});
