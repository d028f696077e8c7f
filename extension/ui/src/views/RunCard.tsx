// A run: where it is, why it failed, its steps over time, what it wrote. The same card while it runs and long after.

import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Count, RunView, State } from "../client/wire.gen";
import { Button } from "../ui/Button";
import { byUrgency, Glyph, StateWord } from "../ui/Glyph";
import { about, duration, grouped, plural } from "../ui/format";
import { WORDS } from "../ui/glyphs";
import { useNow } from "../ui/hooks";
import { Voice } from "../ui/Notes";
import { MenuButton } from "../ui/Pop";
import { cellName, useDesk } from "./host";
import { Compare } from "./run/Compare";
import { Failure } from "./run/Failure";
import { Gantt } from "./run/Gantt";
import { Log } from "./run/Log";
import { isMoving } from "./run/rows";
import { Sentence, shortRun } from "./Words";

const ERRORS_SHOWN = 3;

export function RunCard({ view }: { readonly view: RunView }): JSX.Element {
  const desk = useDesk();
  const isLive = isMoving(view.state);
  const now = useNow(isLive ? 250 : null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [isComparing, setComparing] = useState(false);
  const [ask, setAsk] = useState<"failed" | "all" | "steps" | null>(null);
  const [isStopping, setStopping] = useState(false);
  const counts = useMemo(() => countSteps(view), [view.steps]);
  const done = view.steps.filter(({ state }) => !isMoving(state)).length;
  const failed = counts.find(({ state }) => state === "failed")?.count ?? 0;
  const cell = view.errors[0]?.frames.findLast(({ user }) => user)?.cell ?? null;
  useEffect(() => {
    if (!isLive) setStopping(false);
  }, [isLive]);
  const end = view.ended_at ?? now;
  return (
    <section class="nb-card" role="group" aria-label={`Run ${shortRun(view.run)}`}>
      <header class="nb-head">
        <Glyph state={view.state} />
        <h3 class="nb-title">
          Run <span class="nb-mono">{shortRun(view.run)}</span> {isLive && view.state === "running" ? "" : ENDED[view.state]}
        </h3>
        <span class="nb-small nb-2">
          {view.title}
          {view.background ? ", in the background" : ""}
          {!isLive && view.started_at !== null ? `, ${view.state === "failed" ? "after " : ""}${duration(end - view.started_at)}` : ""}
        </span>
        <span class="nb-push nb-row nb-wrap nb-gap-3">
          {cell !== null && (
            <Button icon="code" onClick={() => desk.goTo(cell)}>
              {`Open ${cellName({ ...cell, line: null }).toLowerCase()}`}
            </Button>
          )}
          {view.previous !== null && !isLive && (
            <Button kind="quiet" pressed={isComparing} onClick={() => setComparing(!isComparing)}>
              Compare
            </Button>
          )}
          {isLive ? (
            <StopButtons run={view.run} isHere={!view.background} isStopping={isStopping} onStop={() => setStopping(true)} />
          ) : (
            <span class="nb-split">
              {failed > 0 && (
                <Button kind="main" icon="refresh" disabled={!desk.canRun} onClick={() => setAsk("failed")}>
                  {view.steps.length === 1 ? "Run again" : `Run ${grouped(failed)} again`}
                </Button>
              )}
              <MenuButton
                kind={failed > 0 ? "main" : undefined}
                after="down"
                label="Ways to run it again"
                disabled={!desk.canRun}
                items={[
                  { label: "From the failure", disabled: failed === 0, onPick: () => setAsk("failed") },
                  { label: "All of it", onPick: () => setAsk("all") },
                  { label: chosen === null ? "The chosen step" : `Only ${chosen}`, disabled: chosen === null, onPick: () => setAsk("steps") },
                ]}
              />
            </span>
          )}
        </span>
      </header>
      {ask !== null && (
        <div class="nb-action nb-small" role="group" aria-label="Run it again">
          <span>
            <b>{ask === "failed" ? `${plural(failed, "failed step")} and what follows` : ask === "all" ? plural(view.steps.length, "step") : chosen}</b>{" "}
            {view.since.length > 0 ? <Sentence words={view.since} /> : "with the code as it is now."}
          </span>
          <span class="nb-push nb-row nb-gap-3">
            <Button onClick={() => setAsk(null)}>Close</Button>
            <Button
              kind="main"
              icon="play"
              onClick={() => {
                setAsk(null);
                desk.open({ type: "run_again", run: view.run, what: ask, ...(ask === "steps" && chosen !== null ? { steps: [chosen] } : {}) });
              }}
            >
              {ask === "failed" ? `Run ${grouped(failed)} again` : ask === "all" ? `Run all ${grouped(view.steps.length)}` : "Run this step"}
            </Button>
          </span>
        </div>
      )}
      {view.errors.slice(0, ERRORS_SHOWN).map((error) => (
        <Failure key={error.step} error={error} isAlone={view.steps.length === 1} />
      ))}
      {view.errors.length > ERRORS_SHOWN && <div class="nb-note" data-state="failed">{plural(view.errors.length - ERRORS_SHOWN, "more failure")}, in the log.</div>}
      {isComparing && view.previous !== null && <Compare run={view.run} other={view.previous} onClose={() => setComparing(false)} />}
      <div class="nb-body">
        <div class="nb-row nb-wrap nb-small nb-run-counts">
          <b>
            {grouped(done)} of {plural(view.steps.length, "step")}
          </b>
          {counts.map(({ state, count }) => (
            <StateWord key={state} state={state}>
              {grouped(count)} {state === "fresh" ? "done" : WORDS[state]}
            </StateWord>
          ))}
          <span class="nb-push nb-2">
            {view.started_at === null ? "not started" : duration(end - view.started_at)}
            {isLive && view.eta_s !== null ? `, ${about(view.eta_s)} left` : ""}
          </span>
        </div>
        <StepStrip counts={counts} done={done} total={view.steps.length} />
        <Gantt view={view} now={now} chosen={chosen} onChoose={setChosen} />
      </div>
      <Log view={view} chosen={chosen} onChoose={setChosen} />
      {(view.note !== "" || (isLive && desk.host.holder !== "server")) && (
        <footer class="nb-foot">
          <span class="nb-2">{view.note === "" ? "The card stays live while other cells run. After a restart:" : view.note}</span>
          {view.note === "" && <span class="nb-mono">%asset runs --follow</span>}
        </footer>
      )}
      <Voice says={useProgressVoice(view, done, failed)} />
    </section>
  );
}

const ENDED: { readonly [state in State]: string } = {
  ...WORDS,
  fresh: "done",
  running: "",
};

function StopButtons(props: { readonly run: string; readonly isHere: boolean; readonly isStopping: boolean; readonly onStop: () => void }): JSX.Element {
  const { run, isHere, isStopping, onStop } = props;
  const desk = useDesk();
  const stop = (force: boolean): void => {
    onStop();
    void desk.store.ask({ type: "cancel_run", run, force, here: isHere }).then((result) => {
      if (result.type === "refused") desk.store.tell(result.text, "warning");
    });
  };
  return (
    <span class="nb-split">
      <Button kind="stop" icon="stop" disabled={isStopping} title="Finished partitions stay; what a running step would replace stays as it was" onClick={() => stop(false)}>
        {isStopping ? "Stopping" : "Cancel"}
      </Button>
      <MenuButton kind="stop" after="down" label="More ways to stop" items={[{ label: "End its processes at once", onPick: () => stop(true) }]} />
    </span>
  );
}

function countSteps(view: RunView): readonly Count[] {
  const counts = new Map<State, number>();
  for (const { state } of view.steps) counts.set(state, (counts.get(state) ?? 0) + 1);
  return byUrgency([...counts].map(([state, count]) => ({ state, count })));
}

/** Done first, then what moves, then what waits: as the run fills up. */
function StepStrip({ counts, done, total }: { readonly counts: readonly Count[]; readonly done: number; readonly total: number }): JSX.Element {
  const order: readonly State[] = ["fresh", "skipped", "failed", "canceled", "retrying", "running", "queued"];
  return (
    <div class="nb-strip" style={{ height: "6px" }} role="progressbar" aria-label="Steps done" aria-valuemin={0} aria-valuemax={total} aria-valuenow={done}>
      {counts
        .toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
        .map(({ state, count }) => (
          <i key={state} data-state={state === "queued" ? "missing" : state} style={{ flex: count }} />
        ))}
    </div>
  );
}

function useProgressVoice(view: RunView, done: number, failed: number): string {
  const isFirst = useRef(true);
  const [says, setSays] = useState("");
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
      return;
    }
    const state = isMoving(view.state) ? "" : `, ${ENDED[view.state]}`;
    setSays(`Run ${shortRun(view.run)}: ${done} of ${view.steps.length} steps done${failed > 0 ? `, ${failed} failed` : ""}${state}`);
  }, [done, failed, view.state]);
  return says;
}
