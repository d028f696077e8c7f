// One backfill: how far it is, each asset and each partition of it, and what failed.

import type { JSX } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import type { BackfillData } from "../client/documents/backfills.gen";
import { BackfillDocument, CancelBackfillDocument, PauseBackfillDocument, ResumeBackfillDocument, RetryBackfillDocument } from "../client/documents/backfills.gen";
import { pathOf } from "../client/route";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { StateCounts, StateWord } from "../ui/Glyph";
import { about, duration, grouped, plural } from "../ui/format";
import { useNow } from "../ui/hooks";
import { Empty, Voice } from "../ui/Notes";
import { shortRun } from "../views/Words";
import { targetWords } from "./backfills/words";
import { PageHead } from "./frame/Frame";
import type { PageProps } from "./frame/route";
import { Await, useQuery } from "./frame/query";
import { A, useGo } from "./frame/route";
import { useDo } from "./parts/asking";
import { ActButton } from "./parts/ActButton";
import { ErrorText } from "./parts/ErrorText";
import { KeyStates } from "./parts/KeyStates";
import { BackfillState, CountStrip, partsOfRuns } from "./parts/RunParts";
import { isBackfillOver, isOver as isRunOver, runLook } from "./parts/runStates";
import { ShortRuns } from "./parts/ShortRuns";
import { Ago } from "./parts/Time";

type Facts = Extract<BackfillData["partitionBackfillOrError"], { readonly __typename: "PartitionBackfill" }>;

export default function Backfill({ params }: PageProps): JSX.Element {
  const id = params.get("backfill") ?? "";
  const isOver = useRef(false);
  // What is over does not change: a page that stays open asks no more.
  const query = useQuery(BackfillDocument, { id }, { on: () => !isOver.current });
  const known = query.data?.partitionBackfillOrError;
  isOver.current = known?.__typename === "PartitionBackfill" && isBackfillOver(known.status) && known.runs.every(({ status }) => isRunOver(status));
  if (known?.__typename === "PartitionBackfill") return <Known backfill={known} again={query.again} />;
  return (
    <PageHead title={`Backfill ${shortRun(id)}`} above={<A to="/backfills">Backfills</A>}>
      <Await query={query} what={`backfill ${shortRun(id)}`}>
        {({ partitionBackfillOrError: answer }) => (
          <Empty title="There is no such backfill">
            {"message" in answer ? answer.message : ""} See <A to="/backfills">all of them</A>.
          </Empty>
        )}
      </Await>
    </PageHead>
  );
}

function Known({ backfill, again }: { readonly backfill: Facts; readonly again: () => void }): JSX.Element {
  const isOver = isBackfillOver(backfill.status);
  const now = useNow(isOver ? 60_000 : 1_000);
  const parts = partsOfRuns(backfill.partitionStatusCounts);
  const count = (state: string): number => parts.find((part) => part.state === state)?.count ?? 0;
  const total = backfill.numPartitions ?? parts.reduce((sum, part) => sum + part.count, 0);
  const [failed, done] = [count("failed"), count("fresh")];
  const keys = useMemo(
    () => (backfill.partitionStatuses?.results ?? []).map(({ partitionName, runId, runStatus }) => ({ key: partitionName, state: runStatus === null ? ("missing" as const) : runLook(runStatus).state, run: runId })),
    [backfill.partitionStatuses],
  );
  const runs = useMemo(() => backfill.runs.toSorted((a, b) => Number(b.status === "FAILURE") - Number(a.status === "FAILURE") || b.creationTime - a.creationTime), [backfill.runs]);
  return (
    <PageHead
      title={`Backfill ${shortRun(backfill.id)}`}
      shown={
        <>
          Backfill <span class="nb-mono">{shortRun(backfill.id)}</span> <BackfillState status={backfill.status} isPaused={backfill.isPaused} />
        </>
      }
      above={
        <>
          <A to="/backfills">Backfills</A> / <span class="nb-mono">{backfill.title === null || backfill.title === "" ? targetWords(backfill) : backfill.title}</span>, <Ago at={backfill.timestamp} now={now} />
        </>
      }
      actions={<Actions backfill={backfill} failed={failed} isOver={isOver} again={again} />}
    >
      <div class="nb-stack">
        {backfill.error !== null && (
          <section class="nb-card nb-body nb-no-line">
            <ErrorText error={backfill.error} isOpen />
          </section>
        )}
        <section class="nb-card" role="group" aria-label="Progress">
          <div class="nb-body nb-no-line">
            <div class="nb-row nb-wrap nb-small nb-run-counts">
              <b>
                {grouped(done + failed)} of {plural(total, "partition")}
              </b>
              <StateCounts counts={parts} word={(state) => (state === "fresh" ? "done" : state)} />
              <span class="nb-push nb-2">
                {duration(Math.max(0, (backfill.endTimestamp ?? now) - backfill.timestamp))}
                {!isOver && !backfill.isPaused && backfill.etaSeconds !== null ? `, ${about(backfill.etaSeconds)} left` : ""}
              </span>
            </div>
            <CountStrip parts={total > parts.reduce((sum, part) => sum + part.count, 0) ? [...parts, { state: "missing", count: total - parts.reduce((sum, part) => sum + part.count, 0) }] : parts} unit="partition" />
          </div>
        </section>
        <Assets backfill={backfill} />
        {keys.length > 0 && <KeyStates keys={keys} unit="partition" />}
        <section class="nb-card" role="group" aria-label="Runs of the backfill">
          <header class="nb-head">
            <h2 class="nb-title">Runs</h2>
            <span class="nb-small nb-2">failed ones first</span>
            <span class="nb-push">
              <A to={`/runs?${new URLSearchParams({ q: `tag:dagster/backfill=${backfill.id}`, flat: "1" }).toString()}`}>All its runs</A>
            </span>
          </header>
          <div class="nb-line-top">
            <ShortRuns runs={runs} now={now} hasTitle empty={isOver ? "It started none." : "The daemon starts them; is it alive?"} />
          </div>
        </section>
      </div>
      <Voice says={isOver ? "" : `${done} of ${total} done${failed > 0 ? `, ${failed} failed` : ""}`} />
    </PageHead>
  );
}

