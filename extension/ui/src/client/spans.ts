// Sets of whole numbers kept as sorted, disjoint, non-touching half-open spans: what is selected, what is failed.
// A year of days is one span; an operation costs what the spans cost, not what the numbers do.

import type { Spans } from "./wire.gen";

export const NONE: Spans = [];

export function normal(spans: Spans): Spans {
  const sorted = spans.filter(([start, stop]) => start < stop).toSorted((a, b) => a[0] - b[0]);
  const out: [number, number][] = [];
  for (const [start, stop] of sorted) {
    const last = out.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], stop);
    else out.push([start, stop]);
  }
  return out;
}

export function union(a: Spans, b: Spans): Spans {
  return normal([...a, ...b]);
}

export function without(a: Spans, b: Spans): Spans {
  const out: [number, number][] = [];
  let next = 0;
  for (const [start, stop] of a) {
    let at = start;
    while (next > 0 && (b[next - 1]?.[1] ?? 0) > start) next -= 1;
    for (let cut = b[next]; cut !== undefined && cut[0] < stop; cut = b[next]) {
      if (at < cut[0]) out.push([at, cut[0]]);
      at = Math.max(at, cut[1]);
      if (cut[1] >= stop) break;
      next += 1;
    }
    if (at < stop) out.push([at, stop]);
  }
  return out;
}

export function both(a: Spans, b: Spans): Spans {
  return without(a, without(a, b));
}

export function size(spans: Spans): number {
  let sum = 0;
  for (const [start, stop] of spans) sum += stop - start;
  return sum;
}

/** The index of the span that holds `position`, or of the first one after it. */
export function seek(spans: Spans, position: number): number {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle]?.[1] ?? 0) <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function has(spans: Spans, position: number): boolean {
  const span = spans[seek(spans, position)];
  return span !== undefined && span[0] <= position;
}

/** Whether all, some or none of the positions of `part` are in `spans`. */
export function overlap(spans: Spans, part: Spans): "all" | "some" | "none" {
  const shared = size(both(part, spans));
  if (shared === 0) return "none";
  return shared === size(part) ? "all" : "some";
}

export function same(a: Spans, b: Spans): boolean {
  return a.length === b.length && a.every(([start, stop], at) => b[at]?.[0] === start && b[at]?.[1] === stop);
}
