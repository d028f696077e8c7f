// What a tick would do: the function is called, nothing is started and nothing is remembered.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Preview as PreviewFacts } from "../../client/documents/automation.gen";
import { PreviewScheduleDocument, PreviewSensorDocument } from "../../client/documents/automation.gen";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { StateWord } from "../../ui/Glyph";
import { plural } from "../../ui/format";
import { Field, Form, Select, TextArea, TextField } from "../../ui/Form";
import { Note } from "../../ui/Notes";
import { refusalOf } from "../parts/asking";
import { ErrorText } from "../parts/ErrorText";
import type { Origin } from "../parts/places";
import { onClock } from "../parts/Time";
import { YamlText } from "../parts/YamlText";
import { useAct } from "../frame/query";

type Outcome = { readonly facts: PreviewFacts } | { readonly refusal: string };

export function SchedulePreview(props: { readonly name: string; readonly origin: Origin; readonly coming: readonly number[]; readonly zone: string | null; readonly onClose: () => void }): JSX.Element {
  const act = useAct();
  const [at, setAt] = useState(String(props.coming[0] ?? Math.floor(Date.now() / 1000)));
  const [own, setOwn] = useState("");
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [isBusy, setBusy] = useState(false);
  const wanted = at === "own" ? Date.parse(own) / 1000 : Number(at);
  const preview = async (): Promise<void> => {
    setBusy(true);
    const data = await act(PreviewScheduleDocument, { selector: { ...props.origin, scheduleName: props.name }, at: wanted });
    setBusy(false);
    if (data === null) return;
    setOutcome(data.scheduleDryRun.__typename === "DryRunInstigationTick" ? { facts: data.scheduleDryRun } : { refusal: refusalOf(data) ?? "" });
  };
  return (
    <PreviewDialog name={props.name} isBusy={isBusy} isReady={Number.isFinite(wanted)} outcome={outcome} onPreview={() => void preview()} onClose={props.onClose}>
      <Field
        label="At"
        control={({ id }) => (
          <Select
            id={id}
            value={at}
            options={[...props.coming.map((time) => ({ value: String(time), label: onClock(time, props.zone) })), { value: "own", label: "Another time" }]}
            onChange={setAt}
          />
        )}
      />
      {at === "own" && (
        <Field
          label="Time"
          hint="Of this machine: 2026-11-25 06:00"
          problem={own !== "" && !Number.isFinite(wanted) ? "This is no time; write 2026-11-25 06:00." : null}
          control={({ id, about, isBad }) => <TextField id={id} about={about} isBad={isBad} value={own} onChange={setOwn} placeholder="2026-11-25 06:00" />}
        />
      )}
    </PreviewDialog>
  );
}

export function SensorPreview(props: { readonly name: string; readonly origin: Origin; readonly cursor: string; readonly onClose: () => void; readonly onKeep: (cursor: string) => void }): JSX.Element {
  const act = useAct();
  // The sensor's own, until something is typed.
  const [typed, setCursor] = useState<string | null>(null);
  const cursor = typed ?? props.cursor;
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [isBusy, setBusy] = useState(false);
  const preview = async (): Promise<void> => {
    setBusy(true);
    const data = await act(PreviewSensorDocument, { selector: { ...props.origin, sensorName: props.name }, cursor });
    setBusy(false);
    if (data === null) return;
    setOutcome(data.sensorDryRun.__typename === "DryRunInstigationTick" ? { facts: data.sensorDryRun } : { refusal: refusalOf(data) ?? "" });
  };
  const next = outcome !== null && "facts" in outcome ? (outcome.facts.evaluationResult?.cursor ?? null) : null;
  return (
    <PreviewDialog name={props.name} isBusy={isBusy} isReady outcome={outcome} onPreview={() => void preview()} onClose={props.onClose}>
      <Field label="Cursor" hint="What the function is given as context.cursor" control={({ id, about }) => <TextArea id={id} about={about} isMono rows={2} value={cursor} onChange={setCursor} />} />
      {next !== null && next !== props.cursor && (
        <p class="nb-small">
          It would leave the cursor <span class="nb-mono">{next}</span>.{" "}
          <button type="button" class="nb-link" onClick={() => props.onKeep(next)}>
            Set it now
          </button>
        </p>
      )}
    </PreviewDialog>
  );
}

function PreviewDialog(props: {
  readonly name: string;
  readonly isBusy: boolean;
  readonly isReady: boolean;
  readonly outcome: Outcome | null;
  readonly onPreview: () => void;
  readonly onClose: () => void;
  readonly children: JSX.Element | (JSX.Element | false)[] | (JSX.Element | false);
}): JSX.Element {
  return (
    <Dialog
      title={`Preview a tick of ${props.name}`}
      wide
      onClose={props.onClose}
      note="Its function is called. Nothing is started, nothing is remembered."
      actions={
        <Button kind="main" icon="play" disabled={props.isBusy || !props.isReady} onClick={props.onPreview}>
          {props.isBusy ? "Evaluating" : "Preview"}
        </Button>
      }
    >
      <Form onSubmit={props.onPreview}>{props.children}</Form>
      <div aria-live="polite">{props.outcome !== null && <Told outcome={props.outcome} />}</div>
    </Dialog>
  );
}

function Told({ outcome }: { readonly outcome: Outcome }): JSX.Element {
  if ("refusal" in outcome) return <Note state="failed">{outcome.refusal}</Note>;
  const result = outcome.facts.evaluationResult;
  if (result === null) return <Note state="skipped">It would do nothing.</Note>;
  if (result.error !== null) return <ErrorText error={result.error} isOpen />;
  const requests = result.runRequests ?? [];
  if (requests.length === 0) return <Note state="skipped">{result.skipReason === null || result.skipReason === "" ? "It would start nothing." : `It would start nothing: ${result.skipReason}`}</Note>;
  return (
    <div class="nb-stack nb-preview">
      <StateWord state="fresh">It would start {plural(requests.length, "run")}</StateWord>
      {requests.slice(0, 20).map((request, at) => (
        <section key={at} class="nb-card" role="group" aria-label={`Run ${at + 1}`}>
          <header class="nb-head nb-small">
            <b>Run {at + 1}</b>
            {request.runKey !== null && <span class="nb-2">run key <span class="nb-mono">{request.runKey}</span></span>}
          </header>
          {request.tags.length > 0 && (
            <div class="nb-body nb-row nb-wrap nb-gap-3">
              {request.tags.map(({ key, value }) => (
                <span key={key} class="nb-tag nb-mono">
                  {key}: {value}
                </span>
              ))}
            </div>
          )}
          {!/^(\{\})?\s*$/.test(request.runConfigYaml) && <YamlText text={request.runConfigYaml} label="Run configuration" />}
        </section>
      ))}
      {requests.length > 20 && <p class="nb-small nb-2">and {requests.length - 20} more</p>}
    </div>
  );
}
