// The question before runs are done again: what, with which code, as how many.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ReexecuteDocument } from "../../client/documents/runs.gen";
import { pathOf } from "../../client/route";
import { Dialog } from "../../ui/Dialog";
import { grouped, plural } from "../../ui/format";
import { useToast } from "../../ui/Toasts";
import { shortRun } from "../../views/Words";
import { refusalOf } from "../parts/asking";
import { ActButton } from "../parts/ActButton";
import { useAct } from "../frame/query";
import { useGo } from "../frame/route";

export interface AgainRun {
  readonly runId: string;
  readonly status: string;
  readonly title: string;
}

export type Strategy = "FROM_FAILURE" | "ALL_STEPS";

export function AgainDialog(props: { readonly runs: readonly AgainRun[]; readonly onClose: () => void; readonly onDone?: () => void }): JSX.Element {
  const { runs } = props;
  const failed = runs.filter(({ status }) => status === "FAILURE" || status === "CANCELED").length;
  const [strategy, setStrategy] = useState<Strategy>(failed === runs.length ? "FROM_FAILURE" : "ALL_STEPS");
  const [isBusy, setBusy] = useState(false);
  const act = useAct();
  const toast = useToast();
  const go = useGo();
  const start = async (): Promise<void> => {
    setBusy(true);
    const started: string[] = [];
    for (const run of runs) {
      const data = await act(ReexecuteDocument, { params: { parentRunId: run.runId, strategy } });
      const refusal = data === null ? null : refusalOf(data);
      if (refusal !== null) toast(`${shortRun(run.runId)}: ${refusal}`, "failed");
      else if (data?.launchRunReexecution.__typename === "LaunchRunSuccess") started.push(data.launchRunReexecution.run.runId);
    }
    setBusy(false);
    props.onClose();
    if (started.length === 0) return;
    props.onDone?.();
    const [first] = started;
    if (started.length === 1 && first !== undefined) go(pathOf("runs", first));
    else toast(`${plural(started.length, "run")} started.`, "running");
  };
  return (
    <Dialog
      title={runs.length === 1 ? `Run ${runs[0]?.title ?? ""} again` : `Run ${grouped(runs.length)} again`}
      onClose={props.onClose}
      note="With the code as it is now."
      actions={
        <ActButton kind="main" icon="play" disabled={isBusy} onClick={() => void start()}>
          {isBusy ? "Starting" : runs.length === 1 ? "Run again" : `Start ${plural(runs.length, "run")}`}
        </ActButton>
      }
    >
      <fieldset class="nb-choices">
        <legend class="nb-unseen">What of it</legend>
        <label>
          <input type="radio" name="again" checked={strategy === "FROM_FAILURE"} disabled={failed === 0} onChange={() => setStrategy("FROM_FAILURE")} />
          <span>
            <b>From the failure</b>
            <span class="nb-small nb-2">{failed === 0 ? "None of them failed." : "What failed and what comes after it; what was done stays."}</span>
          </span>
        </label>
        <label>
          <input type="radio" name="again" checked={strategy === "ALL_STEPS"} onChange={() => setStrategy("ALL_STEPS")} />
          <span>
            <b>All of it</b>
            <span class="nb-small nb-2">Every step, as if it had never run.</span>
          </span>
        </label>
      </fieldset>
      {runs.length > 1 && <RunNames runs={runs} />}
    </Dialog>
  );
}

const NAMED = 12;

export function RunNames({ runs }: { readonly runs: readonly AgainRun[] }): JSX.Element {
  return (
    <ul class="nb-names nb-small">
      {runs.slice(0, NAMED).map(({ runId, title }) => (
        <li key={runId}>
          <span class="nb-mono">{shortRun(runId)}</span> {title}
        </li>
      ))}
      {runs.length > NAMED && <li class="nb-2">and {grouped(runs.length - NAMED)} more</li>}
    </ul>
  );
}
