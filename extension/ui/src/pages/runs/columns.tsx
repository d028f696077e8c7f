// The columns of the list of runs.

import type { JSX } from "preact";
import { pathOf } from "../../client/route";
import type { Column } from "../../ui/DataTable";
import { Icon, StateWord } from "../../ui/Glyph";
import { about, grouped, plural } from "../../ui/format";
import { fullTime } from "../../ui/format";
import { shortRun } from "../../views/Words";
import { A } from "../frame/route";
import { ActButton } from "../parts/ActButton";
import { BackfillState, CountStrip, partsOfRuns, partsOfSteps, RunId, RunState } from "../parts/RunParts";
import { isOver } from "../parts/runStates";
import { Took, When } from "../parts/Time";
import type { AgainRun } from "./Again";
import type { ListRow } from "./rows";
import { stateWordOf, targetOf } from "./rows";

export function runColumns(acts: { readonly now: number; readonly onToggle: (backfill: string) => void; readonly onAgain: (run: AgainRun) => void }): readonly Column<ListRow>[] {
  const { now } = acts;
  return [
    { id: "run", label: "Run", width: "92px", cell: (row) => <Name row={row} onToggle={acts.onToggle} />, text: (row) => (row.kind === "run" ? row.run.runId : row.kind === "backfill" ? row.backfill.id : "") },
    { id: "state", label: "State", width: "104px", cell: (row) => <State row={row} />, text: stateWordOf },
    { id: "what", label: "What", width: "minmax(110px, 2fr)", cell: (row) => <What row={row} />, text: (row) => (row.kind === "run" ? row.run.title : row.kind === "backfill" ? targetOf(row.backfill) : row.text) },
    { id: "by", label: "Started by", width: "minmax(132px, 1fr)", from: 900, cell: (row) => <By row={row} />, text: (row) => (row.kind === "run" ? row.run.startedBy : "backfill") },
    { id: "result", label: "Result or reason", width: "minmax(130px, 2.6fr)", from: 560, cell: (row) => <Result row={row} onAgain={acts.onAgain} />, text: (row) => (row.kind === "run" ? row.run.failureText : "") },
    { id: "tags", label: "Tags", width: "minmax(120px, 1.4fr)", isExtra: true, cell: (row) => <Tags row={row} />, text: (row) => ownTags(row).join(" ") },
    { id: "job", label: "Job", width: "minmax(90px, 1fr)", isExtra: true, cell: (row) => (row.kind === "run" && !row.run.jobName.startsWith("__") ? <A to={pathOf("jobs", row.run.jobName)} class="nb-mono">{row.run.jobName}</A> : null), text: (row) => (row.kind === "run" ? row.run.jobName : "") },
    {
      id: "started", label: "Started", width: "76px", align: "right",
      cell: (row) => {
        const at = startOf(row);
        return at === null ? null : <When at={at} now={now} />;
      },
      text: (row) => {
        const at = startOf(row);
        return at === null ? "" : fullTime(at);
      },
    },
    {
      id: "took", label: "Took", width: "72px", align: "right", from: 740,
      cell: (row) => (row.kind === "run" ? <Took from={row.run.startTime} to={row.run.endTime} now={now} /> : row.kind === "backfill" ? <Took from={row.backfill.timestamp} to={row.backfill.endTimestamp} now={now} /> : null),
      text: (row) => (row.kind === "run" && row.run.startTime !== null && row.run.endTime !== null ? Math.round((row.run.endTime - row.run.startTime) * 1000) / 1000 : ""),
    },
  ];
}

function startOf(row: ListRow): number | null {
  if (row.kind === "run") return row.run.startTime ?? row.run.creationTime;
  return row.kind === "backfill" ? row.backfill.timestamp : null;
}

function Name({ row, onToggle }: { readonly row: ListRow; readonly onToggle: (backfill: string) => void }): JSX.Element | null {
  if (row.kind === "run") return <span class={row.isInside ? "nb-inside" : undefined}><RunId run={row.run.runId} /></span>;
  if (row.kind === "rest") return null;
  const { backfill, isOpen } = row;
  return (
    <span class="nb-row nb-gap-3">
      <button type="button" class="nb-fold" aria-expanded={isOpen} aria-label={`${isOpen ? "Hide" : "Show"} the runs of backfill ${shortRun(backfill.id)}`} onClick={() => onToggle(backfill.id)}>
        <Icon name={isOpen ? "down" : "right"} />
      </button>
      <A to={pathOf("backfills", backfill.id)} class="nb-mono" title={`Backfill ${backfill.id}`}>
        {shortRun(backfill.id)}
      </A>
    </span>
  );
}

