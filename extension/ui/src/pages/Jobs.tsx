// Jobs: what starts them, how their last runs went.

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { JobsData } from "../client/documents/jobs.gen";
import { JobsDocument } from "../client/documents/jobs.gen";
import { pathOf, withParams } from "../client/route";
import { Button } from "../ui/Button";
import type { Column } from "../ui/DataTable";
import { DataTable } from "../ui/DataTable";
import { StateWord } from "../ui/Glyph";
import { TextField } from "../ui/Form";
import { useNow } from "../ui/hooks";
import { Empty, Note } from "../ui/Notes";
import { PageHead } from "./frame/Frame";
import { Await, useQuery } from "./frame/query";
import { A, useGo, useRoute } from "./frame/route";
import { LastRuns } from "./parts/LastRuns";
import { RunState } from "./parts/RunParts";
import { useSorting } from "./parts/sorting";
import { Ago } from "./parts/Time";

type Node = Extract<JobsData["repositoriesOrError"], { readonly __typename: "RepositoryConnection" }>["nodes"][number];
type JobRow = Node["jobs"][number] & { readonly location: string };

export default function Jobs(): JSX.Element {
  const place = useRoute();
  const go = useGo();
  const text = place.query.get("q") ?? "";
  const query = useQuery(JobsDocument, {}, { on: ({ runs, other }) => runs.length > 0 || other.length > 0 });
  const now = useNow(30_000);
  return (
    <PageHead title="Jobs" fills actions={<A to="/launchpad" class="nb-b">Launchpad</A>}>
      <div class="nb-bar-row" role="search">
        <span class="nb-runs-search">
          <TextField type="search" icon="search" label="Find jobs" placeholder="Name, schedule, words" value={text} onChange={(q) => go(withParams(place, { q: q === "" ? null : q }), "replace")} />
        </span>
      </div>
      <Await query={query} what="the jobs">
        {({ repositoriesOrError: answer }) => (answer.__typename === "RepositoryConnection" ? <List nodes={answer.nodes} text={text} now={now} /> : <Note state="failed">The jobs could not be read: {answer.message}</Note>)}
      </Await>
    </PageHead>
  );
}

function List({ nodes, text, now }: { readonly nodes: readonly Node[]; readonly text: string; readonly now: number }): JSX.Element {
  const go = useGo();
  const [sorting, setSorting] = useSorting();
  const all = useMemo(() => nodes.flatMap(({ location, jobs }) => jobs.filter(({ name }) => !name.startsWith("__")).map((job) => ({ ...job, location: location.name }))), [nodes]);
  const rows = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/);
    return all.filter((job) => words.every((word) => [job.name, job.description ?? "", job.location, ...job.schedules.map(({ name }) => name), ...job.sensors.map(({ name }) => name)].join(" ").toLowerCase().includes(word)));
  }, [all, text]);
  const columns = useMemo(() => columnsOf(now, nodes.length > 1), [now, nodes.length]);
  return (
    <DataTable
      label="Jobs"
      columns={columns}
      sorting={sorting}
      onSort={setSorting}
      rows={rows}
      keyOf={({ location, name }) => `${location} ${name}`}
      rowHeight={40}
      onOpen={(job) => go(jobPath(job.name, nodes.length > 1 ? job.location : null))}
      empty={
        all.length === 0 ? (
          <Empty title="No jobs are defined">
            A job is a selection of assets, or ops, that is started as one: <span class="nb-mono">%asset promote SELECTION</span> in a notebook, <span class="nb-mono">define_asset_job</span> or <span class="nb-mono">@job</span> in code.
          </Empty>
        ) : (
          <Empty title="No job passes the filter">
            <span class="nb-mono">{text}</span> is in no name, schedule or description.
          </Empty>
        )
      }
    />
  );
}

export function jobPath(name: string, location: string | null): string {
  return `${pathOf("jobs", name)}${location === null ? "" : `?${new URLSearchParams({ location }).toString()}`}`;
}

function columnsOf(now: number, hasLocations: boolean): readonly Column<JobRow>[] {
  return [
    {
      id: "name", label: "Job", width: "minmax(180px, 2fr)", sort: (job) => job.name,
      cell: (job) => (
        <span class="nb-two-lines">
          <A to={jobPath(job.name, hasLocations ? job.location : null)} class="nb-mono nb-strong">{job.name}</A>
          {job.description !== null && job.description !== "" && <span class="nb-micro nb-clip">{job.description.split("\n")[0]}</span>}
        </span>
      ),
    },
    { id: "kind", label: "Of", width: "64px", from: 890, cell: (job) => <span class="nb-2">{job.isAssetJob ? "assets" : "ops"}</span> },
    ...(hasLocations ? [{ id: "location", label: "Location", width: "120px", from: 1030, cell: (job: JobRow) => <span class="nb-2">{job.location}</span> }] : []),
    {
      id: "by", label: "Started by", width: "minmax(140px, 1.4fr)", from: 790,
      cell: (job) => <Starters job={job} />,
    },
    { id: "runs", label: "Last runs", width: "96px", cell: (job) => <LastRuns runs={job.runs} now={now} /> },
    {
      id: "last", label: "Last", width: "176px", from: 560, sort: ({ runs }) => (runs[0] === undefined ? null : -(runs[0].startTime ?? runs[0].creationTime)),
      cell: ({ runs }) => {
        const [last] = runs;
        return last === undefined ? <span class="nb-2">never ran</span> : <span class="nb-row"><RunState status={last.status} /> <span class="nb-2"><Ago at={last.startTime ?? last.creationTime} now={now} /></span></span>;
      },
    },
    { id: "act", label: "Launch", isQuiet: true, width: "84px", align: "right", cell: (job) => <Launch name={job.name} location={hasLocations ? job.location : null} /> },
  ];
}

function Launch({ name, location }: { readonly name: string; readonly location: string | null }): JSX.Element {
  const go = useGo();
  return (
    <Button kind="quiet" icon="play" label={`Launch ${name}`} onClick={() => go(`/launchpad?${new URLSearchParams({ job: name, ...(location === null ? {} : { location }) }).toString()}`)}>
      Launch
    </Button>
  );
}

function Starters({ job }: { readonly job: JobRow }): JSX.Element {
  if (job.schedules.length === 0 && job.sensors.length === 0) return <span class="nb-2">hand</span>;
  return (
    <span class="nb-two-lines">
      {job.schedules.slice(0, 2).map(({ name, cronText, scheduleState }) => (
        <span key={name} class="nb-clip" title={cronText}>
          <A to={pathOf("schedules", name)} class="nb-mono">{name}</A> {scheduleState.status === "RUNNING" ? <span class="nb-2">{cronText}</span> : <StateWord state="canceled">off</StateWord>}
        </span>
      ))}
      {job.sensors.slice(0, Math.max(0, 2 - job.schedules.length)).map(({ name, sensorState }) => (
        <span key={name} class="nb-clip">
          <A to={pathOf("sensors", name)} class="nb-mono">{name}</A> {sensorState.status === "RUNNING" ? <span class="nb-2">sensor</span> : <StateWord state="canceled">off</StateWord>}
        </span>
      ))}
    </span>
  );
}
