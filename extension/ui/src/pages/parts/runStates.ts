// States of runs, steps and backfills as the server names them, as the states of the pictures with their words.

import type { State } from "../../client/wire.gen";

export interface RunLook {
  readonly state: State;
  readonly word: string;
}

const RUNS: { readonly [status: string]: RunLook } = {
  QUEUED: { state: "queued", word: "queued" },
  NOT_STARTED: { state: "queued", word: "starting" },
  MANAGED: { state: "queued", word: "managed" },
  STARTING: { state: "queued", word: "starting" },
  STARTED: { state: "running", word: "running" },
  SUSPENDED: { state: "queued", word: "suspended" },
  SUCCESS: { state: "fresh", word: "succeeded" },
  FAILURE: { state: "failed", word: "failed" },
  CANCELING: { state: "running", word: "stopping" },
  CANCELED: { state: "canceled", word: "canceled" },
};

const BACKFILLS: { readonly [status: string]: RunLook } = {
  REQUESTED: { state: "running", word: "running" },
  COMPLETED: { state: "fresh", word: "completed" },
  COMPLETED_SUCCESS: { state: "fresh", word: "succeeded" },
  COMPLETED_FAILED: { state: "failed", word: "some failed" },
  FAILED: { state: "failed", word: "failed" },
  FAILING: { state: "failed", word: "failing" },
  CANCELING: { state: "running", word: "stopping" },
  CANCELED: { state: "canceled", word: "canceled" },
};

const TICKS: { readonly [status: string]: RunLook } = {
  STARTED: { state: "running", word: "running" },
  SUCCESS: { state: "fresh", word: "ran" },
  SKIPPED: { state: "skipped", word: "nothing to do" },
  FAILURE: { state: "failed", word: "failed" },
};

export const MISSED: RunLook = { state: "missing", word: "missed" };

export function runLook(status: string): RunLook {
  return RUNS[status] ?? { state: "queued", word: status.toLowerCase() };
}

export function backfillLook(status: string): RunLook {
  return BACKFILLS[status] ?? { state: "queued", word: status.toLowerCase() };
}

/** Ticks that nobody was there for are failures of nobody: they are told apart by their count. */
export function tickLook(status: string, missed: number): RunLook {
  return missed > 0 ? MISSED : (TICKS[status] ?? { state: "queued", word: status.toLowerCase() });
}

export function isOver(status: string): boolean {
  return status === "SUCCESS" || status === "FAILURE" || status === "CANCELED";
}

export function isBackfillOver(status: string): boolean {
  return status !== "REQUESTED" && status !== "CANCELING" && status !== "FAILING";
}
