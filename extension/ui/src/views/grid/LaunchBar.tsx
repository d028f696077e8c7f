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
import { RunLink } from "../Words";

type Grouping = "per_key" | "at_once";
const GROUPINGS: { readonly [grouping in Grouping]: string } = { per_key: "A step for each key", at_once: "One step for all" };

export function stepsFor(count: number, grouping: Grouping): number {
  return grouping === "at_once" ? Math.min(1, count) : count;
}

/** Seconds until all is done: keys share the places there are. */
export function secondsFor(count: number, perKey: number, atOnce: number): number {
  return Math.ceil(count / Math.max(1, atOnce)) * perKey;
}

export function LaunchBar({ view, selected, text }: { readonly view: GridView; readonly selected: Spans; readonly text: string }): JSX.Element {
  const desk = useDesk();
  const count = size(selected);
  const [grouping, setGrouping] = useState<Grouping>("per_key");
  const counts = byUrgency([...countStates(view.states, selected)].map(([state, many]) => ({ state, count: many })));
  const target: Target = { selection: only(view.asset), spans: selected, keys: text, grouping };
  const time = view.seconds_per_key === null ? "" : ` · ${about(secondsFor(count, view.seconds_per_key, grouping === "at_once" ? 1 : view.at_once))}`;
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
          items={(["per_key", "at_once"] as const)
            .filter((choice) => choice === "per_key" || view.single_run)
            .map((choice) => ({ label: GROUPINGS[choice], checked: choice === grouping, detail: plural(stepsFor(count, choice), "step"), onPick: () => setGrouping(choice) }))}
        >
          {GROUPINGS[grouping]}
        </MenuButton>
        <Button onClick={() => desk.propose(target)} title="Show what would run; nothing runs">
          Dry run
        </Button>
        <Button kind="main" icon="play" disabled={!desk.canRun} title={desk.canRun ? undefined : "Needs a running kernel"} onClick={() => desk.open({ type: "materialize", target })}>
          {`Materialize ${grouped(count)}${time}`}
        </Button>
      </span>
    </div>
  );
}

export function ProgressBar({ progress }: { readonly progress: Progress }): JSX.Element {
  const desk = useDesk();
  const isOver = !["queued", "running", "retrying"].includes(progress.state);
  const left = Math.max(0, progress.total - progress.done - progress.failed);
  return (
    <div class="nb-progress">
      <div class="nb-row nb-wrap nb-small">
        <StateWord state={progress.state}>
          {grouped(progress.done)} of {grouped(progress.total)} done
        </StateWord>
        {progress.failed > 0 && <StateWord state="failed">{grouped(progress.failed)} failed</StateWord>}
        {!isOver && progress.eta_s !== null && <span class="nb-2">{about(progress.eta_s)} left</span>}
        <span class="nb-push nb-row nb-gap-3">
          <RunLink run={progress.run} />
          {isOver && progress.failed > 0 && (
            <Button icon="refresh" disabled={!desk.canRun} onClick={() => desk.open({ type: "run_again", run: progress.run, what: "failed" })}>
              {`Run ${grouped(progress.failed)} again`}
            </Button>
          )}
          {isOver && progress.failed === 0 && left > 0 && (
            <Button icon="play" disabled={!desk.canRun} onClick={() => desk.open({ type: "run_again", run: progress.run, what: "failed" })}>
              {`Resume (${grouped(left)})`}
            </Button>
          )}
          {!isOver && (
            <Button kind="stop" icon="stop" onClick={() => desk.open({ type: "cancel_run", run: progress.run })}>
              Cancel
            </Button>
          )}
        </span>
      </div>
      <div class="nb-strip" style={{ height: "6px" }} role="progressbar" aria-label="Partitions done" aria-valuemin={0} aria-valuemax={progress.total} aria-valuenow={progress.done}>
        {progress.done > 0 && <i data-state="fresh" style={{ flex: progress.done }} />}
        {progress.failed > 0 && <i data-state="failed" style={{ flex: progress.failed }} />}
        {left > 0 && <i data-state="missing" style={{ flex: left }} />}
      </div>
    </div>
  );
}
