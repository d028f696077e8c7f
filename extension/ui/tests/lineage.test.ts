// @vitest-environment jsdom
import { describe, expect, test } from "vitest";
import type { LineageView, NodeFacts } from "../src/client/wire.gen";
import { definitions, light, patchGroup, patchNode, reach, readDrawing } from "../src/views/lineage/drawing";
import { complete, forKernel, isPlain, search, select } from "../src/views/lineage/language";
import { detail, fitted, kept, opened, showing, zoomed } from "../src/views/lineage/viewport";
import { inOrder, step } from "../src/views/lineage/walk";
import { changesIn, wordsOf } from "../src/views/lineage/words";
import { node, SVG, view } from "./lineage";

const keys = (found: ReturnType<typeof select>): string[] => [...(found.keys ?? [])].toSorted();

describe("the drawing is taken over", () => {
  const drawing = readDrawing(SVG);
  test("nodes, edges and groups are found; nothing else of the file comes along", () => {
    expect(drawing.nodes.map(({ key }) => key)).toEqual(["a", "b", "c", "group:d"]);
    expect(drawing.edges.map(({ source, target }) => [source, target])).toEqual([[0, 1], [0, 2], [1, 3]]);
    expect(drawing.groups.map(({ name }) => name)).toEqual(["raw things with a long name"]);
    expect(drawing.root.querySelector("script, style, foreignObject, [onclick], a, .legend, .ground")).toBeNull();
    expect(drawing.root.outerHTML).not.toContain("javascript:");
  });
  test("each node is a tree item with a glyph of ours", () => {
    const [first] = drawing.nodes;
    expect(first?.element.getAttribute("role")).toBe("treeitem");
    expect(first?.element.querySelector("use")?.getAttribute("href")).toBe("#nb-g-fresh");
    expect(definitions().querySelector("#nb-g-fresh")).not.toBeNull();
  });
  test("a new state changes glyph, word, bar and what is heard", () => {
    const [first] = drawing.nodes;
    if (first === undefined) throw new Error("no node");
    const facts = node("a", { state: "running", fact: "42 %", counts: [{ state: "running", count: 3 }, { state: "missing", count: 1 }] });
    patchNode(first, facts, wordsOf(facts, 0));
    expect(first.element.getAttribute("data-state")).toBe("running");
    expect(first.element.querySelector("use")?.getAttribute("href")).toBe("#nb-g-running");
    expect(first.element.querySelector("text.f")?.textContent).toBe("running, 42 %");
    expect(first.element.getAttribute("aria-label")).toContain("running, 42 %; 3 running, 1 missing");
    expect([...first.element.querySelectorAll(".nb-bar")].map((bar) => bar.getAttribute("data-state"))).toEqual(["running", "missing"]);
  });
  test("a folded group tells its counts, most urgent first", () => {
    const group = drawing.nodes[3];
    if (group === undefined) throw new Error("no group");
    patchGroup(group, [{ state: "fresh", count: 4 }, { state: "failed", count: 1 }]);
    expect([...group.element.querySelectorAll("text.f")].map(({ textContent }) => textContent)).toEqual(["1 failed", "4 fresh"]);
    expect(group.element.getAttribute("aria-expanded")).toBe("false");
  });
  test("what is selected lights all that leads to it and all it leads to", () => {
    light(drawing, new Set(["b"]), new Set());
    expect(drawing.edges.map(({ element }) => element.classList.contains("on"))).toEqual([true, false, true]);
    light(drawing, new Set(), new Set(["c"]));
    expect(drawing.edges.some(({ element }) => element.classList.contains("on"))).toBe(false);
    expect(drawing.nodes[2]?.element.classList.contains("hit")).toBe(true);
    expect(reach(drawing, new Set([0]), "down").nodes).toEqual(new Set([0, 1, 2, 3]));
  });
  test("text that is no drawing gives an empty one", () => {
    expect(readDrawing("<html>").nodes).toEqual([]);
  });
});

