// Partitions as text, both ways: what is drawn is written in the field, what is typed is drawn.
//   [2013-06-01...2013-06-17], 2013-07-01       one dimension; both ends included; ".." and no brackets are read too
//   2013-06                                     a whole month (year, day) of time windows
//   carrier=UA, B6; month=[2013-01...2013-06]   several dimensions: a block; blocks are joined by " + "
//   UA|2013-01                                  one key of several dimensions

import type { Keys } from "./keys";
import { keyName, positionOf } from "./keys";
import { NONE, normal, union } from "./spans";
import type { Spans } from "./wire.gen";

export interface Parsed {
  readonly spans: Spans;
  /** What could not be read, in words with the nearest right thing; null if all could. */
  readonly problem: string | null;
}

export function formatRanges(dimensions: readonly Keys[], spans: Spans): string {
  const [first] = dimensions;
  if (first === undefined || spans.length === 0) return "";
  if (dimensions.length === 1) return formatOne(first, spans);
  return blocksOf(dimensions, spans).map((block) => formatBlock(dimensions, block)).join(" + ");
}

export function parseRanges(dimensions: readonly Keys[], text: string): Parsed {
  const [first] = dimensions;
  if (first === undefined || text.trim() === "") return { spans: NONE, problem: null };
  if (dimensions.length === 1) return parseOne(first, text);
  let spans: Spans = NONE;
  for (const block of text.split(/\s\+\s/)) {
    const parsed = parseBlock(dimensions, block);
    if (parsed.problem !== null) return parsed;
    spans = union(spans, parsed.spans);
  }
  return { spans, problem: null };
}

function formatOne(keys: Keys, spans: Spans): string {
  return spans
    .map(([start, stop]) => (stop - start === 1 ? keys.key(start) : `[${keys.key(start)}...${keys.key(stop - 1)}]`))
    .join(", ");
}

function parseOne(keys: Keys, text: string): Parsed {
  const found: (readonly [number, number])[] = [];
  for (const part of text.split(",").map((piece) => piece.trim())) {
    if (part === "") continue;
    const ends = splitRange(part);
    const start = ends === null ? locate(keys, part) : locate(keys, ends[0]);
    const stop = ends === null ? start : locate(keys, ends[1]);
    if (start === null) return unknown(keys, ends === null ? part : ends[0]);
    if (stop === null) return unknown(keys, ends === null ? part : ends[1]);
    if (start[0] >= stop[1]) return { spans: NONE, problem: `The range ${part} runs backwards. Write the earlier key first.` };
    found.push([start[0], stop[1]]);
  }
  return { spans: normal(found), problem: null };
}

function splitRange(part: string): readonly [string, string] | null {
  const inner = part.startsWith("[") && part.endsWith("]") ? part.slice(1, -1) : part;
  const match = /^(.+?)\s*\.{2,3}\s*(.+)$/.exec(inner);
  return match?.[1] !== undefined && match[2] !== undefined ? [match[1].trim(), match[2].trim()] : null;
}

function locate(keys: Keys, key: string): readonly [number, number] | null {
  const position = keys.find(key);
  return position === null ? keys.findPrefix(key) : [position, position + 1];
}

function unknown(keys: Keys, key: string): Parsed {
  const near = keys.time === null ? nearest(keys, key) : null;
  const range = keys.count === 0 ? "There are none." : `They run from ${keys.key(0)} to ${keys.key(keys.count - 1)}.`;
  return { spans: NONE, problem: `No partition ${key}. ${near === null ? range : `Did you mean ${near}?`}` };
}

function nearest(keys: Keys, wanted: string): string | null {
  let best: string | null = null;
  let least = Math.max(2, Math.floor(wanted.length / 2)) + 1;
  for (let position = 0; position < Math.min(keys.count, 5000); position += 1) {
    const distance = editDistance(wanted.toLowerCase(), keys.key(position).toLowerCase(), least);
    if (distance < least) [best, least] = [keys.key(position), distance];
  }
  return best;
}

/** Levenshtein's distance, or `limit` if it is not below. */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return Math.min(limit, row[b.length] ?? limit);
}

// -- Several dimensions: a block is a choice of digits in each dimension ----------------------------------------------------------

