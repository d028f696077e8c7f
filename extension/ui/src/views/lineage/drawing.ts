// The SVG that the kernel drew, made live. The drawing keeps every position; what changes is put into it in place:
// state, fact, bar, highlight. Its own style sheet and symbols go, since a live picture meets states the drawing did not have.

import type { Count, NodeFacts, State } from "../../client/wire.gen";
import { STATES } from "../../client/wire.gen";
import { byUrgency } from "../../ui/Glyph";
import { GLYPHS, WORDS } from "../../ui/glyphs";

const SVG = "http://www.w3.org/2000/svg";
// Only these are taken over; a legend, a caption, a style sheet or anything else in the text is left behind.
const TAKEN = "rect.group, g.e, text.gn, g.node";
const FORBIDDEN = "script, foreignObject, image, a, animate, set, style, use, g.legend";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface DrawnNode {
  /** The key of an asset, or ``group:NAME`` for a folded group. */
  readonly key: string;
  readonly element: SVGGElement;
  readonly box: Box;
  readonly group: string | null;
}

export interface DrawnEdge {
  readonly source: number;
  readonly target: number;
  readonly element: SVGElement;
}

export interface Drawing {
  /** What holds all of it; the viewport moves and scales this. */
  readonly root: SVGGElement;
  readonly nodes: readonly DrawnNode[];
  readonly edges: readonly DrawnEdge[];
  readonly groups: readonly { readonly name: string; readonly element: SVGElement }[];
  readonly bounds: Box;
  readonly at: ReadonlyMap<string, number>;
}

/** Read a drawing. A text that is no SVG gives an empty one. */
export function readDrawing(text: string): Drawing {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  const root = make("g", { class: "nb-drawing" });
  for (const element of parsed.querySelectorAll(FORBIDDEN)) element.remove();
  for (const element of parsed.querySelectorAll("*")) {
    for (const { name } of [...element.attributes]) if (name.startsWith("on") || name === "id" || name === "style") element.removeAttribute(name);
  }
  for (const element of parsed.querySelectorAll(TAKEN)) root.append(document.importNode(element, true));
  const nodes: DrawnNode[] = [];
  for (const element of root.querySelectorAll("g.node")) {
    if (!(element instanceof SVGGElement)) continue;
    const key = element.getAttribute("data-key") ?? "";
    element.querySelector("title")?.remove();
    nodes.push({ key, element, box: boxOf(element), group: key.startsWith("group:") ? key.slice(6) : null });
    prepare(element);
  }
  const edges: DrawnEdge[] = [];
  for (const element of root.querySelectorAll("[data-e]")) {
    const [source, target] = (element.getAttribute("data-e") ?? "").split(" ").map(Number);
    if (element instanceof SVGElement && source !== undefined && target !== undefined) edges.push({ source, target, element });
  }
  for (const path of root.querySelectorAll(".e path")) mark(path, false);
  const groups = [...root.querySelectorAll("text.gn")].flatMap((element) => {
    const title = element.querySelector("title");
    const name = title?.textContent ?? element.textContent ?? "";
    title?.remove();
    return element instanceof SVGElement ? [{ name, element }] : [];
  });
  return { root, nodes, edges, groups, bounds: boundsOf(root, nodes), at: new Map(nodes.map(({ key }, at) => [key, at])) };
}

/** Symbols of all states and the tips of edges; one copy in each picture. */
export function definitions(): SVGDefsElement {
  const defs = make("defs", {});
  for (const state of STATES) {
    const symbol = make("symbol", { id: `nb-g-${state}`, viewBox: "0 0 12 12" });
    for (const shape of GLYPHS[state]) {
      const line = shape.line === undefined ? {} : { fill: "none", stroke: "currentColor", "stroke-width": String(shape.line), "stroke-linecap": "round" };
      const dash = shape.dash === undefined ? {} : { "stroke-dasharray": shape.dash, "stroke-linecap": "butt" };
      symbol.append(make("path", { d: shape.d, "fill-rule": "evenodd", opacity: String(shape.opacity ?? 1), ...line, ...dash }));
    }
    defs.append(symbol);
  }
  for (const id of ["nb-tip", "nb-tip-on"]) {
    const marker = make("marker", { id, viewBox: "0 0 7 6", refX: "5.5", refY: "3", markerWidth: "7", markerHeight: "6", markerUnits: "userSpaceOnUse", orient: "auto" });
    marker.append(make("path", { d: "M0 0L6 3L0 6z", class: id }));
    defs.append(marker);
  }
  return defs;
}

export interface NodeWords {
  readonly state: State;
  readonly fact: string;
  readonly label: string;
}

