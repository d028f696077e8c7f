// One run: why it failed, its steps over time, what it wrote, every event of it, and what it was asked with.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { RunData } from "../client/documents/run.gen";
import { RunDocument, RunIdsDocument } from "../client/documents/run.gen";
import { pathOf, withParams } from "../client/route";
import { Button } from "../ui/Button";
import { plural } from "../ui/format";
import { useNow } from "../ui/hooks";
import { StateCounts } from "../ui/Glyph";
import { Empty, Note } from "../ui/Notes";
import { Tabs } from "../ui/Tabs";
import { useToast } from "../ui/Toasts";
import { Compare } from "../views/run/Compare";
import { RunCard } from "../views/RunCard";
import { shortRun } from "../views/Words";
import { PageHead } from "./frame/Frame";
import { LiveView } from "./frame/LiveView";
import type { PageProps } from "./frame/route";
import { browserHost } from "./frame/browser";
import { Await, useQuery } from "./frame/query";
import { A, useGo, useParam, useRoute } from "./frame/route";
import { Ago, Took } from "./parts/Time";
import { ActButton } from "./parts/ActButton";
import { CountStrip, partsOfSteps, RunState } from "./parts/RunParts";
import { YamlText } from "./parts/YamlText";
import { isOver } from "./parts/runStates";
import { ForgetDialog } from "./runs/Bulk";
import { Events } from "./run/Events";

type Facts = Extract<RunData["runOrError"], { readonly __typename: "Run" }>;

export default function Run({ params }: PageProps): JSX.Element {
  const id = params.get("run") ?? "";
  const query = useQuery(RunDocument, { run: id }, { on: ({ runs }) => runs.includes(id) });
  const known = query.data?.runOrError;
  // The first letters of an id, as the command line prints them, lead to the run when they fit one alone.
  const isUnknown = known !== undefined && known.__typename !== "Run" && known.__typename !== "PythonError";
  const ids = useQuery(RunIdsDocument, {}, { skip: !isUnknown });
  const fitting = ids.data?.runIdsOrError.__typename === "RunIds" ? ids.data.runIdsOrError.results.filter((run) => run.startsWith(id)) : [];
  const whole = known?.__typename === "Run" ? known.runId : fitting.length === 1 ? (fitting[0] ?? id) : id;
  const go = useGo();
  const place = useRoute();
  useEffect(() => {
    if (whole !== id) go(withParams({ ...place, path: pathOf("runs", whole) }, {}), "replace");
  }, [whole, id]);
  if (known?.__typename === "Run") return <Known run={known} again={query.again} />;
  return (
    <PageHead title={`Run ${shortRun(id)}`} above={<A to="/runs">Runs</A>}>
      <Await query={query} what={`run ${shortRun(id)}`}>
        {({ runOrError: answer }) => (
          <Empty title="There is no such run">
            {fitting.length > 1 ? `${plural(fitting.length, "run")} begin with ${id}; give more of the id. ` : "message" in answer ? `${answer.message} ` : ""}It may have been deleted; see <A to="/runs">all runs</A>.
          </Empty>
        )}
      </Await>
    </PageHead>
  );
}

function Known({ run, again }: { readonly run: Facts; readonly again: () => void }): JSX.Element {
  const now = useNow(isOver(run.status) ? 60_000 : 1_000);
  const go = useGo();
  const [asks, setAsks] = useState(false);
  const [compared, setCompared] = useParam("compare", "");
  const backfill = run.tags.find(({ key }) => key === "dagster/backfill")?.value;
  return (
    <PageHead
      title={`Run ${shortRun(run.runId)}`}
      shown={
        <>
          Run <span class="nb-mono">{shortRun(run.runId)}</span> <RunState status={run.status} />
        </>
      }
      above={
        <>
          <A to="/runs">Runs</A> / <span class="nb-mono">{run.title}</span>, by {backfill === undefined ? run.startedBy : <A to={pathOf("backfills", backfill)}>{run.startedBy}</A>}, <Ago at={run.creationTime} now={now} />
        </>
      }
      actions={
        <>
          <CopyId id={run.runId} />
          <Button onClick={() => go(`/launchpad?${new URLSearchParams({ run: run.runId }).toString()}`)}>Open in launchpad</Button>
          {isOver(run.status) && <ActButton onClick={() => setAsks(true)}>Delete</ActButton>}
        </>
      }
    >
      <div class="nb-stack nb-run-page">
        <LiveView view={{ type: "run", run: run.runId }} what="the run" meanwhile={<Meanwhile run={run} now={now} />}>
          {compared === ""
            ? undefined
            : ({ view }) =>
                view.type === "run" ? (
                  <div class="nb-stack">
                    <section class="nb-card" role="group" aria-label="Comparison">
                      <Compare run={run.runId} other={compared} onClose={() => setCompared("", "replace")} />
                    </section>
                    <RunCard view={view} />
                  </div>
                ) : (
                  <></>
                )}
        </LiveView>
        <Below run={run} />
      </div>
      {asks && <ForgetDialog runs={[run]} onClose={() => setAsks(false)} onDone={() => go("/runs")} again={again} />}
    </PageHead>
  );
}

