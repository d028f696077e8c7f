// The bar under a selection: what it is, how it would run, and the one button that shows the plan's size. And a run on its way.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { countStates } from "../../client/runs";
import { size } from "../../client/spans";
import type { GridView, Progress, Spans, Target } from "../../client/wire.gen";
import { Button } from "../../ui/Button";
import { byUrgency, StateWord } from "../../ui/Glyph";
import { about, grouped, plural } from "../../ui/format";
import { WORDS } from "../../ui/glyphs";
import { MenuButton } from "../../ui/Pop";
import { only, useDesk } from "../host";
import { RunLink, shortRun } from "../Words";

/** One run with a step for each key or one for all; or a backfill: runs of `chunk` keys (0: as many as is good), held and set going at will. */
export interface Manner {
  readonly grouping: "per_key" | "at_once" | "backfill";
  readonly chunk: number;
}

const MANY = 10;
const GOOD_CHUNK = 50;
const MOST_RUNS = 200;
const ONE_RUN: Manner = { grouping: "per_key", chunk: 0 };
const BACKFILL: Manner = { grouping: "backfill", chunk: 0 };

/** How so many keys may be run, the best first. */
export function mannersFor(count: number, singleRun: boolean): readonly Manner[] {
  const chunks: readonly Manner[] = [1, 10, 100].filter((chunk) => chunk < count).map((chunk) => ({ grouping: "backfill", chunk }));
  const one: readonly Manner[] = singleRun ? [ONE_RUN, { grouping: "at_once", chunk: 0 }] : [ONE_RUN];
  return count > MANY ? [BACKFILL, ...chunks, ...one] : [...one, BACKFILL, ...chunks];
}

export function stepsFor(count: number, { grouping }: Manner): number {
  return grouping === "at_once" ? Math.min(1, count) : count;
}

/** Runs of a backfill. Where nobody says how large they are, the kernel may know better; this is what it takes without a reason. */
export function runsFor(count: number, { grouping, chunk }: Manner): number {
  if (grouping !== "backfill") return Math.min(1, count);
  return Math.ceil(count / (chunk === 0 ? Math.max(GOOD_CHUNK, Math.ceil(count / MOST_RUNS)) : chunk));
}

function nameOf({ grouping, chunk }: Manner): string {
  if (grouping === "per_key") return "One run, a step for each key";
  if (grouping === "at_once") return "One run, one step for all";
  return chunk === 0 ? "Backfill" : chunk === 1 ? "Backfill, a run for each key" : `Backfill, runs of ${chunk}`;
}

/** Seconds until all is done: keys share the places there are. */
export function secondsFor(count: number, perKey: number, atOnce: number): number {
  return Math.ceil(count / Math.max(1, atOnce)) * perKey;
}

export function LaunchBar({ view, selected, text }: { readonly view: GridView; readonly selected: Spans; readonly text: string }): JSX.Element {
  const desk = useDesk();
  const count = size(selected);
  const [picked, setPicked] = useState<Manner | null>(null);
  const manners = mannersFor(count, view.single_run);
  const manner = manners.find(({ grouping, chunk }) => grouping === picked?.grouping && chunk === picked.chunk) ?? manners[0] ?? ONE_RUN;
  const counts = byUrgency([...countStates(view.states, selected)].map(([state, many]) => ({ state, count: many })));
  const runs = runsFor(count, manner);
  const target: Target = { selection: only(view.asset), spans: selected, keys: text, ...manner };
  const time = view.seconds_per_key === null ? "" : ` · ${about(secondsFor(count, view.seconds_per_key, manner.grouping === "at_once" ? 1 : view.at_once))}`;
  const [first] = counts;
  return (
    <div class="nb-action nb-small" role="group" aria-label="Run the selection">
      <span>
        <b>{grouped(count)} selected</b>
        {counts.length === 1 && first !== undefined ? (count === 1 ? `, ${WORDS[first.state]}` : `, all ${WORDS[first.state]}`) : `: ${counts.map((part) => `${grouped(part.count)} ${WORDS[part.state]}`).join(", ")}`}
      </span>
      <span class="nb-push nb-row nb-wrap nb-gap-3">
        <MenuButton
          after="down"
          items={manners.map((choice) => ({
            label: nameOf(choice),
            checked: choice === manner,
            detail: choice.grouping === "backfill" ? plural(runsFor(count, choice), "run") : plural(stepsFor(count, choice), "step"),
            onPick: () => setPicked(choice),
          }))}
        >
          {nameOf(manner)}
        </MenuButton>
        <Button onClick={() => desk.propose(target)} title="Show what would run; nothing runs">
          Dry run
        </Button>
        <Button kind="main" icon="play" disabled={!desk.canRun} title={desk.whyNot} onClick={() => desk.open({ type: "materialize", target })}>
          {`Materialize ${grouped(count)}${runs > 1 ? ` · ${plural(runs, "run")}` : ""}${time}`}
        </Button>
      </span>
    </div>
  );
}