describe("the selection language", () => {
  const chain: LineageView = view(
    [node("raw/a", { group: "raw" }), node("b", { group: "mid", kinds: ["table"], tags: ["tier=gold"] }), node("c", { group: "mid", state: "failed", owners: ["team:x"] }), node("d", { group: "end" }), node("e", { group: "end" })],
    [[0, 1], [1, 2], [2, 3], [1, 4]],
  );
  test.each([
    ["*", ["b", "c", "d", "e", "raw/a"]],
    ["key:raw/*", ["raw/a"]],
    ['key:"b"', ["b"]],
    ["group:mid", ["b", "c"]],
    ["kind:table or owner:team:x", ["b", "c"]],
    ['tag:"tier=gold"', ["b"]],
    ["status:failed", ["c"]],
    ["+key:c", ["b", "c", "raw/a"]],
    ["key:b+", ["b", "c", "d", "e"]],
    ["1+key:c+1", ["b", "c", "d"]],
    ["group:mid+ and not group:mid", ["d", "e"]],
    ["not (group:mid or group:end)", ["raw/a"]],
    ["roots(group:mid)", ["b"]],
    ["sinks(*)", ["d", "e"]],
    ["KEY:b or key:e", null],
  ])("%s", (text, wanted) => {
    const found = select(chain, text);
    if (wanted === null) expect(found.problem).toContain("no attribute KEY:");
    else expect(keys(found)).toEqual(wanted);
  });
  test.each([["key:a and", "missing at the end"], ["(key:a", 'A ")" is missing'], ["key:a key:b", '"and" or "or"'], ["colour:red", "There are key:"]])("%s is refused in words", (text, why) => {
    expect(select(chain, text).problem).toContain(why);
  });
  test("plain words search in names", () => {
    expect([isPlain("raw a"), isPlain("key:a"), isPlain("+a"), isPlain("a or b"), isPlain("order")]).toEqual([true, false, false, false, true]);
    expect(keys(search(chain, "RAW"))).toEqual(["raw/a"]);
  });
  test("completion knows attributes, then values, then keys", () => {
    expect(complete(chain, "gro", 3).map(({ text }) => text)).toEqual(["group:"]);
    expect(complete(chain, "key:b and group:m", 17)[0]).toMatchObject({ text: "group:mid", detail: "2", from: 10, to: 17 });
    expect(complete(chain, "raw", 3)[0]?.text).toBe('key:"raw/a"');
  });
  test("what only the picture knows is named one by one for the kernel", () => {
    expect(forKernel("status:failed", new Set(["c"]))).toBe('key:"c"');
    expect(forKernel("+key:c", new Set(["a", "c"]))).toBe("+key:c");
  });
});

describe("looking around", () => {
  const bounds = { x: 8, y: 8, width: 1000, height: 400 };
  test("all of it fits, never larger than drawn", () => {
    expect(fitted(bounds, { width: 510, height: 500 }).scale).toBeCloseTo(0.5, 1);
    expect(fitted({ ...bounds, width: 100, height: 50 }, { width: 510, height: 500 }).scale).toBe(1);
  });
  test("what is too wide to read opens whole, what can be read opens wide", () => {
    expect(opened(bounds, { width: 200, height: 500 }).scale).toBeLessThan(0.3);
    expect(opened({ ...bounds, height: 4000 }, { width: 700, height: 500 }).scale).toBeCloseTo(0.69, 2);
  });
  test("the point under the pointer stays where it is", () => {
    const look = { x: 10, y: 20, scale: 1 };
    const next = zoomed(look, 2, 110, 70);
    expect([(110 - next.x) / next.scale, (70 - next.y) / next.scale]).toEqual([100, 50]);
  });
  test("the drawing cannot be lost, and a node comes into sight with the least move", () => {
    const sight = { width: 300, height: 200 };
    expect(kept({ x: 9999, y: -9999, scale: 1 }, bounds, sight)).toEqual({ scale: 1, x: 252, y: -368 });
    const box = { x: 500, y: 100, width: 118, height: 40 };
    expect(showing({ x: 0, y: 0, scale: 1 }, box, sight, false)).toEqual({ scale: 1, x: -323, y: 0 });
    expect(detail(0.8)).toBe("full");
    expect(detail(0.2)).toBe("shapes");
  });
  test("arrows follow edges, then neighbours of the same rank", () => {
    const drawing = readDrawing(SVG);
    expect(step(drawing, 0, "ArrowDown", "down")).toBe(1);
    expect(step(drawing, 3, "ArrowUp", "down")).toBe(1);
    expect(step(drawing, 1, "ArrowRight", "down")).toBe(2);
    expect(step(drawing, 2, "ArrowRight", "down")).toBe(2);
    expect(inOrder(drawing, "down")).toEqual([0, 1, 2, 3]);
  });
});

describe("words", () => {
  test.each<[Partial<NodeFacts>, string]>([
    [{ state: "fresh", at: 40 }, "fresh, 6 min"],
    [{ state: "stale", fact: "331 of 365 stale" }, "331 of 365 stale"],
    [{ state: "missing", fact: "never run" }, "never run"],
    [{ state: "retrying", fact: "2 of 3" }, "retrying, 2 of 3"],
  ])("%j", (facts, fact) => {
    expect(wordsOf(node("a", facts), 400).fact).toBe(fact);
  });
  test("a few changes are told one by one, many by their counts", () => {
    const before = Array.from({ length: 9 }, (_, at) => node(`n${at}`));
    const some = before.map((old, at) => (at < 2 ? { ...old, state: "running" as const } : old));
    const all = before.map((old, at) => ({ ...old, state: at === 4 ? ("failed" as const) : ("running" as const) }));
    expect(changesIn(before, some)).toBe("n0: running; n1: running");
    expect(changesIn(before, all)).toBe("1 failed, 8 running; among them n4");
    expect(changesIn(before, before)).toBe("");
  });
});
