// States of partitions as runs of equal neighbours. Everything here costs what the runs cost.

import type { Runs, Spans, State } from "./wire.gen";
import { STATES } from "./wire.gen";

export interface Slice {
  readonly start: number;
  readonly stop: number;
  readonly state: State;
}

export function lengthOf(runs: Runs): number {
  return runs.stops.at(-1) ?? 0;
}

export function stateAt(runs: Runs, position: number): State {
  return stateNumber(runs.states[seekRun(runs, position)]);
}

/** The runs that touch [start, stop), cut to it. */
export function* slices(runs: Runs, start = 0, stop = lengthOf(runs)): Generator<Slice> {
  let from = start;
  for (let at = seekRun(runs, start); from < stop && at < runs.stops.length; at += 1) {
    const to = Math.min(stop, runs.stops[at] ?? stop);
    yield { start: from, stop: to, state: stateNumber(runs.states[at]) };
    from = to;
  }
}

export function countStates(runs: Runs, spans?: Spans): ReadonlyMap<State, number> {
  const counts = new Map<State, number>();
  for (const [start, stop] of spans ?? [[0, lengthOf(runs)] as const]) {
    for (const slice of slices(runs, start, stop)) counts.set(slice.state, (counts.get(slice.state) ?? 0) + slice.stop - slice.start);
  }
  return counts;
}

/** The positions in one of these states. */
export function positionsIn(runs: Runs, ...states: readonly State[]): Spans {
  const out: [number, number][] = [];
  for (const { start, stop, state } of slices(runs)) {
    if (!states.includes(state)) continue;
    const last = out.at(-1);
    if (last !== undefined && last[1] === start) last[1] = stop;
    else out.push([start, stop]);
  }
  return out;
}

/** The runs after some changes `(start, stop, state number)`; later changes win. */
export function changed(runs: Runs, changes: readonly (readonly [number, number, number])[]): Runs {
  const length = Math.max(lengthOf(runs), ...changes.map(([, stop]) => stop));
  const ordered = disjoint(changes);
  const stops: number[] = [];
  const states: number[] = [];
  const push = (stop: number, state: number): void => {
    if (stop <= (stops.at(-1) ?? 0)) return;
    if (states.at(-1) === state) stops[stops.length - 1] = stop;
    else {
      stops.push(stop);
      states.push(state);
    }
  };
  let at = 0;
  const copyTo = (stop: number): void => {
    for (; at < runs.stops.length; at += 1) {
      const end = runs.stops[at] ?? 0;
      push(Math.min(end, stop), runs.states[at] ?? MISSING);
      if (end >= stop) return;
    }
    push(stop, MISSING);
  };
  for (const [start, stop, state] of ordered) {
    if (start > (stops.at(-1) ?? 0)) copyTo(start);
    push(stop, state);
    while (at < runs.stops.length && (runs.stops[at] ?? 0) <= stop) at += 1;
  }
  if ((stops.at(-1) ?? 0) < length) copyTo(length);
  return { stops, states };
}

const MISSING = STATES.indexOf("missing");

function stateNumber(number: number | undefined): State {
  return (number === undefined ? undefined : STATES[number]) ?? "missing";
}

function seekRun(runs: Runs, position: number): number {
  let low = 0;
  let high = runs.stops.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((runs.stops[middle] ?? 0) <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

function disjoint(changes: readonly (readonly [number, number, number])[]): readonly (readonly [number, number, number])[] {
  let out: (readonly [number, number, number])[] = [];
  for (const change of changes) {
    const [start, stop] = change;
    if (start >= stop) continue;
    if (start >= (out.at(-1)?.[1] ?? 0)) {
      out.push(change);
      continue;
    }
    out = out.flatMap(([a, b, state]) => {
      const parts: (readonly [number, number, number])[] = [];
      if (a < Math.min(b, start)) parts.push([a, Math.min(b, start), state]);
      if (Math.max(a, stop) < b) parts.push([Math.max(a, stop), b, state]);
      return parts;
    });
    out.push(change);
    out.sort((a, b) => a[0] - b[0]);
  }
  return out;
}
