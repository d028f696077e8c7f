// A run as rows of bars: one a step while there are few, one an asset when there are many; and the parts of each bar in time.

import type { Attempt, RunView, State, StepFacts } from "../../client/wire.gen";
import { mostUrgent } from "../../ui/Glyph";

export type Phase = "wait" | "start" | "load" | "work" | "write";

export interface Part {
  readonly phase: Phase;
  readonly from: number;
  readonly to: number;
}

export interface Row {
  readonly key: string;
  readonly label: string;
  readonly detail: string;
  readonly state: State;
  readonly steps: readonly StepFacts[];
  readonly isGroup: boolean;
  readonly isOpen: boolean;
  readonly depth: number;
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

const MANY = 40;

/** Rows in order of first appearance. An asset with several steps folds when the run has more than 40. */
export function rowsOf(steps: readonly StepFacts[], opened: ReadonlySet<string>): readonly Row[] {
  const byAsset = new Map<string, StepFacts[]>();
  for (const step of steps) {
    const known = byAsset.get(step.asset);
    if (known === undefined) byAsset.set(step.asset, [step]);
    else known.push(step);
  }
  if (steps.length <= MANY) return steps.map((step) => rowOf(step, 0));
  return [...byAsset].flatMap(([asset, own]) => {
    const [first] = own;
    if (first !== undefined && own.length === 1) return [rowOf(first, 0)];
    const isOpen = opened.has(asset);
    const group: Row = {
      key: asset, label: asset, detail: groupDetail(own), state: mostUrgent(own.map(({ state }) => state)) ?? "queued",
      steps: own, isGroup: true, isOpen, depth: 0,
    };
    return isOpen ? [group, ...own.map((step) => rowOf(step, 1))] : [group];
  });
}

function rowOf(step: StepFacts, depth: number): Row {
  const label = depth > 0 && step.partition !== null ? step.partition : step.asset;
  return {
    key: step.key, label, detail: depth === 0 ? (step.partition ?? "") : "", state: step.state,
    steps: [step], isGroup: false, isOpen: false, depth,
  };
}

const LEAST_NAME = 6;

/** The words beside a row in at most so many characters. The end of a partition key tells rows apart, so the name gives way first. */
export function wordsOf(row: Pick<Row, "label" | "detail">, most: number): readonly [name: string, detail: string] {
  const { label, detail } = row;
  const room = most - Math.min(label.length, LEAST_NAME) - 1;
  const kept = detail.length > room ? `…${detail.slice(1 - room)}` : detail;
  const left = kept === "" ? most : most - kept.length - 1;
  return [label.length > left ? `${label.slice(0, left - 1)}…` : label, kept];
}

function groupDetail(steps: readonly StepFacts[]): string {
  return `${steps.filter(({ state }) => state === "fresh" || state === "skipped").length} of ${steps.length}`;
}

/** The phases of one try; what is still going on lasts until now. */
export function partsOf(attempt: Attempt, now: number): readonly Part[] {
  const isOver = attempt.ended_at !== null;
  const end = attempt.ended_at ?? now;
  const parts: Part[] = [];
  const add = (phase: Phase, from: number | null, to: number | null): void => {
    if (from !== null && to !== null && to > from) parts.push({ phase, from, to });
  };
  const launched = attempt.launched_at ?? attempt.started_at;
  add("wait", attempt.queued_at, launched ?? (isOver ? null : now));
  add("start", attempt.launched_at, attempt.started_at ?? (attempt.launched_at === null ? null : end));
  if (attempt.started_at === null) return parts;
  // Without a mark between them a step that is over only worked; one that goes on still loads.
  const loaded = attempt.loaded_at ?? (isOver ? attempt.started_at : null);
  add("load", attempt.started_at, loaded ?? end);
  if (loaded === null) return parts;
  const worked = attempt.worked_at ?? end;
  add("work", loaded, worked);
  add("write", attempt.worked_at, end);
  return parts;
}

/** The time that the picture spans: from the first wait to the last end or expected end. */
export function spanOf(view: RunView, now: number): Span {
  let from = view.started_at ?? Infinity;
  let to = view.ended_at ?? -Infinity;
  for (const step of view.steps) {
    for (const { queued_at, launched_at, started_at, ended_at } of step.attempts) {
      from = Math.min(from, queued_at ?? launched_at ?? started_at ?? from);
      to = Math.max(to, ended_at ?? now);
    }
    if (step.expected_at !== null) to = Math.max(to, step.expected_at + (step.expected_s ?? 0));
    const last = step.attempts.at(-1);
    if (isMoving(step.state) && last?.started_at !== null && last?.started_at !== undefined) to = Math.max(to, last.started_at + (step.expected_s ?? 0));
  }
  if (!Number.isFinite(from)) from = now;
  if (view.ended_at === null) to = Math.max(to, now);
  return { from, to: Math.max(to, from + 0.5) };
}

export function isMoving(state: State): boolean {
  return state === "running" || state === "retrying" || state === "queued";
}

/** Seconds that a step took, over all its tries, or has taken so far. */
export function secondsOf(step: StepFacts, now: number): number | null {
  const [first] = step.attempts;
  const last = step.attempts.at(-1);
  const start = first?.started_at ?? first?.launched_at ?? null;
  return start === null || last === undefined ? null : (last.ended_at ?? now) - start;
}

const WEEK = 604_800;

/** Round marks on the axis: at most about seven. */
export function ticksOf(span: Span, most = 7): readonly number[] {
  const length = span.to - span.from;
  const steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400, WEEK];
  const step = steps.find((candidate) => length / candidate <= most) ?? Math.ceil(length / most / WEEK) * WEEK;
  const out: number[] = [];
  for (let at = Math.ceil(span.from / step) * step; at <= span.to; at += step) out.push(Number(at.toFixed(3)));
  return out;
}

export function tickName(seconds: number): string {
  if (seconds < 60) return `${Number(seconds.toFixed(2))} s`;
  const [minutes, rest] = [Math.floor(seconds / 60), Math.round(seconds % 60)];
  if (minutes < 60) return `${minutes}:${String(rest).padStart(2, "0")}`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")}`;
}

/** Many bars in one row, column by column: the most urgent of what was going on there. */
export function columnsOf(steps: readonly StepFacts[], span: Span, width: number, now: number): readonly { readonly x: number; readonly width: number; readonly state: State }[] {
  const columns = Array.from({ length: Math.max(1, Math.round(width)) }, (): State | null => null);
  const scale = columns.length / (span.to - span.from);
  for (const step of steps) {
    for (const attempt of step.attempts) {
      const start = attempt.started_at ?? attempt.launched_at;
      if (start === null) continue;
      const from = Math.max(0, Math.floor((start - span.from) * scale));
      const to = Math.min(columns.length, Math.ceil(((attempt.ended_at ?? now) - span.from) * scale));
      for (let x = from; x < to; x += 1) columns[x] = mostUrgent([columns[x] ?? attempt.state, attempt.state]);
    }
  }
  const out: { x: number; width: number; state: State }[] = [];
  for (const [x, state] of columns.entries()) {
    const last = out.at(-1);
    if (state === null) continue;
    if (last !== undefined && last.state === state && last.x + last.width === x) last.width += 1;
    else out.push({ x, width: 1, state });
  }
  return out;
}