export function ProgressBar({ progress }: { readonly progress: Progress }): JSX.Element {
  const left = Math.max(0, progress.total - progress.done - progress.failed - progress.skipped);
  return (
    <div class="nb-progress">
      <div class="nb-row nb-wrap nb-small">
        <StateWord state={progress.state}>
          {grouped(progress.done)} of {grouped(progress.total)} done
        </StateWord>
        {progress.failed > 0 && <StateWord state="failed">{grouped(progress.failed)} failed</StateWord>}
        {progress.skipped > 0 && <StateWord state="skipped">{grouped(progress.skipped)} left out</StateWord>}
        {progress.held !== "" && <b>{HELD[progress.held]}</b>}
        {!isOver(progress) && progress.eta_s !== null && <span class="nb-2">{about(progress.eta_s)} left</span>}
        <span class="nb-push nb-row nb-wrap nb-gap-3">
          {progress.backfill !== null && (
            <span class="nb-2">
              backfill <span class="nb-mono">{shortRun(progress.backfill)}</span>
              {progress.runs > 0 && `, run ${progress.runs}`}
            </span>
          )}
          {progress.run !== "" && <RunLink run={progress.run} />}
          {progress.backfill === null ? <RunActs progress={progress} left={left} /> : <BackfillActs progress={progress} backfill={progress.backfill} left={left} />}
        </span>
      </div>
      <div class="nb-strip" style={{ height: "6px" }} role="progressbar" aria-label="Partitions done" aria-valuemin={0} aria-valuemax={progress.total} aria-valuenow={progress.done}>
        {progress.done > 0 && <i data-state="fresh" style={{ flex: progress.done }} />}
        {progress.failed > 0 && <i data-state="failed" style={{ flex: progress.failed }} />}
        {progress.skipped > 0 && <i data-state="skipped" style={{ flex: progress.skipped }} />}
        {left > 0 && <i data-state="missing" style={{ flex: left }} />}
      </div>
    </div>
  );
}

const HELD: { readonly [held in Exclude<Progress["held"], "">]: string } = { pausing: "pausing", paused: "paused", canceling: "stopping" };

function isOver({ state }: Progress): boolean {
  return !["queued", "running", "retrying"].includes(state);
}

function RunActs({ progress, left }: { readonly progress: Progress; readonly left: number }): JSX.Element | null {
  const desk = useDesk();
  if (!isOver(progress)) {
    return (
      <Button kind="stop" icon="stop" onClick={() => desk.open({ type: "cancel_run", run: progress.run })}>
        Cancel
      </Button>
    );
  }
  if (progress.failed === 0 && left === 0) return null;
  return (
    <Button icon={progress.failed > 0 ? "refresh" : "play"} disabled={!desk.canRun} onClick={() => desk.open({ type: "run_again", run: progress.run, what: "failed" })}>
      {progress.failed > 0 ? `Run ${grouped(progress.failed)} again` : `Resume (${grouped(left)})`}
    </Button>
  );
}

/** Hold it, set it going, end it; when it is over, what it left can be made by another one. */
function BackfillActs(props: { readonly progress: Progress; readonly backfill: string; readonly left: number }): JSX.Element {
  const { progress, backfill, left } = props;
  const desk = useDesk();
  const undone = progress.failed + progress.skipped;
  if (isOver(progress)) {
    return (
      <>
        {undone > 0 && (
          <Button icon="refresh" disabled={!desk.canRun} onClick={() => desk.open({ type: "retry_backfill", backfill, what: "failed" })}>
            {`Run ${grouped(undone)} again`}
          </Button>
        )}
        {left > 0 && (
          <Button icon="play" disabled={!desk.canRun} onClick={() => desk.open({ type: "retry_backfill", backfill, what: "left" })}>
            {`Run what is left (${grouped(left + undone)})`}
          </Button>
        )}
      </>
    );
  }
  return (
    <>
      {progress.held === "paused" && (
        <Button kind="main" icon="play" disabled={!desk.canRun} onClick={() => desk.open({ type: "resume_backfill", backfill })}>
          {`Resume (${grouped(left)})`}
        </Button>
      )}
      {progress.held === "" && progress.can_pause && (
        <Button icon="pause" disabled={!desk.canRun} title="Partitions that are done stay; what runs now is made when it goes on" onClick={() => desk.open({ type: "pause_backfill", backfill })}>
          Pause
        </Button>
      )}
      <Button kind="stop" icon="stop" disabled={!desk.canRun || progress.held === "canceling"} onClick={() => desk.open({ type: "cancel_backfill", backfill })}>
        Cancel
      </Button>
    </>
  );
}
