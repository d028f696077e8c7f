// Cells on a canvas. A state is told by colour and by a mark of its own; a cell of several states is striped.

import { overlap } from "../../client/spans";
import type { Runs, Spans, State } from "../../client/wire.gen";
import { GLYPHS } from "../../ui/glyphs";
import type { Layout, Rect } from "./layout";
import type { Palette } from "./palette";
import type { Scale, Summary } from "./summary";
import { isOutlier, stepOf, summarize, valueOf } from "./summary";

export interface Scene {
  readonly layout: Layout;
  readonly runs: Runs;
  readonly scale: Scale | null;
  readonly selected: Spans;
  readonly focus: number | null;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const RADIUS = 2;
const HOLLOW: ReadonlySet<State> = new Set<State>(["missing", "queued", "skipped", "canceled"]);

export function paint(pen: CanvasRenderingContext2D, scene: Scene, palette: Palette, density: number): void {
  const { layout, left, top, width, height } = scene;
  pen.setTransform(density, 0, 0, density, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.translate(-left, -top);
  const [from, to] = layout.between(top, top + height);
  const seen: number[] = [];
  for (let cell = from; cell < to; cell += 1) {
    const rect = layout.rect(cell);
    if (rect.x > left + width || rect.x + rect.width < left || rect.y > top + height || rect.y + rect.height < top) continue;
    seen.push(cell);
    paintCell(pen, scene, palette, cell, rect);
  }
  paintLabels(pen, scene, palette);
  if (scene.scale === null) paintTotals(pen, scene, palette);
  paintSelection(pen, scene, palette, seen);
  if (scene.focus !== null) ring(pen, layout.rect(scene.focus), 2, palette.accent, palette.surface);
}

function paintCell(pen: CanvasRenderingContext2D, scene: Scene, palette: Palette, cell: number, rect: Rect): void {
  const spans = scene.layout.spans(cell);
  if (spans.length === 0) return;
  const summary = summarize(scene.runs, spans);
  if (scene.scale !== null) {
    paintValue(pen, palette, scene.scale, spans, rect);
  } else if (summary.isPartial) {
    paintPartial(pen, palette, summary, rect, scene.layout.isWide);
  } else {
    paintState(pen, palette, summary.state, rect);
  }
  if (scene.layout.isWide) paintCaption(pen, palette, summary, rect);
}

/** Below a wide cell: how much of it is fresh, and the glyph of what is most urgent in it. */
function paintCaption(pen: CanvasRenderingContext2D, palette: Palette, summary: Summary, rect: Rect): void {
  const y = rect.y + rect.height;
  const hasGlyph = summary.state !== "fresh" && summary.state !== "skipped";
  const room = rect.width - (hasGlyph ? 13 : 0);
  const whole = `${summary.fresh} of ${summary.count}`;
  pen.font = `11px ${palette.font}`;
  const words = pen.measureText(whole).width <= room ? whole : `${Math.floor((100 * summary.fresh) / Math.max(1, summary.count))} %`;
  text(pen, words, rect.x, y + 13, palette.text2, palette.font, "start");
  if (hasGlyph) paintGlyph(pen, palette, summary.state, rect.x + rect.width - 11, y + 4, 10);
}

function paintGlyph(pen: CanvasRenderingContext2D, palette: Palette, state: State, x: number, y: number, size: number): void {
  pen.save();
  pen.translate(x, y);
  pen.scale(size / 12, size / 12);
  pen.fillStyle = palette.tones.get(state) ?? palette.text2;
  pen.strokeStyle = pen.fillStyle;
  for (const shape of GLYPHS[state]) {
    const path = new Path2D(shape.d);
    pen.globalAlpha = shape.opacity ?? 1;
    pen.setLineDash(shape.dash?.split(" ").map(Number) ?? []);
    pen.lineWidth = shape.line ?? 1;
    if (shape.line === undefined) pen.fill(path, "evenodd");
    else pen.stroke(path);
  }
  pen.restore();
}

function paintState(pen: CanvasRenderingContext2D, palette: Palette, state: State, rect: Rect): void {
  const fill = palette.fills.get(state) ?? palette.line;
  const [x, y] = [rect.x + rect.width / 2, rect.y + rect.height / 2];
  if (HOLLOW.has(state)) {
    pen.strokeStyle = fill;
    pen.lineWidth = 1;
    rounded(pen, rect.x + 0.5, rect.y + 0.5, rect.width - 1, rect.height - 1);
    pen.stroke();
  } else if (state === "stale") {
    const corner = Math.min(5, rect.width / 2);
    pen.fillStyle = fill;
    pen.beginPath();
    pen.moveTo(rect.x + RADIUS, rect.y);
    pen.lineTo(rect.x + rect.width - corner, rect.y);
    pen.lineTo(rect.x + rect.width, rect.y + corner);
    pen.arcTo(rect.x + rect.width, rect.y + rect.height, rect.x, rect.y + rect.height, RADIUS);
    pen.arcTo(rect.x, rect.y + rect.height, rect.x, rect.y, RADIUS);
    pen.arcTo(rect.x, rect.y, rect.x + rect.width, rect.y, RADIUS);
    pen.fill();
    pen.globalAlpha = 0.4;
    pen.beginPath();
    pen.moveTo(rect.x + rect.width - corner + 1, rect.y);
    pen.lineTo(rect.x + rect.width, rect.y);
    pen.lineTo(rect.x + rect.width, rect.y + corner - 1);
    pen.fill();
    pen.globalAlpha = 1;
  } else {
    pen.fillStyle = fill;
    rounded(pen, rect.x, rect.y, rect.width, rect.height);
    pen.fill();
  }
  markOf(pen, palette, state, x, y, fill);
}

function markOf(pen: CanvasRenderingContext2D, palette: Palette, state: State, x: number, y: number, fill: string): void {
  pen.lineWidth = 1.4;
  pen.lineCap = "round";
  pen.strokeStyle = HOLLOW.has(state) ? fill : palette.onFill;
  pen.fillStyle = pen.strokeStyle;
  pen.beginPath();
  switch (state) {
    case "failed":
    case "problem":
      pen.moveTo(x - 2, y - 2);
      pen.lineTo(x + 2, y + 2);
      pen.moveTo(x + 2, y - 2);
      pen.lineTo(x - 2, y + 2);
      pen.stroke();
      break;
    case "running":
      pen.arc(x, y, 1.9, 0, 2 * Math.PI);
      pen.fill();
      break;
    case "queued":
      pen.arc(x, y, 1.7, 0, 2 * Math.PI);
      pen.fill();
      break;
    case "retrying":
      pen.arc(x, y, 2.3, 0, 1.6 * Math.PI);
      pen.stroke();
      break;
    case "skipped":
      pen.moveTo(x - 2, y);
      pen.lineTo(x + 2, y);
      pen.stroke();
      break;
    case "canceled":
      pen.moveTo(x - 2.5, y + 2.5);
      pen.lineTo(x + 2.5, y - 2.5);
      pen.stroke();
      break;
    case "warned":
    case "checkfailed":
      pen.moveTo(x, y - 2.6);
      pen.lineTo(x, y + 0.6);
      pen.moveTo(x, y + 2.4);
      pen.lineTo(x, y + 2.6);
      pen.stroke();
      break;
    default:
      break;
  }
}

/** Stripes in the colour of fresh; in a small cell, which has no glyph beside it, in that of what is failing or moving inside. */
function paintPartial(pen: CanvasRenderingContext2D, palette: Palette, summary: Summary, rect: Rect, isWide: boolean): void {
  const urgent = (!isWide && ["failed", "running", "retrying", "queued"].includes(summary.state)) || summary.fresh === 0;
  const fill = palette.fills.get(urgent ? summary.state : "fresh") ?? palette.line;
  pen.save();
  rounded(pen, rect.x, rect.y, rect.width, rect.height);
  pen.clip();
  pen.strokeStyle = fill;
  pen.lineWidth = 2.4;
  pen.lineCap = "butt";
  pen.beginPath();
  for (let x = rect.x - rect.height; x < rect.x + rect.width + 5; x += 5) {
    pen.moveTo(x, rect.y + rect.height);
    pen.lineTo(x + rect.height, rect.y);
  }
  pen.stroke();
  pen.restore();
  pen.strokeStyle = fill;
  pen.lineWidth = 1;
  rounded(pen, rect.x + 0.5, rect.y + 0.5, rect.width - 1, rect.height - 1);
  pen.stroke();
}

function paintValue(pen: CanvasRenderingContext2D, palette: Palette, scale: Scale, spans: Spans, rect: Rect): void {
  const value = valueOf(scale, spans);
  if (value === null) {
    paintState(pen, palette, "missing", rect);
    return;
  }
  pen.fillStyle = palette.steps[stepOf(scale, value)] ?? palette.line;
  rounded(pen, rect.x, rect.y, rect.width, rect.height);
  pen.fill();
  if (isOutlier(scale, value)) ring(pen, rect, 1.2, palette.ink, null);
}

/** "10 of 12" at the end of a row, the number alone under a column. */
function paintTotals(pen: CanvasRenderingContext2D, scene: Scene, palette: Palette): void {
  for (const total of scene.layout.totals(scene.top, scene.top + scene.height)) {
    const { fresh, count } = summarize(scene.runs, total.spans);
    const words = total.anchor === "end" ? `${fresh} of ${count}` : String(fresh);
    text(pen, words, total.x, total.y, palette.text2, palette.font, total.anchor === "end" ? "end" : "center");
  }
}

function paintLabels(pen: CanvasRenderingContext2D, scene: Scene, palette: Palette): void {
  for (const label of scene.layout.labels(scene.top, scene.top + scene.height)) {
    text(pen, label.text, label.x, label.y, label.isInk === true ? palette.text : palette.text2, palette.font, label.anchor === "middle" ? "center" : label.anchor);
  }
}

/** One outline of ink around all that is selected, with a rim in the colour of the ground. */
function paintSelection(pen: CanvasRenderingContext2D, scene: Scene, palette: Palette, seen: readonly number[]): void {
  if (scene.selected.length === 0) return;
  const { layout } = scene;
  const chosen = new Map<number, boolean>();
  const isChosen = (cell: number | null): boolean => {
    if (cell === null) return false;
    const known = chosen.get(cell);
    if (known !== undefined) return known;
    const is = overlap(scene.selected, layout.spans(cell)) !== "none" && layout.spans(cell).length > 0;
    chosen.set(cell, is);
    return is;
  };
  const line = new Path2D();
  for (const cell of seen) {
    if (!isChosen(cell)) continue;
    const { x, y, width, height } = layout.rect(cell);
    const gap = layout.isWide ? 2 : 1;
    const [left, top, right, bottom] = [x - gap, y - gap, x + width + gap, y + height + gap];
    const side = (dx: number, dy: number): boolean => !isChosen(layout.at(x + width / 2 + dx * (width / 2 + 3), y + height / 2 + dy * (height / 2 + 3)));
    if (side(-1, 0)) move(line, left, top, left, bottom);
    if (side(1, 0)) move(line, right, top, right, bottom);
    if (side(0, -1)) move(line, left, top, right, top);
    if (side(0, 1)) move(line, left, bottom, right, bottom);
  }
  pen.lineCap = "square";
  pen.strokeStyle = palette.surface;
  pen.lineWidth = 3.6;
  pen.stroke(line);
  pen.strokeStyle = palette.ink;
  pen.lineWidth = 1.6;
  pen.stroke(line);
}

function move(path: Path2D, x1: number, y1: number, x2: number, y2: number): void {
  path.moveTo(x1, y1);
  path.lineTo(x2, y2);
}

function ring(pen: CanvasRenderingContext2D, rect: Rect, width: number, colour: string, rim: string | null): void {
  const out = width / 2 + 0.5;
  const trace = (): void => {
    pen.beginPath();
    pen.roundRect(rect.x - out, rect.y - out, rect.width + 2 * out, rect.height + 2 * out, RADIUS + 1);
    pen.stroke();
  };
  if (rim !== null) {
    pen.strokeStyle = rim;
    pen.lineWidth = width + 2;
    trace();
  }
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  trace();
}

function rounded(pen: CanvasRenderingContext2D, x: number, y: number, width: number, height: number): void {
  pen.beginPath();
  pen.roundRect(x, y, Math.max(1, width), Math.max(1, height), RADIUS);
}

function text(pen: CanvasRenderingContext2D, words: string, x: number, y: number, colour: string, font: string, align: CanvasTextAlign): void {
  pen.fillStyle = colour;
  pen.font = `11px ${font}`;
  pen.textAlign = align;
  pen.textBaseline = "alphabetic";
  pen.fillText(words, x, y);
}