/** What the record says, until its steps are there. */
function Meanwhile({ run, now }: { readonly run: Facts; readonly now: number }): JSX.Element {
  return (
    <>
      {run.failureText !== null && run.failureText !== "" && <Note state="failed">{run.failureText}</Note>}
      <div class="nb-body nb-no-line">
        <div class="nb-row nb-wrap nb-small nb-run-counts">
          <StateCounts counts={partsOfSteps(run.stepCounts)} word={(state) => (state === "fresh" ? "done" : state)} />
          <span class="nb-push nb-2">
            <Took from={run.startTime} to={run.endTime} now={now} />
          </span>
        </div>
        <CountStrip parts={partsOfSteps(run.stepCounts)} unit="step" />
      </div>
    </>
  );
}

function CopyId({ id }: { readonly id: string }): JSX.Element {
  const toast = useToast();
  return (
    <Button
      kind="icon"
      icon="copy"
      label="Copy the id"
      onClick={() => {
        browserHost.copy(id);
        toast("The id is copied.");
      }}
    />
  );
}

type Pane = "events" | "config";

function Below({ run }: { readonly run: Facts }): JSX.Element {
  const [pane, setPane] = useParam("pane", "events");
  const value: Pane = pane === "config" ? "config" : "events";
  return (
    <section class="nb-card" role="group" aria-label="More about the run">
      <Tabs
        label="More about the run"
        panel="nb-run-below"
        tabs={[
          { value: "events", label: "Events" },
          { value: "config", label: "Configuration and tags" },
        ]}
        value={value}
        onChange={(next) => setPane(next, "replace")}
      />
      <div id="nb-run-below" role="tabpanel" class="nb-run-below" aria-label={value === "events" ? "Events" : "Configuration and tags"}>
        {value === "events" ? <Events run={run.runId} /> : <Asked run={run} />}
      </div>
    </section>
  );
}

/** What the run was asked with. */
function Asked({ run }: { readonly run: Facts }): JSX.Element {
  const chain = [
    ...(run.parentRunId === null ? [] : [{ word: "again after", id: run.parentRunId }]),
    ...(run.rootRunId === null || run.rootRunId === run.runId || run.rootRunId === run.parentRunId ? [] : [{ word: "first tried in", id: run.rootRunId }]),
  ];
  const assets = run.assetSelection ?? [];
  return (
    <div class="nb-asked">
      <div>
        <h2>Configuration</h2>
        {run.runConfigYaml.trim() === "" || run.runConfigYaml.trim() === "{}" ? <p class="nb-small nb-2">It was started without one.</p> : <YamlText text={run.runConfigYaml} label="Run configuration" />}
      </div>
      <div>
        <h2>Tags</h2>
        {run.tags.length === 0 && <p class="nb-small nb-2">It has none.</p>}
        <table class="nb-t">
          <tbody>
            {run.tags.map(({ key, value }) => (
              <tr key={key}>
                <td class="nb-mono nb-2">{key}</td>
                <td class="nb-mono nb-break">
                  <A to={`/runs?${new URLSearchParams({ q: `tag:${key}=${value}` }).toString()}`} title="Runs with this tag">
                    {value}
                  </A>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {chain.length > 0 && (
          <>
            <h2>Comes from</h2>
            {chain.map(({ word, id }) => (
              <p key={id} class="nb-small">
                {word} <A to={pathOf("runs", id)} class="nb-mono">{shortRun(id)}</A>
              </p>
            ))}
          </>
        )}
        {assets.length > 0 && (
          <>
            <h2>
              Makes <span class="nb-2">{plural(assets.length, "asset")}</span>
            </h2>
            <p class="nb-small nb-asset-words">
              {assets.slice(0, 60).map(({ path }) => (
                <A key={path.join("/")} to={pathOf("assets", path.join("/"))} class="nb-mono">
                  {path.join("/")}
                </A>
              ))}
            </p>
          </>
        )}
      </div>
    </div>
  );
}