function Actions({ backfill, failed, isOver, again }: { readonly backfill: Facts; readonly failed: number; readonly isOver: boolean; readonly again: () => void }): JSX.Element {
  const act = useDo();
  const go = useGo();
  const [asks, setAsks] = useState<"cancel" | "retry" | null>(null);
  const { id } = backfill;
  const retry = async (): Promise<void> => {
    setAsks(null);
    const data = await act(RetryBackfillDocument, { params: { parentRunId: id, strategy: "FROM_FAILURE" } });
    if (data?.reexecutePartitionBackfill.__typename === "LaunchBackfillSuccess") go(pathOf("backfills", data.reexecutePartitionBackfill.backfillId));
  };
  return (
    <>
      {!isOver && backfill.isPaused && (
        <ActButton kind="main" icon="play" onClick={() => void act(ResumeBackfillDocument, { id }, "It goes on.").then(again)}>
          Resume
        </ActButton>
      )}
      {!isOver && !backfill.isPaused && backfill.canPause && (
        <ActButton icon="pause" onClick={() => void act(PauseBackfillDocument, { id }, "It pauses; runs that go on are finished.").then(again)}>
          Pause
        </ActButton>
      )}
      {failed > 0 && (
        <ActButton kind={isOver ? "main" : undefined} icon="refresh" onClick={() => setAsks("retry")}>
          {`Run ${grouped(failed)} again`}
        </ActButton>
      )}
      {!isOver && (
        <ActButton kind="stop" icon="stop" onClick={() => setAsks("cancel")}>
          Cancel
        </ActButton>
      )}
      {asks === "cancel" && (
        <Dialog
          title="Cancel the backfill"
          onClose={() => setAsks(null)}
          actions={
            <Button
              kind="stop"
              icon="stop"
              onClick={() => {
                setAsks(null);
                void act(CancelBackfillDocument, { id }, "It stops.").then(again);
              }}
            >
              Cancel the backfill
            </Button>
          }
        >
          <p>{backfill.numCancelable > 0 ? `${plural(backfill.numCancelable, "partition")} will not be made.` : "No more runs are started."} What is made stays; runs that go on are asked to stop.</p>
        </Dialog>
      )}
      {asks === "retry" && (
        <Dialog
          title={`Run ${plural(failed, "failed partition")} again`}
          onClose={() => setAsks(null)}
          note="As a backfill of its own, with the code as it is now."
          actions={
            <Button kind="main" icon="play" onClick={() => void retry()}>
              {`Run ${grouped(failed)} again`}
            </Button>
          }
        >
          <p>What is made stays as it is; only what failed is tried again.</p>
        </Dialog>
      )}
    </>
  );
}

function Assets({ backfill }: { readonly backfill: Facts }): JSX.Element | null {
  const statuses = backfill.assetBackfillData?.assetBackfillStatuses ?? [];
  if (statuses.length === 0) return null;
  return (
    <section class="nb-card nb-scroll" role="region" tabIndex={0} aria-label="Assets of the backfill">
      <table class="nb-t">
        <thead>
          <tr>
            <th>Asset</th>
            <th class="nb-num">Partitions</th>
            <th class="nb-num">Running</th>
            <th class="nb-num">Done</th>
            <th class="nb-num">Failed</th>
            <th style={{ width: "34%" }}>Progress</th>
          </tr>
        </thead>
        <tbody>
          {statuses.map((one) => {
            const key = one.assetKey.path.join("/");
            if (one.__typename === "UnpartitionedAssetStatus") {
              return (
                <tr key={key}>
                  <td><A to={pathOf("assets", key)} class="nb-mono">{key}</A></td>
                  <td class="nb-num nb-2">none</td>
                  <td class="nb-num">{one.inProgress ? 1 : ""}</td>
                  <td class="nb-num">{one.materialized ? 1 : ""}</td>
                  <td class="nb-num">{one.failed ? 1 : ""}</td>
                  <td>{one.failed ? <StateWord state="failed" /> : one.materialized ? <StateWord state="fresh">done</StateWord> : one.inProgress ? <StateWord state="running" /> : <StateWord state="queued" />}</td>
                </tr>
              );
            }
            const { numPartitionsTargeted: all, numPartitionsInProgress: running, numPartitionsMaterialized: done, numPartitionsFailed: failed } = one;
            return (
              <tr key={key}>
                <td><A to={pathOf("assets", key)} class="nb-mono">{key}</A></td>
                <td class="nb-num">{grouped(all)}</td>
                <td class="nb-num">{running > 0 ? grouped(running) : ""}</td>
                <td class="nb-num">{grouped(done)}</td>
                <td class="nb-num">{failed > 0 ? <StateWord state="failed">{grouped(failed)}</StateWord> : ""}</td>
                <td>
                  <CountStrip
                    unit="partition"
                    parts={[{ state: "fresh", count: done }, { state: "failed", count: failed }, { state: "running", count: running }, { state: "missing", count: Math.max(0, all - done - failed - running) }]}
                  />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