/** Put the newest facts of an asset into its node. */
export function patchNode(drawn: DrawnNode, facts: NodeFacts, words: NodeWords): void {
  const { element } = drawn;
  if (element.getAttribute("data-state") !== words.state) {
    element.setAttribute("data-state", words.state);
    const glyph = element.querySelector("use");
    glyph?.setAttribute("href", `#nb-g-${words.state}`);
    glyph?.setAttribute("class", words.state === "running" ? "nb-turn" : "");
  }
  const fact = element.querySelector("text.f");
  const shown = fit(words.fact, drawn.box.width - 33);
  if (fact !== null && fact.textContent !== shown) {
    fact.textContent = shown;
    squeeze(fact, drawn.box.width - 33, FACT);
  }
  if (element.getAttribute("aria-label") !== words.label) element.setAttribute("aria-label", words.label);
  patchBar(drawn, facts);
}

function patchBar(drawn: DrawnNode, facts: NodeFacts): void {
  const counts = byUrgency(facts.counts);
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  const spoken = counts.map(({ state, count }) => `${state}${count}`).join(" ");
  if (drawn.element.getAttribute("data-bar") === spoken) return;
  drawn.element.setAttribute("data-bar", spoken);
  for (const old of drawn.element.querySelectorAll("[class^='k-'], .nb-bar")) old.remove();
  if (total === 0) return;
  const room = drawn.box.width - 12;
  const least = Math.min(2, room / counts.length);
  const widths = counts.map(({ count }) => Math.max(least, (room * count) / total));
  const over = widths.reduce((sum, width) => sum + width, 0) - room;
  let x = 6;
  for (const [at, { state }] of counts.entries()) {
    const width = (widths[at] ?? 0) - (widths[at] === Math.max(...widths) ? over : 0);
    drawn.element.append(make("rect", { class: "nb-bar", "data-state": state, x: String(x), y: String(drawn.box.height - 5), width: String(Math.max(0, width)), height: "2.5" }));
    x += width;
  }
}

/** Mark what is selected, all that leads to it and all it leads to. */
export function light(drawing: Drawing, selected: ReadonlySet<string>, hits: ReadonlySet<string>): void {
  const chosen = new Set([...selected].flatMap((key) => drawing.at.get(key) ?? []));
  const lit = new Set([...reach(drawing, chosen, "up").edges, ...reach(drawing, chosen, "down").edges]);
  for (const [at, node] of drawing.nodes.entries()) {
    node.element.classList.toggle("sel", chosen.has(at));
    node.element.classList.toggle("hit", hits.has(node.key));
    node.element.setAttribute("aria-selected", String(chosen.has(at)));
  }
  for (const edge of drawing.edges) {
    const isOn = lit.has(edge);
    if (edge.element.classList.contains("on") === isOn) continue;
    edge.element.classList.toggle("on", isOn);
    for (const path of edge.element.matches("path") ? [edge.element] : edge.element.querySelectorAll("path")) mark(path, isOn);
    if (isOn) edge.element.parentElement?.append(edge.element);
  }
}

export function reach(
  drawing: Drawing,
  from: ReadonlySet<number>,
  way: "up" | "down",
): { readonly nodes: ReadonlySet<number>; readonly edges: ReadonlySet<DrawnEdge> } {
  const next = new Map<number, DrawnEdge[]>();
  for (const edge of drawing.edges) {
    const start = way === "down" ? edge.source : edge.target;
    const known = next.get(start);
    if (known === undefined) next.set(start, [edge]);
    else known.push(edge);
  }
  const nodes = new Set(from);
  const edges = new Set<DrawnEdge>();
  const work = [...from];
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    for (const edge of next.get(at) ?? []) {
      edges.add(edge);
      const end = way === "down" ? edge.target : edge.source;
      if (nodes.has(end)) continue;
      nodes.add(end);
      work.push(end);
    }
  }
  return { nodes, edges };
}

export function make<K extends keyof SVGElementTagNameMap>(name: K, attributes: { readonly [name: string]: string }): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

// -- Reading --------------------------------------------------------------------------------------------------------------------

/** Make a node a tree item, and give each fact a glyph of ours: those of the drawing stay with its own definitions. */
function prepare(element: SVGGElement): void {
  element.setAttribute("role", "treeitem");
  element.setAttribute("tabindex", "-1");
  element.setAttribute("aria-selected", "false");
  for (const text of element.querySelectorAll("text")) {
    const kind = text.getAttribute("class");
    if (kind === "f") text.before(" ", glyphFor(text, text.closest("[data-state]")?.getAttribute("data-state") ?? "missing"));
    else if (kind !== "q") {
      text.setAttribute("class", "n");
      text.querySelector("tspan")?.before(" ");
      if (text.children.length === 0) squeeze(text, boxOf(element).width - 17, NAME);
    }
  }
}

