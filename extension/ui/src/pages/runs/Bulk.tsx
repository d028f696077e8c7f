// What is done with several runs at once: stop, run again, forget. Each says first what it will do.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { CancelBackfillDocument } from "../../client/documents/backfills.gen";
import { DeleteRunDocument, TerminateRunsDocument } from "../../client/documents/runs.gen";
import { pathOf } from "../../client/route";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { grouped, plural } from "../../ui/format";
import { useToast } from "../../ui/Toasts";
import { refusalOf } from "../parts/asking";
import { ActButton } from "../parts/ActButton";
import { useAct } from "../frame/query";
import { useGo } from "../frame/route";
import type { AgainRun } from "./Again";
import { RunNames } from "./Again";
import type { Picked } from "./rows";
import { doableOf } from "./rows";

export function Bulk(props: {
  readonly picked: Picked;
  readonly onDone: () => void;
  readonly onAgain: (runs: readonly AgainRun[]) => void;
  readonly again: () => void;
}): JSX.Element {
  const can = doableOf(props.picked);
  const count = props.picked.runs.length + props.picked.backfills.length;
  const [asks, setAsks] = useState<"stop" | "forget" | null>(null);
  const go = useGo();
  const stops = can.stop.length + can.stopBackfills.length;
  return (
    <div class="nb-action nb-small" role="region" aria-label="What is picked">
      <b>{plural(count, "row")} picked</b>
      <span class="nb-push nb-row nb-gap-3">
        <Button kind="quiet" onClick={props.onDone}>
          Pick none
        </Button>
        {props.picked.runs.length === 2 && (
          <Button title="How long each step took in each, and what was different" onClick={() => go(comparison(props.picked.runs))}>
            Compare 2
          </Button>
        )}
        <ActButton kind="stop" icon="stop" disabled={stops === 0} onClick={() => setAsks("stop")}>
          {`Cancel ${grouped(stops)}`}
        </ActButton>
        <ActButton icon="refresh" disabled={can.again.length === 0} onClick={() => props.onAgain(can.again)}>
          {`Run ${grouped(can.again.length)} again`}
        </ActButton>
        <ActButton disabled={can.forget.length === 0} onClick={() => setAsks("forget")}>
          {`Delete ${grouped(can.forget.length)}`}
        </ActButton>
      </span>
      {asks === "stop" && <StopDialog runs={can.stop} backfills={can.stopBackfills.map(({ id }) => id)} onClose={() => setAsks(null)} onDone={props.onDone} again={props.again} />}
      {asks === "forget" && <ForgetDialog runs={can.forget} onClose={() => setAsks(null)} onDone={props.onDone} again={props.again} />}
    </div>
  );
}

/** The newer of two, beside the older. */
function comparison(runs: Picked["runs"]): string {
  const [older, newer] = runs.toSorted((a, b) => a.creationTime - b.creationTime);
  return `${pathOf("runs", newer?.runId ?? "")}?${new URLSearchParams({ compare: older?.runId ?? "" }).toString()}`;
}

interface AskProps {
  readonly runs: readonly AgainRun[];
  readonly onClose: () => void;
  readonly onDone?: () => void;
  readonly again: () => void;
}

export function StopDialog(props: AskProps & { readonly backfills?: readonly string[] }): JSX.Element {
  const { runs, backfills = [] } = props;
  const [isForced, setForced] = useState(false);
  const act = useAct();
  const toast = useToast();
  const stop = async (): Promise<void> => {
    props.onClose();
    const refusals: string[] = [];
    if (runs.length > 0) {
      const data = await act(TerminateRunsDocument, { runs: runs.map(({ runId }) => runId), policy: isForced ? "MARK_AS_CANCELED_IMMEDIATELY" : "SAFE_TERMINATE" });
      if (data?.terminateRuns.__typename === "PythonError") refusals.push(data.terminateRuns.message);
      else if (data !== null) refusals.push(...data.terminateRuns.terminateRunResults.flatMap((one) => ("message" in one ? [one.message] : [])));
    }
    for (const id of backfills) {
      const data = await act(CancelBackfillDocument, { id });
      const refusal = data === null ? null : refusalOf(data);
      if (refusal !== null) refusals.push(refusal);
    }
    for (const refusal of new Set(refusals)) toast(refusal, "failed");
    if (refusals.length === 0) toast(`${plural(runs.length + backfills.length, "run")} asked to stop.`, "canceled");
    props.onDone?.();
    props.again();
  };
  const what = [runs.length > 0 ? plural(runs.length, "run") : "", backfills.length > 0 ? plural(backfills.length, "backfill") : ""].filter((part) => part !== "").join(" and ");
  return (
    <Dialog
      title={`Cancel ${what}`}
      onClose={props.onClose}
      actions={
        <Button kind="stop" icon="stop" onClick={() => void stop()}>
          {`Cancel ${what}`}
        </Button>
      }
    >
      <p>Finished partitions stay; what a running step would replace stays as it was. Runs that wait are canceled at once.</p>
      {runs.length > 0 && (
        <label class="nb-check">
          <input type="checkbox" checked={isForced} onChange={(event) => setForced(event.currentTarget.checked)} />
          <span>End their processes at once, without letting steps clean up</span>
        </label>
      )}
      {runs.length > 1 && <RunNames runs={runs} />}
    </Dialog>
  );
}

export function ForgetDialog(props: AskProps): JSX.Element {
  const { runs } = props;
  const act = useAct();
  const toast = useToast();
  const forget = async (): Promise<void> => {
    props.onClose();
    let done = 0;
    for (const { runId } of runs) {
      const data = await act(DeleteRunDocument, { run: runId });
      const refusal = data === null ? null : refusalOf(data);
      if (refusal !== null) toast(refusal, "failed");
      else if (data !== null) done += 1;
    }
    if (done > 0) toast(`${plural(done, "run")} deleted.`, "fresh");
    props.onDone?.();
    props.again();
  };
  return (
    <Dialog
      title={`Delete ${plural(runs.length, "run")}`}
      onClose={props.onClose}
      note="This cannot be undone."
      actions={
        <Button kind="stop" onClick={() => void forget()}>
          {`Delete ${plural(runs.length, "run")}`}
        </Button>
      }
    >
      <p>Their records, logs and kept notebooks go. What they materialized stays, with its history.</p>
      <RunNames runs={runs} />
    </Dialog>
  );
}
