import { expect, test } from "vitest";
import { inlineOf, lineOf, readDraft, scalarOf, textOf, valueAt, withoutValue, withValue } from "../src/pages/launch/draft";
import { sectionsOf } from "../src/pages/launch/form";
import { random } from "./random";

const TEXT = "# what it should do\nops:\n  delay_model:\n    config:\n      depth: six # deep\n      seed: 2013\n";

test("a value is set in its place, and comments, order and everything else stay", () => {
  const next = withValue(TEXT, ["ops", "delay_model", "config", "depth"], 6);
  expect(next).toBe(TEXT.replace("six", "6"));
});

test("a value is set in an empty text, under a key without anything, and under a text that stands in its way", () => {
  expect(withValue("", ["ops", "a", "config", "n"], 1)).toBe("ops:\n  a:\n    config:\n      n: 1\n");
  expect(withValue("ops:\n", ["ops", "a", "config", "n"], 1)).toBe("ops:\n  a:\n    config:\n      n: 1\n");
  expect(withValue("ops: 3\n", ["ops", "a", "config", "n"], 1)).toBe("ops:\n  a:\n    config:\n      n: 1\n");
});

test("a value that goes takes the mappings along that it leaves empty, and no others", () => {
  const both = "ops:\n  a:\n    config:\n      n: 1\n  b:\n    config:\n      m: 2\n";
  expect(withoutValue(both, ["ops", "a", "config", "n"])).toBe("ops:\n  b:\n    config:\n      m: 2\n");
  expect(withoutValue("ops:\n  a:\n    config:\n      n: 1\n", ["ops", "a", "config", "n"])).toBe("");
  expect(withoutValue(both, ["ops", "c"])).toBe(both);
});

test("what is set can be read at the same path, whatever was there", () => {
  const next = random(7);
  const pick = (below: number): number => next() % below;
  const names = ["ops", "a", "b", "config", "n"];
  let text = "";
  for (let round = 0; round < 200; round += 1) {
    const path = Array.from({ length: 1 + pick(4) }, () => names[pick(names.length)] ?? "a");
    const value = [pick(100), "x y", true, [1, 2]][pick(4)];
    text = withValue(text, path, value);
    expect(readDraft(text).problems).toEqual([]);
    expect(valueAt(readDraft(text).value, path)).toEqual(value);
  }
});

test("a text that is no YAML says where, and the form does not touch it", () => {
  const broken = "ops:\n  a: [1, 2\nb: 3\n";
  const draft = readDraft(broken);
  expect(draft.problems[0]?.line).toBeGreaterThan(1);
  expect(draft.problems[0]?.text).toMatch(/\.$/);
  expect(withValue(broken, ["ops"], 1)).toBe(broken);
  expect(readDraft("- 1\n").problems).toEqual([{ line: 1, text: 'A run config is a mapping such as "ops:", not a list.' }]);
  expect(readDraft("").value).toEqual({});
});

test("a path leads to the line of its key, or of the nearest thing around it", () => {
  expect(lineOf(TEXT, ["ops", "delay_model", "config", "depth"])).toBe(5);
  expect(lineOf(TEXT, ["ops", "delay_model", "config", "missing"])).toBe(4);
  expect(lineOf(TEXT, ["resources"])).toBe(null);
});

test("what is typed in a field is read as YAML, and shown as it would be written", () => {
  expect([scalarOf("6"), scalarOf("true"), scalarOf("[a, b]"), scalarOf("six"), scalarOf("a: [")]).toEqual([6, true, ["a", "b"], "six", "a: ["]);
  expect([inlineOf(6), inlineOf(undefined), inlineOf(["a", "b"]), inlineOf({ a: 1 })]).toEqual(["6", "", "[a, b]", "{a: 1}"]);
  expect(textOf({})).toBe("");
});

const SCHEMA = {
  type: "object",
  properties: {
    ops: {
      type: "object",
      properties: {
        delay_model: {
          type: "object",
          properties: {
            config: {
              type: "object",
              required: ["seed"],
              properties: {
                depth: { type: "integer", minimum: 1, maximum: 32, default: 3, description: "how deep" },
                seed: { type: "integer" },
                mode: { $ref: "#/$defs/Mode" },
                note: { anyOf: [{ type: "string" }, { type: "null" }], default: null },
                inner: { $ref: "#/$defs/Inner" },
              },
            },
          },
        },
        plain: { type: "object", properties: {} },
      },
    },
    resources: { type: "object", properties: { db: { type: "object", properties: { config: { type: "object", properties: { host: { type: "string" } } } } } } },
  },
  $defs: { Mode: { enum: ["FAST", "SLOW"], type: "string" }, Inner: { type: "object", properties: { on: { type: "boolean", default: true }, rows: { type: "array", items: { type: "integer" } } } } },
};

test("a form has a section for whatever takes config, and a field for each value of it, also of inner ones", () => {
  const sections = sectionsOf(SCHEMA);
  expect(sections.map(({ title, part }) => [title, part])).toEqual([["delay_model", "op"], ["db", "resource"]]);
  expect(sections[0]?.fields.map(({ name, kind, hint, choices, isRequired }) => ({ name, kind, hint, choices, isRequired }))).toEqual([
    { name: "depth", kind: "whole", hint: "int from 1 to 32; default 3", choices: [], isRequired: false },
    { name: "seed", kind: "whole", hint: "int; required", choices: [], isRequired: true },
    { name: "mode", kind: "choice", hint: "", choices: ["FAST", "SLOW"], isRequired: false },
    { name: "note", kind: "text", hint: "text; default null", choices: [], isRequired: false },
    { name: "inner.on", kind: "flag", hint: "yes or no; default true", choices: [], isRequired: false },
    { name: "inner.rows", kind: "yaml", hint: "list of integer", choices: [], isRequired: false },
  ]);
  expect(sections[0]?.fields[4]?.path).toEqual(["ops", "delay_model", "config", "inner", "on"]);
});

test("a schema that cannot be read gives no form, and a ring in it ends", () => {
  expect(sectionsOf(null)).toEqual([]);
  expect(sectionsOf({ properties: { ops: { $ref: "#/$defs/A" } }, $defs: { A: { $ref: "#/$defs/A" } } })).toEqual([]);
});
