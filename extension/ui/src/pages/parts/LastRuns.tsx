// The last runs of something as bars, oldest left: as tall as they took, in the colour of their state.

import type { JSX } from "preact";
import { pathOf } from "../../client/route";
import { duration, fullTime } from "../../ui/format";
import { shortRun } from "../../views/Words";
import { A } from "../frame/route";
import { runLook } from "./runStates";

export interface LastRun {
  readonly runId: string;
  readonly status: string;
  readonly creationTime: number;
  readonly startTime: number | null;
  readonly endTime: number | null;
}

const TALL = 22;
const LEAST = 5;

export function LastRuns({ runs, now }: { readonly runs: readonly LastRun[]; readonly now: number }): JSX.Element {
  const shown = runs.toReversed();
  const longest = Math.max(...shown.map((run) => secondsOf(run, now)), 0.001);
  return (
    <span class="nb-last-runs">
      {shown.map((run) => {
        const { state, word } = runLook(run.status);
        const seconds = secondsOf(run, now);
        return (
          <A key={run.runId} to={pathOf("runs", run.runId)} title={`${shortRun(run.runId)} ${word}, ${duration(seconds)}, ${fullTime(run.startTime ?? run.creationTime)}`}>
            <i data-state={state} style={{ height: `${LEAST + (TALL - LEAST) * (seconds / longest)}px` }} />
            <span class="nb-unseen">
              {shortRun(run.runId)} {word}
            </span>
          </A>
        );
      })}
    </span>
  );
}

function secondsOf(run: LastRun, now: number): number {
  return Math.max(0, (run.endTime ?? now) - (run.startTime ?? run.endTime ?? now));
}