type Block = readonly Spans[];

function blocksOf(dimensions: readonly Keys[], spans: Spans): readonly Block[] {
  const [first, ...rest] = dimensions;
  if (first === undefined) return [];
  if (rest.length === 0) return [[spans]];
  const below = rest.reduce((product, keys) => product * keys.count, 1);
  const byShape = new Map<string, { block: Block; rows: [number, number][] }>();
  for (let row = Math.floor((spans[0]?.[0] ?? 0) / below); row < first.count; row += 1) {
    const inside = clip(spans, row * below, (row + 1) * below);
    if (inside.length === 0) continue;
    for (const block of blocksOf(rest, inside)) {
      const shape = JSON.stringify(block);
      const known = byShape.get(shape);
      if (known === undefined) byShape.set(shape, { block, rows: [[row, row + 1]] });
      else known.rows.push([row, row + 1]);
    }
  }
  return [...byShape.values()].map(({ block, rows }) => [normal(rows), ...block]);
}

function clip(spans: Spans, start: number, stop: number): Spans {
  return spans
    .filter(([a, b]) => b > start && a < stop)
    .map(([a, b]) => [Math.max(a, start) - start, Math.min(b, stop) - start] as const);
}

function formatBlock(dimensions: readonly Keys[], block: Block): string {
  if (block.every(([span, more]) => more === undefined && span !== undefined && span[1] - span[0] === 1)) {
    return keyName(dimensions, positionOf(dimensions, block.map((spans) => spans[0]?.[0] ?? 0)));
  }
  return dimensions
    .flatMap((keys, at) => {
      const spans = block[at] ?? NONE;
      const whole = spans.length === 1 && spans[0]?.[0] === 0 && spans[0][1] === keys.count;
      return whole && dimensions.length > 1 && at > 0 ? [] : [`${keys.name}=${whole ? "*" : formatOne(keys, spans)}`];
    })
    .join("; ");
}

function parseBlock(dimensions: readonly Keys[], text: string): Parsed {
  if (text.includes("|") && !text.includes("=")) return parsePairs(dimensions, text);
  const chosen = new Map<string, Spans>();
  for (const clause of text.split(";").map((piece) => piece.trim()).filter((piece) => piece !== "")) {
    const split = clause.indexOf("=");
    const name = clause.slice(0, split).trim();
    const keys = dimensions.find((known) => known.name === name);
    if (split < 0 || keys === undefined) {
      const names = dimensions.map((known) => known.name);
      return { spans: NONE, problem: `"${clause}" names no dimension. Write ${names[0]}=key; ${names[1]}=key.` };
    }
    const value = clause.slice(split + 1).trim();
    const parsed: Parsed = value === "*" ? { spans: [[0, keys.count]], problem: null } : parseOne(keys, value);
    if (parsed.problem !== null) return parsed;
    chosen.set(name, parsed.spans);
  }
  return { spans: expand(dimensions, dimensions.map((keys) => chosen.get(keys.name) ?? [[0, keys.count]])), problem: null };
}

function parsePairs(dimensions: readonly Keys[], text: string): Parsed {
  const found: (readonly [number, number])[] = [];
  for (const pair of text.split(",").map((piece) => piece.trim()).filter((piece) => piece !== "")) {
    const parts = pair.split("|");
    const digits: number[] = [];
    for (const [at, keys] of dimensions.entries()) {
      const digit = keys.find(parts[at]?.trim() ?? "");
      if (digit === null) return unknown(keys, parts[at]?.trim() ?? "");
      digits.push(digit);
    }
    const position = positionOf(dimensions, digits);
    found.push([position, position + 1]);
  }
  return { spans: normal(found), problem: null };
}

/** The positions of a block. */
export function expand(dimensions: readonly Keys[], block: Block): Spans {
  let spans: Spans = [[0, 1]];
  for (const [at, keys] of dimensions.entries()) {
    const digits = block[at] ?? NONE;
    const next: (readonly [number, number])[] = [];
    for (const [start, stop] of spans) {
      for (let upper = start; upper < stop; upper += 1) {
        for (const [a, b] of digits) next.push([upper * keys.count + a, upper * keys.count + b]);
      }
    }
    spans = normal(next);
  }
  return spans;
}
