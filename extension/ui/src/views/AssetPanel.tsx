// All about one asset: what it is, what it holds, what happened to it. The same in the side of a lineage and as a card.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { AssetView, CheckFacts, HistoryEntry, MetadataFact } from "../client/wire.gen";
import { Button } from "../ui/Button";
import { Histogram, Plot } from "../ui/Charts";
import { Code } from "../ui/Code";
import { StateCounts, StateWord } from "../ui/Glyph";
import { ago, duration, fullTime, grouped, moment, plural } from "../ui/format";
import { useNow } from "../ui/hooks";
import { Link, Prose } from "../ui/Prose";
import { Strip } from "../ui/Strip";
import { Tabs } from "../ui/Tabs";
import { cellName, only, useDesk } from "./host";
import { PreviewTable } from "./Preview";
import { RunButton } from "./RunButton";
import { ShownOutput } from "./Shown";
import { AssetLink, RunLink } from "./Words";

type Tab = "overview" | "data" | "history" | "checks" | "facts";

export function AssetPanel(props: { readonly view: AssetView; readonly onClose?: () => void; readonly isSide: boolean }): JSX.Element {
  const { view } = props;
  const desk = useDesk();
  const [tab, setTab] = useState<Tab>("overview");
  const stale = view.counts.find(({ state }) => state === "stale")?.count ?? 0;
  const tabs: readonly { readonly value: Tab; readonly label: string }[] = [
    { value: "overview", label: "Overview" },
    { value: "data", label: "Data" },
    { value: "history", label: "History" },
    ...(view.checks.length > 0 ? [{ value: "checks" as const, label: `Checks ${view.checks.length}` }] : []),
    { value: "facts", label: "Facts" },
  ];
  const cell = view.code?.cell ?? null;
  const { assetPage } = desk.host;
  return (
    <div class="nb-asset" data-side={props.isSide || undefined}>
      <div class="nb-asset-head">
        <div class="nb-row">
          <h3 class="nb-key nb-title">
            {props.isSide && assetPage !== undefined ? (
              <button type="button" class="nb-link nb-key" title="Open its page" onClick={() => assetPage(view.key)}>
                {view.key}
              </button>
            ) : (
              view.key
            )}
          </h3>
          {!props.isSide && <span class="nb-micro">{[view.group, cell === null ? "" : cellName(cell), view.partitions?.unit ?? ""].filter((part) => part !== "").join(" / ")}</span>}
          {props.onClose !== undefined && (
            <span class="nb-push">
              <Button kind="icon" icon="x" label="Close" onClick={props.onClose} />
            </span>
          )}
        </div>
        <div class="nb-row nb-wrap nb-small nb-states">
          {view.counts.length > 0 ? <StateCounts counts={view.counts} /> : <AssetState view={view} />}
        </div>
        <div class="nb-row nb-wrap nb-gap-3">
          {view.can_run && <RunButton selection={only(view.key)} asset={view.key} stale={stale} short={props.isSide} />}
          <Button onClick={() => desk.open({ type: "fetch_why", asset: view.key })}>Why</Button>
          {cell !== null && <Button onClick={() => desk.goTo(cell)}>{cellName({ ...cell, line: null })}</Button>}
        </div>
        {view.problems.map((problem) => (
          <div key={problem} class="nb-small nb-problem">
            <StateWord state="problem">{problem}</StateWord>
          </div>
        ))}
      </div>
      <Tabs label="About this asset" tabs={tabs} value={tab} panel="nb-asset-tab" onChange={setTab} />
      <div id="nb-asset-tab" role="tabpanel" aria-label={tab} class="nb-asset-body">
        {tab === "overview" && <Overview view={view} />}
        {tab === "data" && <Data view={view} isSide={props.isSide} />}
        {tab === "history" && <History view={view} />}
        {tab === "checks" && view.checks.map((check) => <Check key={check.name} check={check} />)}
        {tab === "facts" && <Facts view={view} />}
      </div>
    </div>
  );
}

