// Where what is defined comes from: each code location, whether it could be loaded, and the line that it failed at.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { LocationsData } from "../client/documents/locations.gen";
import { LocationsDocument, ReloadLocationDocument, ReloadWorkspaceDocument } from "../client/documents/locations.gen";
import { StateWord } from "../ui/Glyph";
import { plural } from "../ui/format";
import { useNow } from "../ui/hooks";
import { Empty, Note } from "../ui/Notes";
import { useToast } from "../ui/Toasts";
import { PageHead } from "./frame/Frame";
import { Await, useAct, useQuery } from "./frame/query";
import { A } from "./frame/route";
import { refusalOf, useDo } from "./parts/asking";
import { ActButton } from "./parts/ActButton";
import { ErrorText } from "./parts/ErrorText";
import { Ago } from "./parts/Time";

type Entry = Extract<LocationsData["workspaceOrError"], { readonly __typename: "Workspace" }>["locationEntries"][number];

export default function Locations(): JSX.Element {
  const query = useQuery(LocationsDocument, {}, { on: ({ other }) => other.length > 0 });
  const act = useDo();
  const [isBusy, setBusy] = useState(false);
  const reload = async (): Promise<void> => {
    setBusy(true);
    await act(ReloadWorkspaceDocument, {}, "All code is loaded anew.");
    setBusy(false);
    query.again();
  };
  return (
    <PageHead
      title="Code locations"
      actions={
        <>
          <A to="/settings" class="nb-b">Daemons and settings</A>
          <ActButton icon="refresh" disabled={isBusy} onClick={() => void reload()}>
            {isBusy ? "Loading" : "Reload all"}
          </ActButton>
        </>
      }
    >
      <Await query={query} what="the code locations">
        {({ workspaceOrError: answer }) => {
          if (answer.__typename !== "Workspace") return <Note state="failed">The workspace could not be read: {answer.message}</Note>;
          if (answer.locationEntries.length === 0) {
            return (
              <section class="nb-card">
                <Empty title="No code locations">
                  Name modules or notebooks in <span class="nb-mono">nbasset.toml</span>, or start with one: <span class="nb-mono">nbasset ui NOTEBOOK.ipynb</span>.
                </Empty>
              </section>
            );
          }
          return (
            <div class="nb-stack">
              {answer.locationEntries.toSorted((a, b) => Number(isBroken(b)) - Number(isBroken(a))).map((entry) => (
                <LocationCard key={entry.id} entry={entry} again={query.again} />
              ))}
            </div>
          );
        }}
      </Await>
    </PageHead>
  );
}

function isBroken(entry: Entry): boolean {
  return entry.locationOrLoadError?.__typename === "PythonError" || entry.problems.length > 0;
}

function LocationCard({ entry, again }: { readonly entry: Entry; readonly again: () => void }): JSX.Element {
  const now = useNow(30_000);
  const act = useAct();
  const toast = useToast();
  const [isBusy, setBusy] = useState(false);
  const found = entry.locationOrLoadError;
  const reload = async (): Promise<void> => {
    setBusy(true);
    const data = await act(ReloadLocationDocument, { name: entry.name });
    setBusy(false);
    again();
    if (data === null) return;
    const answer = data.reloadRepositoryLocation;
    const refusal = refusalOf(data);
    if (refusal !== null) toast(refusal, "failed");
    else if (answer.__typename === "WorkspaceLocationEntry" && answer.locationOrLoadError?.__typename === "PythonError") toast(`${entry.name} could not be loaded.`, "failed");
    else toast(`${entry.name} is loaded anew.`, "fresh");
  };
  const isLoading = isBusy || entry.loadStatus === "LOADING";
  return (
    <section class="nb-card" role="group" aria-label={entry.name}>
      <header class="nb-head">
        <h2 class="nb-title nb-mono">{entry.name}</h2>
        {isLoading ? (
          <StateWord state="running">loading</StateWord>
        ) : found?.__typename === "PythonError" ? (
          <StateWord state="failed">not loaded</StateWord>
        ) : entry.problems.length > 0 ? (
          <StateWord state="problem">{plural(entry.problems.length, "problem")}</StateWord>
        ) : (
          <StateWord state="fresh">loaded</StateWord>
        )}
        <span class="nb-small nb-2"><Ago at={entry.updatedTimestamp} now={now} /></span>
        <span class="nb-push">
          <ActButton icon="refresh" disabled={isLoading} onClick={() => void reload()}>
            {isLoading ? "Loading" : "Reload"}
          </ActButton>
        </span>
      </header>
      {found?.__typename === "PythonError" && (
        <div class="nb-body">
          <ErrorText error={found} isOpen />
        </div>
      )}
      {entry.problems.map((problem, at) => (
        <div key={at} class="nb-body">
          <ErrorText error={problem} />
        </div>
      ))}
      {found?.__typename === "RepositoryLocation" && <Counts repositories={found.repositories} />}
      {entry.displayMetadata.length > 0 && (
        <footer class="nb-foot">
          {entry.displayMetadata.map(({ key, value }) => (
            <span key={key}>
              <span class="nb-2">{key.replaceAll("_", " ")}</span> <span class="nb-mono">{value}</span>
            </span>
          ))}
        </footer>
      )}
    </section>
  );
}

function Counts({ repositories }: { readonly repositories: Extract<Entry["locationOrLoadError"], { readonly __typename: "RepositoryLocation" }>["repositories"] }): JSX.Element {
  const sum = (count: (one: (typeof repositories)[number]) => number): number => repositories.reduce((total, one) => total + count(one), 0);
  const jobs = sum(({ jobs: all }) => all.filter(({ name }) => !name.startsWith("__")).length);
  return (
    <div class="nb-body nb-row nb-wrap nb-gap-6 nb-small">
      <A to="/assets">{plural(sum(({ assetNodes }) => assetNodes.length), "asset")}</A>
      <A to="/jobs">{plural(jobs, "job")}</A>
      <A to="/automation?show=schedules">{plural(sum(({ schedules }) => schedules.length), "schedule")}</A>
      <A to="/automation?show=sensors">{plural(sum(({ sensors }) => sensors.length), "sensor")}</A>
    </div>
  );
}