/** The glyph before a fact, in the size of its letters. */
function glyphFor(fact: Element, state: string): SVGSVGElement {
  const glyph = make("svg", { x: String(number(fact, "x") - 16), y: String(number(fact, "y") - 9.5), width: "11", height: "11", viewBox: "0 0 12 12" });
  glyph.append(make("use", { href: `#nb-g-${state}`, width: "12", height: "12", class: state === "running" ? "nb-turn" : "" }));
  return glyph;
}

function mark(path: Element, isOn: boolean): void {
  path.setAttribute("marker-end", isOn ? "url(#nb-tip-on)" : "url(#nb-tip)");
}

function boxOf(element: SVGGElement): Box {
  const [x = 0, y = 0] = (/translate\(\s*(-?[\d.]+)[ ,]+(-?[\d.]+)/.exec(element.getAttribute("transform") ?? "") ?? []).slice(1).map(Number);
  const rect = element.querySelector("rect.b:last-of-type") ?? element.querySelector("rect");
  return { x, y, width: number(rect, "width"), height: number(rect, "height") };
}

function boundsOf(root: SVGGElement, nodes: readonly DrawnNode[]): Box {
  const rects = [...root.querySelectorAll("rect.group")].map((rect) => ({
    x: number(rect, "x"), y: number(rect, "y"), width: number(rect, "width"), height: number(rect, "height"),
  }));
  const boxes = [...rects, ...nodes.map(({ box }) => box)];
  if (boxes.length === 0) return { x: 0, y: 0, width: 340, height: 80 };
  const left = Math.min(...boxes.map(({ x }) => x));
  const top = Math.min(...boxes.map(({ y }) => y));
  return {
    x: left,
    y: top,
    width: Math.max(...boxes.map(({ x, width }) => x + width)) - left,
    height: Math.max(...boxes.map(({ y, height }) => y + height)) - top,
  };
}

function number(element: Element | null, name: string): number {
  return Number(element?.getAttribute(name) ?? 0) || 0;
}

let pen: CanvasRenderingContext2D | null | undefined;

const FACT = "10.5px";
const NAME = "600 11px";
const FACE = '-apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, system-ui, sans-serif';
// The kernel drew for the narrow face of most systems; a wider one is set closer, up to a fifth, before anything is cut.
const CLOSER = 1.2;

/** The text, cut with an ellipsis where it does not fit in so many pixels even when set closer. */
export function fit(text: string, width: number): string {
  if (textWidth(text, FACT) <= width * CLOSER) return text;
  let length = text.length;
  while (length > 1 && textWidth(`${text.slice(0, length)}…`, FACT) > width * CLOSER) length -= 1;
  return `${text.slice(0, length).trimEnd()}…`;
}

function squeeze(element: Element, width: number, font: string): void {
  const isWide = textWidth(element.textContent ?? "", font) > width;
  for (const [name, value] of [["textLength", String(width)], ["lengthAdjust", "spacingAndGlyphs"]] as const) {
    if (isWide) element.setAttribute(name, value);
    else element.removeAttribute(name);
  }
}

/** The width of a text. Where nothing can be measured (no canvas) letters are taken as 5.4 px. */
function textWidth(text: string, font: string): number {
  pen ??= typeof OffscreenCanvas === "undefined" ? null : document.createElement("canvas").getContext("2d");
  if (pen === null) return text.length * 5.4;
  pen.font = `${font} ${FACE}`;
  return pen.measureText(text).width;
}

/** Put the newest counts of a folded group into its node. */
export function patchGroup(drawn: DrawnNode, counts: readonly Count[]): void {
  const { element } = drawn;
  const shown = byUrgency(counts);
  const spoken = shown.map(({ state, count }) => `${count} ${WORDS[state]}`).join(", ");
  if (element.getAttribute("data-bar") === spoken) return;
  element.setAttribute("aria-expanded", "false");
  element.setAttribute("data-bar", spoken);
  element.setAttribute("data-state", shown[0]?.state ?? "fresh");
  const y = drawn.box.height - 9;
  const name = element.querySelector("text.n");
  for (const old of element.querySelectorAll("g[data-state], text.q")) if (old.getAttribute("y") !== name?.getAttribute("y")) old.remove();
  let x = 9;
  for (const [at, { state, count }] of shown.entries()) {
    const words = `${count} ${WORDS[state]}`;
    const width = 16 + textWidth(words, FACT) + 9;
    if (x + width > drawn.box.width + 6) {
      const left = shown.slice(at).reduce((sum, more) => sum + more.count, 0);
      element.append(make("text", { class: "q", x: String(x), y: String(y) }));
      element.lastElementChild?.append(`+ ${left}`);
      break;
    }
    const part = make("g", { "data-state": state });
    const text = make("text", { class: "f", x: String(x + 16), y: String(y) });
    text.append(words);
    part.append(" ", glyphFor(text, state), text);
    element.append(part);
    x += width;
  }
  element.setAttribute("aria-label", `${element.textContent ?? ""}; a folded group: ${spoken}`);
}