export function AssetState({ view }: { readonly view: AssetView }): JSX.Element {
  const now = useNow(30_000);
  return (
    <>
      <StateWord state={view.state}>{view.fact === "" ? undefined : view.fact}</StateWord>
      {view.at !== null && (
        <span class="nb-2" title={fullTime(view.at)}>
          {ago(view.at, now)}
        </span>
      )}
    </>
  );
}

function Overview({ view }: { readonly view: AssetView }): JSX.Element {
  const desk = useDesk();
  const now = useNow(30_000);
  const lines = view.code?.text.trimEnd().split("\n").length ?? 0;
  return (
    <>
      {view.description !== "" && (
        <section class="nb-sec">
          <Prose text={view.description} />
        </section>
      )}
      {view.partitions !== null && (
        <section class="nb-sec">
          <div class="nb-label">
            <span>
              {grouped(view.partitions.count)} {view.partitions.unit}
            </span>
            <button type="button" class="nb-link nb-push" onClick={() => desk.open({ type: "open_grid", asset: view.key })}>
              Calendar
            </button>
          </div>
          <Strip runs={view.partitions.states} unit={view.partitions.unit} />
          <div class="nb-axis" aria-hidden="true">
            {view.partitions.axis.map((label) => (
              <span key={label}>{label}</span>
            ))}
          </div>
        </section>
      )}
      {view.code !== null && (
        <section class="nb-sec nb-flush">
          <div class="nb-label">
            <span>Code</span>
            <span class="nb-push">{plural(lines, "line")}</span>
          </div>
          <div class="nb-code-box">
            <Code text={view.code.text.trimEnd()} firstLine={view.code.first_line} label={`Code of ${view.key}`} />
          </div>
        </section>
      )}
      {view.reads.length + view.read_by.length > 0 && (
        <section class="nb-sec">
          {view.reads.length > 0 && <Neighbours label="Reads" keys={view.reads.map(({ key }) => key)} />}
          {view.read_by.length > 0 && <Neighbours label="Read by" keys={view.read_by.map(({ key }) => key)} />}
        </section>
      )}
      {view.last_run !== null && (
        <section class="nb-sec nb-small nb-2">
          last <RunLink run={view.last_run} />
          {view.at === null ? "" : ` ${ago(view.at, now)}`}
          {view.seconds === null ? "" : `, ${duration(view.seconds)}`}
        </section>
      )}
    </>
  );
}

function Neighbours({ label, keys }: { readonly label: string; readonly keys: readonly string[] }): JSX.Element {
  return (
    <div class="nb-small nb-neighbours">
      <span class="nb-2">{label}</span>
      {keys.map((key) => (
        <AssetLink key={key} asset={key} />
      ))}
    </div>
  );
}

