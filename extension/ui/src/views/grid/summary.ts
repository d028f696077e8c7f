// What one cell stands for: one state or several, and the mean of a number.

import { slices } from "../../client/runs";
import type { Runs, Spans, State } from "../../client/wire.gen";
import { mostUrgent } from "../../ui/Glyph";

export interface Summary {
  /** The state of all of it, or the most urgent of several. */
  readonly state: State;
  readonly isPartial: boolean;
  readonly count: number;
  readonly fresh: number;
}

export function summarize(runs: Runs, spans: Spans): Summary {
  let count = 0;
  let fresh = 0;
  const states = new Set<State>();
  for (const [start, stop] of spans) {
    for (const slice of slices(runs, start, stop)) {
      states.add(slice.state);
      count += slice.stop - slice.start;
      if (slice.state === "fresh") fresh += slice.stop - slice.start;
    }
  }
  return { state: mostUrgent(states) ?? "missing", isPartial: states.size > 1, count, fresh };
}

/** A number over positions, with the domain that its colours span. */
export interface Scale {
  readonly values: Float32Array;
  readonly low: number;
  readonly high: number;
  /** Beyond these a value is told apart by a ring. */
  readonly fences: readonly [number, number];
}

export const STEPS = 5;

/** Packed float32 numbers; the domain leaves outliers out (Tukey's fences: 1.5 times the middle half). */
export function scaleOf(base64: string): Scale {
  const raw = atob(base64);
  const data = new DataView(new ArrayBuffer(raw.length));
  for (let at = 0; at < raw.length; at += 1) data.setUint8(at, raw.charCodeAt(at));
  const values = new Float32Array(Math.floor(raw.length / 4));
  for (let at = 0; at < values.length; at += 1) values[at] = data.getFloat32(at * 4, true);
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  const quantile = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const reach = 1.5 * (quantile(0.75) - quantile(0.25));
  const fences = [quantile(0.25) - reach, quantile(0.75) + reach] as const;
  const inside = sorted.filter((value) => value >= fences[0] && value <= fences[1]);
  return { values, low: inside[0] ?? 0, high: inside.at(-1) ?? 0, fences: reach > 0 ? fences : [-Infinity, Infinity] };
}

export function valueOf(scale: Scale, spans: Spans): number | null {
  let sum = 0;
  let count = 0;
  for (const [start, stop] of spans) {
    for (let at = start; at < stop; at += 1) {
      const value = scale.values[at];
      if (value === undefined || Number.isNaN(value)) continue;
      sum += value;
      count += 1;
    }
  }
  return count === 0 ? null : sum / count;
}

/** The colour step of a value, 0 to 4. */
export function stepOf(scale: Scale, value: number): number {
  if (scale.high <= scale.low) return Math.floor(STEPS / 2);
  return Math.max(0, Math.min(STEPS - 1, Math.floor(((value - scale.low) / (scale.high - scale.low)) * STEPS)));
}

export function isOutlier(scale: Scale, value: number): boolean {
  return value < scale.fences[0] || value > scale.fences[1];
}
