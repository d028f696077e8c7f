// One job: what it is made of, its runs, its partitions, and what starts it.

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { JobData } from "../client/documents/jobs.gen";
import { JobDocument, JobPartitionsDocument } from "../client/documents/jobs.gen";
import { pathOf } from "../client/route";
import { Button } from "../ui/Button";
import { StateCounts } from "../ui/Glyph";
import { grouped, plural } from "../ui/format";
import { useNow } from "../ui/hooks";
import { Empty, Note } from "../ui/Notes";
import { Tabs } from "../ui/Tabs";
import type { State } from "../client/wire.gen";
import { PageHead } from "./frame/Frame";
import { LiveView } from "./frame/LiveView";
import type { PageProps } from "./frame/route";
import { Await, useQuery } from "./frame/query";
import { A, useGo, useParam } from "./frame/route";
import { OpGraph } from "./job/OpGraph";
import { KeyStates } from "./parts/KeyStates";
import { LastRuns } from "./parts/LastRuns";
import type { Origin } from "./parts/places";
import { useOrigin } from "./parts/places";
import { runLook } from "./parts/runStates";
import { OnOff, ShortRuns } from "./parts/ShortRuns";

type Pipeline = Extract<JobData["pipelineOrError"], { readonly __typename: "Pipeline" }>;

export default function Job({ params }: PageProps): JSX.Element {
  const name = params.get("job") ?? "";
  const { origin, query } = useOrigin("jobs", name);
  if (origin !== null) return <Placed name={name} origin={origin} />;
  return (
    <PageHead title={name} shown={<span class="nb-mono">{name}</span>} above={<A to="/jobs">Jobs</A>}>
      <Await query={query} what={name}>
        {() => (
          <Empty title="There is no such job">
            No code location defines <span class="nb-mono">{name}</span> now. Its <A to={`/runs?${new URLSearchParams({ q: `job:${name}` }).toString()}`}>runs</A> are still there.
          </Empty>
        )}
      </Await>
    </PageHead>
  );
}

function Placed({ name, origin }: { readonly name: string; readonly origin: Origin }): JSX.Element {
  const go = useGo();
  const query = useQuery(
    JobDocument,
    { params: { pipelineName: name, ...origin }, job: name },
    { on: ({ runs, other }) => runs.length > 0 || other.length > 0 },
  );
  const now = useNow(15_000);
  const [pane, setPane] = useParam("view", "graph");
  return (
    <PageHead
      title={name}
      shown={<span class="nb-mono">{name}</span>}
      above={
        <>
          <A to="/jobs">Jobs</A> / {origin.repositoryLocationName}
        </>
      }
      actions={
        <Button kind="main" icon="play" onClick={() => go(`/launchpad?${new URLSearchParams({ job: name, location: origin.repositoryLocationName }).toString()}`)}>
          Launch
        </Button>
      }
    >
      <Await query={query} what={name}>
        {(data) =>
          data.pipelineOrError.__typename === "Pipeline" ? (
            <Shown job={data.pipelineOrError} data={data} origin={origin} now={now} pane={pane} onPane={setPane} />
          ) : (
            <Note state="failed">{data.pipelineOrError.message}</Note>
          )
        }
      </Await>
    </PageHead>
  );
}

function Shown(props: { readonly job: Pipeline; readonly data: JobData; readonly origin: Origin; readonly now: number; readonly pane: string; readonly onPane: (pane: string) => void }): JSX.Element {
  const { job, data, now } = props;
  const runs = data.runsOrError.__typename === "Runs" ? data.runsOrError.results : [];
  const partitions = useQuery(JobPartitionsDocument, { repository: props.origin, job: job.name }, { on: ({ runs, other }) => runs.length > 0 || other.length > 0 });
  const sets = partitions.data?.partitionSetsOrError.__typename === "PartitionSets" ? partitions.data.partitionSetsOrError.results : [];
  const [first] = sets;
  const keys = first?.partitionStatusesOrError.__typename === "PartitionStatuses" ? first.partitionStatusesOrError.results : [];
  const keyStates = useMemo(() => keys.map(({ partitionName, runId, runStatus }) => ({ key: partitionName, state: runStatus === null ? ("missing" as const) : runLook(runStatus).state, run: runId })), [keys]);
  const tabs = [{ value: "graph", label: job.isAssetJob ? "Assets and runs" : "Ops and runs" }, { value: "partitions", label: `Partitions ${grouped(keys.length)}` }];
  const pane = keys.length > 0 && props.pane === "partitions" ? "partitions" : "graph";
  return (
    <div class="nb-stack">
      {job.description !== null && job.description !== "" && <p>{job.description}</p>}
      <Facts job={job} runs={runs} keyStates={keyStates} now={now} assets={data.assetNodes.length} />
      <div>
        {keys.length > 0 && <Tabs label="Job" panel="nb-job-pane" tabs={tabs} value={pane} onChange={(next) => props.onPane(next)} />}
        <div id="nb-job-pane" role={keys.length > 0 ? "tabpanel" : undefined} aria-label={keys.length > 0 ? tabs.find(({ value }) => value === pane)?.label : undefined} class={keys.length > 0 ? "nb-job-pane" : undefined}>
          {pane === "graph" && (
            <div class="nb-stack">
              <Graph job={job} keys={data.assetNodes.map(({ assetKey }) => assetKey.path.join("/"))} />
              <section class="nb-card" role="group" aria-label="Runs of the job">
                <header class="nb-head">
                  <h2 class="nb-title">Runs</h2>
                  <span class="nb-push nb-small">
                    <A to={`/runs?${new URLSearchParams({ q: `job:${job.name}` }).toString()}`}>All runs of {job.name}</A>
                  </span>
                </header>
                <div class="nb-line-top">
                  <ShortRuns runs={runs.slice(0, 12)} now={now} empty="Launch it, or turn on a schedule." />
                </div>
              </section>
            </div>
          )}
          {pane === "partitions" && <KeyStates keys={keyStates} unit="partition" />}
        </div>
      </div>
    </div>
  );
}