function Data({ view, isSide }: { readonly view: AssetView; readonly isSide: boolean }): JSX.Element {
  const desk = useDesk();
  const { preview } = view;
  return (
    <>
      {preview === null && view.shown.length === 0 && <p class="nb-sec nb-2">Nothing stored yet.</p>}
      {preview !== null && (
        <section class="nb-sec nb-flush">
          <div class="nb-label">
            <span>Columns</span>
            <span class="nb-push">{preview.row_count === null ? "" : `${plural(preview.row_count, "row")}, latest`}</span>
          </div>
          <table class="nb-mini">
            <tbody>
              {preview.columns.map((column) => (
                <tr key={column.name} title={column.description}>
                  <td class="nb-mono">{column.name}</td>
                  <td class="nb-2">{column.type}</td>
                  <td class="nb-num">{column.bins.length > 0 ? <Histogram bins={column.bins} height={16} /> : column.distinct === null ? "" : plural(column.distinct, "value")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {preview !== null && (
        <section class="nb-sec nb-flush">
          <div class="nb-label">
            <span>Preview{preview.partition === null ? "" : `, ${preview.partition}`}</span>
            <button
              type="button"
              class="nb-link nb-push"
              onClick={() => desk.open({ type: "fetch_preview", asset: view.key, partition: preview.partition })}
            >
              All rows
            </button>
          </div>
          <PreviewTable plain columns={isSide ? preview.columns.slice(0, 4) : preview.columns} rows={preview.rows.slice(0, isSide ? 5 : 20)} height={240} />
        </section>
      )}
      {view.shown.map((shown, at) => (
        <section key={at} class="nb-sec">
          <div class="nb-label">{shown.label === "" ? "Shown while it ran" : shown.label}</div>
          <ShownOutput shown={shown} />
        </section>
      ))}
    </>
  );
}

function History({ view }: { readonly view: AssetView }): JSX.Element {
  const desk = useDesk();
  const now = useNow(30_000);
  return (
    <>
      {view.plots.length > 0 && (
        <section class="nb-sec nb-plots">
          {view.plots.map((series) => (
            <Plot key={series.label} series={series} onOpen={(name) => desk.openRun(name)} />
          ))}
        </section>
      )}
      <section class="nb-sec">
        <div class="nb-label">
          <span>Latest</span>
          <button type="button" class="nb-link nb-push" onClick={() => desk.open({ type: "fetch_history", asset: view.key })}>
            All versions
          </button>
        </div>
        {view.history.length === 0 && <p class="nb-small nb-2">Never materialized.</p>}
        {view.history.slice(0, 8).map((entry) => (
          <HistoryLine key={entry.version} entry={entry} now={now} />
        ))}
      </section>
    </>
  );
}

export function HistoryLine({ entry, now }: { readonly entry: HistoryEntry; readonly now: number }): JSX.Element {
  return (
    <div class="nb-row nb-small nb-line">
      <StateWord state={entry.state}>{entry.partition ?? entry.what}</StateWord>
      <span class="nb-2 nb-nowrap" title={fullTime(entry.at)}>
        {moment(entry.at, now)}
      </span>
      <span class="nb-push nb-2 nb-nowrap nb-line-rows">{entry.rows === null ? "" : plural(entry.rows, "row")}</span>
      {entry.run !== null && (
        <span class="nb-push">
          <RunLink run={entry.run}>run</RunLink>
        </span>
      )}
    </div>
  );
}

export function Check({ check }: { readonly check: CheckFacts }): JSX.Element {
  const now = useNow(60_000);
  return (
    <section class="nb-sec">
      <div class="nb-row nb-small">
        <StateWord state={check.state}>
          <span class="nb-mono">{check.name}</span>
        </StateWord>
        {check.blocking && <span class="nb-tag">blocking</span>}
        <span class="nb-push nb-2 nb-nowrap">{check.at === null ? "not run" : ago(check.at, now)}</span>
      </div>
      {check.note !== "" && <p class="nb-small">{check.note}</p>}
      {check.description !== "" && <p class="nb-micro">{check.description}</p>}
    </section>
  );
}

export function Facts({ view }: { readonly view: AssetView }): JSX.Element {
  const rows: readonly (readonly [string, string])[] = [
    ["group", view.group],
    ["kinds", view.kinds.join(", ")],
    ["owners", view.owners.join(", ")],
    ["tags", view.tags.join(", ")],
    ["file", view.path],
  ];
  return (
    <section class="nb-sec">
      <table class="nb-mini nb-facts-table">
        <tbody>
          {rows
            .filter(([, value]) => value !== "")
            .map(([label, value]) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                <td class={label === "file" ? "nb-mono" : undefined}>{value}</td>
              </tr>
            ))}
          {view.metadata.map((fact) => (
            <tr key={fact.label}>
              <th scope="row">{fact.label}</th>
              <td>
                <FactValue fact={fact} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function FactValue({ fact }: { readonly fact: MetadataFact }): JSX.Element {
  if (fact.kind === "asset") return <AssetLink asset={fact.text} />;
  if (fact.kind === "run") return <RunLink run={fact.text} />;
  if (fact.kind === "md") return <Prose text={fact.text} />;
  if (fact.url !== null) return <Link href={fact.url}>{fact.text}</Link>;
  if (fact.kind === "json" || fact.kind === "path") return <span class="nb-mono nb-break">{fact.text}</span>;
  return <span class="nb-break">{fact.text}</span>;
}
