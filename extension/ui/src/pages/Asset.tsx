// One asset: what it is, what it holds, what happened to it, and what can be done with it. What is shown lives; the tab is in the address.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { AssetView } from "../client/wire.gen";
import { Button } from "../ui/Button";
import { StateCounts } from "../ui/Glyph";
import { grouped } from "../ui/format";
import { Note, Waiting } from "../ui/Notes";
import { MenuButton } from "../ui/Pop";
import { Tabs } from "../ui/Tabs";
import { AssetState } from "../views/AssetPanel";
import { cellName, only, useDesk } from "../views/host";
import { RunButton } from "../views/RunButton";
import { Shell } from "../views/Shell";
import { CodeTab, DataTab, EventsTab, LineageTab, PlotsTab } from "./asset/tabs";
import { ChecksTab } from "./asset/ChecksTab";
import { ReportDialog, WipeDialog } from "./asset/dialogs";
import { Overview } from "./asset/Overview";
import { PageHead } from "./frame/Frame";
import { useHost, useLive } from "./frame/live";
import { LiveView } from "./frame/LiveView";
import type { PageProps } from "./frame/route";
import { A, useParam } from "./frame/route";

type Tab = "overview" | "partitions" | "data" | "code" | "lineage" | "events" | "checks" | "plots";

export default function Asset({ params }: PageProps): JSX.Element {
  const key = params.get("key") ?? "";
  const live = useLive({ type: "asset", asset: key });
  const host = useHost({});
  if (live.why !== null) {
    return (
      <PageHead title={key} shown={<Name text={key} />} above={<Crumbs group={null} />}>
        <div class="nb-page-note">
          <Note state="failed">
            {live.why}{" "}
            <button type="button" class="nb-link" onClick={live.again}>
              Try again
            </button>
          </Note>
        </div>
      </PageHead>
    );
  }
  if (live.store === null) {
    return (
      <PageHead title={key} shown={<Name text={key} />} above={<Crumbs group={null} />}>
        <Waiting loaded={{ state: "loading" }} what={key} until="its code is being loaded" again={live.again}>
          {() => <></>}
        </Waiting>
      </PageHead>
    );
  }
  return (
    <Shell store={live.store} host={host}>
      {({ view, can_run, notebook }) => (view.type === "asset" ? <AssetPage view={view} canRun={can_run} notebook={notebook} /> : <></>)}
    </Shell>
  );
}

function AssetPage({ view, canRun, notebook }: { readonly view: AssetView; readonly canRun: boolean; readonly notebook: string }): JSX.Element {
  const desk = useDesk();
  const [wanted, setTab] = useParam("view", "overview");
  const [dialog, setDialog] = useState<"wipe" | "report" | null>(null);
  const tabs = tabsOf(view);
  const tab = tabs.find(({ value }) => value === wanted)?.value ?? "overview";
  const stale = view.counts.find(({ state }) => state === "stale")?.count ?? 0;
  const cell = view.code?.cell ?? null;
  return (
    <PageHead
      title={view.key}
      shown={<Name text={view.key} />}
      beside={view.counts.length === 0 ? <AssetState view={view} /> : <StateCounts counts={view.counts} />}
      above={<Crumbs group={view.group} place={cell === null ? null : `${cell.notebook ?? notebook}, ${cellName({ ...cell, line: null }).toLowerCase()}`} />}
      fills={tab === "lineage"}
      actions={
        <>
          {(view.state === "stale" || view.state === "failed" || view.state === "missing" || stale > 0) && <Button icon="why" onClick={() => desk.open({ type: "fetch_why", asset: view.key })}>Why</Button>}
          <MenuButton
            icon="dots"
            kind="icon"
            label="More about this asset"
            items={[
              { label: "Copy its key", onPick: () => desk.host.copy(view.key) },
              ...(view.preview === null ? [] : [{ label: "Copy the line that loads it", onPick: () => desk.host.copy(view.preview?.code ?? "") }]),
              ...(view.path === "" ? [] : [{ label: "Copy the path of its file", onPick: () => desk.host.copy(view.path) }]),
              { label: "Report a materialization…", line: true, disabled: !canRun, onPick: () => setDialog("report") },
              { label: "Wipe…", disabled: !canRun || view.history.length === 0, onPick: () => setDialog("wipe") },
            ]}
          />
          {view.can_run && <RunButton selection={only(view.key)} asset={view.key} stale={stale} />}
        </>
      }
    >
      {view.problems.map((problem) => (
        <div key={problem} class="nb-page-note">
          <Note state="problem">{problem}</Note>
        </div>
      ))}
      <div class="nb-page-tabs">
        <Tabs label="About this asset" tabs={tabs} value={tab} panel="nb-asset-page" onChange={setTab} />
      </div>
      <div id="nb-asset-page" role="tabpanel" aria-label={tab} class="nb-asset-page" data-fills={tab === "lineage" || undefined}>
        <h2 class="nb-unseen">{tabs.find(({ value }) => value === tab)?.label}</h2>
        <Body tab={tab} view={view} onTab={setTab} />
      </div>
      {dialog === "wipe" && <WipeDialog view={view} onClose={() => setDialog(null)} />}
      {dialog === "report" && <ReportDialog view={view} onClose={() => setDialog(null)} />}
    </PageHead>
  );
}

function Body({ tab, view, onTab }: { readonly tab: Tab; readonly view: AssetView; readonly onTab: (tab: Tab) => void }): JSX.Element {
  switch (tab) {
    case "overview":
      return <Overview view={view} onTab={onTab} />;
    case "partitions":
      return <LiveView view={{ type: "grid", asset: view.key }} what={`The partitions of ${view.key}`} keeps="p." />;
    case "data":
      return <DataTab view={view} />;
    case "code":
      return <CodeTab view={view} />;
    case "lineage":
      return <LineageTab view={view} />;
    case "events":
      return <EventsTab view={view} />;
    case "checks":
      return <ChecksTab view={view} />;
    case "plots":
      return <PlotsTab view={view} />;
  }
}

function tabsOf(view: AssetView): readonly { readonly value: Tab; readonly label: string }[] {
  return [
    { value: "overview", label: "Overview" },
    ...(view.partitions === null ? [] : [{ value: "partitions" as const, label: `Partitions ${grouped(view.partitions.count)}` }]),
    { value: "data", label: "Data" },
    { value: "code", label: "Code" },
    { value: "lineage", label: "Lineage" },
    { value: "events", label: "Events" },
    ...(view.checks.length === 0 ? [] : [{ value: "checks" as const, label: `Checks ${view.checks.length}` }]),
    { value: "plots", label: "Plots" },
  ];
}

function Name({ text }: { readonly text: string }): JSX.Element {
  return <span class="nb-mono">{text}</span>;
}

function Crumbs({ group, place }: { readonly group: string | null; readonly place?: string | null }): JSX.Element {
  return (
    <ol class="nb-crumbs" aria-label="Where it belongs">
      <li>
        <A to="/assets">Catalogue</A>
      </li>
      {group !== null && (
        <li>
          <A to={`/assets?${new URLSearchParams({ q: `group:"${group}"` }).toString()}`}>{group}</A>
        </li>
      )}
      {place !== null && place !== undefined && <li>{place}</li>}
    </ol>
  );
}