function Facts(props: {
  readonly job: Pipeline;
  readonly runs: Parameters<typeof LastRuns>[0]["runs"];
  readonly keyStates: readonly { readonly state: State }[];
  readonly now: number;
  readonly assets: number;
}): JSX.Element {
  const { job, runs } = props;
  const counts = useMemo(() => {
    const found = new Map<State, number>();
    for (const { state } of props.keyStates) found.set(state, (found.get(state) ?? 0) + 1);
    return [...found].map(([state, count]) => ({ state, count }));
  }, [props.keyStates]);
  return (
    <dl class="nb-facts nb-job-facts">
      <div>
        <dt>Of</dt>
        <dd>{job.isAssetJob ? plural(props.assets, "asset") : plural(job.solids.length, "op")}</dd>
      </div>
      <div>
        <dt>Last runs</dt>
        <dd>{runs.length === 0 ? <span class="nb-2">none yet</span> : <LastRuns runs={runs.slice(0, 12)} now={props.now} />}</dd>
      </div>
      {counts.length > 0 && (
        <div>
          <dt>Partitions</dt>
          <dd class="nb-row nb-wrap">
            <StateCounts counts={counts} word={(state) => (state === "fresh" ? "done" : state)} />
          </dd>
        </div>
      )}
      <div>
        <dt>Started by</dt>
        <dd>
          {job.schedules.length + job.sensors.length === 0 && <span class="nb-2">hand</span>}
          {job.schedules.map(({ name, cronText, scheduleState }) => (
            <div key={name} class="nb-row nb-small">
              <A to={pathOf("schedules", name)} class="nb-mono">{name}</A> <span class="nb-2">{cronText}</span> <OnOff isOn={scheduleState.status === "RUNNING"} />
            </div>
          ))}
          {job.sensors.map(({ name, sensorState }) => (
            <div key={name} class="nb-row nb-small">
              <A to={pathOf("sensors", name)} class="nb-mono">{name}</A> <span class="nb-2">sensor</span> <OnOff isOn={sensorState.status === "RUNNING"} />
            </div>
          ))}
        </dd>
      </div>
      {job.tags.length > 0 && (
        <div>
          <dt>Tags</dt>
          <dd class="nb-row nb-wrap nb-gap-3">
            {job.tags.map(({ key, value }) => (
              <span key={key} class="nb-tag nb-mono">
                {key}: {value}
              </span>
            ))}
          </dd>
        </div>
      )}
    </dl>
  );
}

function Graph({ job, keys }: { readonly job: Pipeline; readonly keys: readonly string[] }): JSX.Element {
  const selection = keys.map((key) => `key:"${key}"`).join(" or ");
  const ops = useMemo(() => job.solids.map(({ name, inputs }) => ({ name, reads: inputs.flatMap(({ dependsOn }) => dependsOn.map(({ solid }) => solid.name)) })), [job.solids]);
  if (job.isAssetJob && keys.length > 0) return <LiveView view={{ type: "lineage", selection, direction: "right" }} what="the lineage of the job" />;
  if (ops.length === 0) return <Empty title="Nothing in it">The job selects no op and no asset.</Empty>;
  return (
    <section class="nb-card">
      <OpGraph ops={ops} label={`Ops of ${job.name}`} />
    </section>
  );
}