function State({ row }: { readonly row: ListRow }): JSX.Element | null {
  if (row.kind === "run") return <RunState status={row.run.status} waitsFor={row.run.waitsFor} />;
  if (row.kind === "rest") return null;
  const failed = row.backfill.partitionStatusCounts.find(({ runStatus }) => runStatus === "FAILURE")?.count ?? 0;
  if (failed > 0 && row.backfill.endTimestamp === null && !row.backfill.isPaused) return <StateWord state="running">{grouped(failed)} failed so far</StateWord>;
  return <BackfillState status={row.backfill.backfillStatus} isPaused={row.backfill.isPaused} />;
}

function What({ row }: { readonly row: ListRow }): JSX.Element {
  if (row.kind === "rest") return <A to={pathOf("backfills", row.backfill)}>{row.text}</A>;
  if (row.kind === "run") return <span class="nb-mono" title={row.run.title}>{row.run.title}</span>;
  const { backfillTitle, numPartitions } = row.backfill;
  const target = targetOf(row.backfill);
  return (
    <span title={target}>
      <span class="nb-mono">{backfillTitle === null || backfillTitle === "" ? target : backfillTitle}</span>{" "}
      {numPartitions !== null && <span class="nb-2">{plural(numPartitions, "partition")}</span>}
    </span>
  );
}

function By({ row }: { readonly row: ListRow }): JSX.Element | null {
  if (row.kind === "rest") return null;
  return <span class="nb-2">{row.kind === "run" ? row.run.startedBy : "backfill"}</span>;
}

/** Tags that somebody gave, without those that the machinery needs. */
function ownTags(row: ListRow): readonly string[] {
  return row.kind === "run" ? row.run.tags.filter(({ key }) => !/^(dagster|nbasset)\//.test(key) && !key.startsWith(".")).map(({ key, value }) => `${key}=${value}`) : [];
}

function Tags({ row }: { readonly row: ListRow }): JSX.Element {
  const tags = ownTags(row);
  return (
    <span class="nb-row nb-gap-3" title={tags.join("\n")}>
      {tags.map((tag) => (
        <A key={tag} to={`/runs?${new URLSearchParams({ q: `tag:${tag}` }).toString()}`} class="nb-tag nb-mono">
          {tag}
        </A>
      ))}
    </span>
  );
}

function Result({ row, onAgain }: { readonly row: ListRow; readonly onAgain: (run: AgainRun) => void }): JSX.Element | null {
  if (row.kind === "rest") return null;
  if (row.kind === "backfill") {
    return (
      <span class="nb-row">
        <CountStrip parts={partsOfRuns(row.backfill.partitionStatusCounts)} unit="partition" />
        {row.backfill.etaSeconds !== null && row.backfill.endTimestamp === null && <span class="nb-2">{about(row.backfill.etaSeconds)} left</span>}
      </span>
    );
  }
  const { failureText, waitsFor, status, stepCounts } = row.run;
  if (status === "FAILURE" || status === "CANCELED") {
    return (
      <span class="nb-row">
        <span class="nb-clip" title={failureText ?? ""}>{failureText}</span>
        <span class="nb-push nb-again">
          <ActButton kind="quiet" icon="refresh" label={`Run again ${shortRun(row.run.runId)}`} onClick={() => onAgain(row.run)}>
            Run again
          </ActButton>
        </span>
      </span>
    );
  }
  if (waitsFor !== null && waitsFor !== "") return <span class="nb-2" title={waitsFor}>{waitsFor}</span>;
  if (!isOver(status) && stepCounts.length > 0) return <CountStrip parts={partsOfSteps(stepCounts)} unit="step" />;
  const done = stepCounts.find((one) => one.status === "SUCCESS")?.count ?? 0;
  return <span class="nb-2">{done > 0 ? plural(done, "step") : ""}</span>;
}
