// Runs in time, row by row: what ran, what runs, what will. Pure: a bar is never thinner than three pixels, and bars that would stand on
// each other are one bar with their number and the most urgent of their states, so that a run of a second is seen in a day.

import type { State } from "../../client/wire.gen";
import { mostUrgent } from "../../ui/Glyph";

export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface TimedRun {
  readonly id: string;
  readonly row: string;
  readonly state: State;
  readonly from: number;
  /** Null while it goes on. */
  readonly to: number | null;
}

export interface Coming {
  readonly row: string;
  readonly at: number;
  readonly by: string;
}

export interface Bar {
  readonly x: number;
  readonly width: number;
  readonly state: State;
  readonly runs: readonly TimedRun[];
}

export interface Mark {
  readonly x: number;
  readonly coming: readonly Coming[];
}

export interface TimeRow {
  readonly name: string;
  readonly bars: readonly Bar[];
  readonly marks: readonly Mark[];
  readonly runs: number;
  readonly failed: number;
}

const THINNEST = 3;
const GAP = 1;
const MARK = 5;

export const SPANS: readonly { readonly value: string; readonly label: string; readonly past: number; readonly future: number }[] = [
  { value: "1h", label: "1 h", past: 2_880, future: 720 },
  { value: "6h", label: "6 h", past: 17_280, future: 4_320 },
  { value: "24h", label: "24 h", past: 69_120, future: 17_280 },
  { value: "7d", label: "7 d", past: 518_400, future: 86_400 },
];

/** The window: four fifths of it behind now, the rest ahead; `shift` moves it by whole windows. */
export function spanAround(now: number, size: string, shift: number): Span {
  const found = SPANS.find(({ value }) => value === size) ?? SPANS[2];
  const [past, future] = found === undefined ? [69_120, 17_280] : [found.past, found.future];
  const by = shift * (past + future) * 0.5;
  return { from: now - past + by, to: now + future + by };
}

/** Rows in order of what needs a look: failed, going on, newest; then those that only come. */
export function timeRows(runs: readonly TimedRun[], coming: readonly Coming[], span: Span, width: number, now: number): readonly TimeRow[] {
  const names = new Map<string, { runs: TimedRun[]; coming: Coming[] }>();
  const of = (name: string): { runs: TimedRun[]; coming: Coming[] } => {
    const known = names.get(name);
    if (known !== undefined) return known;
    const made = { runs: [], coming: [] };
    names.set(name, made);
    return made;
  };
  for (const run of runs) if (run.from <= span.to && (run.to ?? now) >= span.from) of(run.row).runs.push(run);
  for (const one of coming) if (one.at >= Math.max(now, span.from) && one.at <= span.to) of(one.row).coming.push(one);
  const newest = (own: readonly TimedRun[]): number => Math.max(...own.map(({ to }) => to ?? Infinity), -Infinity);
  return [...names]
    .map(([name, own]) => ({ name, own, failed: own.runs.filter(({ state }) => state === "failed").length, at: newest(own.runs) }))
    .sort((a, b) => Math.sign(b.failed) - Math.sign(a.failed) || (a.at === b.at ? a.name.localeCompare(b.name) : b.at - a.at))
    .map(({ name, own, failed }) => ({ name, bars: barsOf(own.runs, span, width, now), marks: marksOf(own.coming, span, width), runs: own.runs.length, failed }));
}

function scaleOf(span: Span, width: number): (at: number) => number {
  return (at) => ((at - span.from) / (span.to - span.from)) * width;
}

export function barsOf(runs: readonly TimedRun[], span: Span, width: number, now: number): readonly Bar[] {
  const x = scaleOf(span, width);
  const bars: { x: number; width: number; state: State; runs: TimedRun[] }[] = [];
  for (const run of runs.toSorted((a, b) => a.from - b.from)) {
    const from = Math.max(0, x(run.from));
    const to = Math.min(width, Math.max(x(run.to ?? now), from + THINNEST));
    const start = Math.min(from, width - THINNEST);
    const last = bars.at(-1);
    if (last !== undefined && start < last.x + last.width + GAP) {
      last.width = Math.max(last.width, to - last.x);
      last.runs.push(run);
      last.state = mostUrgent([last.state, run.state]) ?? run.state;
    } else bars.push({ x: start, width: Math.max(THINNEST, to - start), state: run.state, runs: [run] });
  }
  return bars;
}

function marksOf(coming: readonly Coming[], span: Span, width: number): readonly Mark[] {
  const x = scaleOf(span, width);
  const marks: { x: number; coming: Coming[] }[] = [];
  for (const one of coming.toSorted((a, b) => a.at - b.at)) {
    const at = Math.min(x(one.at), width - MARK);
    const last = marks.at(-1);
    if (last !== undefined && at < last.x + MARK + GAP) last.coming.push(one);
    else marks.push({ x: at, coming: [one] });
  }
  return marks;
}

export interface Tick {
  readonly at: number;
  readonly x: number;
  readonly text: string;
  /** The first tick of a day names the day. */
  readonly isDay: boolean;
}

const STEPS = [300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400];
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** Round local times, at least 70 pixels apart. */
export function timeTicks(span: Span, width: number): readonly Tick[] {
  const x = scaleOf(span, width);
  const least = ((span.to - span.from) / Math.max(width, 1)) * 70;
  const step = STEPS.find((candidate) => candidate >= least) ?? Math.ceil(least / 86_400) * 86_400;
  const ticks: Tick[] = [];
  const date = new Date(span.from * 1000);
  date.setHours(0, 0, 0, 0);
  // Local wall clock, so that a day that is an hour longer keeps its round hours.
  while (date.getTime() / 1000 <= span.to) {
    const at = date.getTime() / 1000;
    if (at >= span.from) {
      const isDay = date.getHours() === 0 && date.getMinutes() === 0;
      const text = isDay ? `${DAYS[date.getDay()] ?? ""} ${date.getDate()}` : `${two(date.getHours())}:${two(date.getMinutes())}`;
      ticks.push({ at, x: x(at), text, isDay });
    }
    if (step >= 86_400) date.setDate(date.getDate() + step / 86_400);
    else date.setTime(date.getTime() + step * 1000);
  }
  return ticks;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
