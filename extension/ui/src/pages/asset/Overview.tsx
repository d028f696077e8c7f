// The first tab of an asset: the facts that decide, its partitions, how its numbers move, what it holds; neighbours and runs beside it.

import type { ComponentChildren, JSX } from "preact";
import type { AssetView, Neighbour } from "../../client/wire.gen";
import { Plot } from "../../ui/Charts";
import { Glyph } from "../../ui/Glyph";
import { ago, bytes, duration, fullTime, grouped, plural } from "../../ui/format";
import { WORDS } from "../../ui/glyphs";
import { useNow } from "../../ui/hooks";
import { Prose } from "../../ui/Prose";
import { Strip } from "../../ui/Strip";
import { Check, Facts, HistoryLine } from "../../views/AssetPanel";
import { useDesk } from "../../views/host";
import { PreviewTable } from "../../views/Preview";
import { AssetLink, RunLink } from "../../views/Words";

export type OnTab = (tab: "partitions" | "data" | "lineage" | "events" | "checks" | "plots") => void;

const PLOTS = 2;
const RUNS = 6;

export function Overview({ view, onTab }: { readonly view: AssetView; readonly onTab: OnTab }): JSX.Element {
  return (
    <div class="nb-cols">
      <div class="nb-grow nb-stack">
        <Numbers view={view} />
        {view.partitions !== null && (
          <Card title="Partitions" more={`All ${grouped(view.partitions.count)}`} onMore={() => onTab("partitions")}>
            <Strip runs={view.partitions.states} unit={view.partitions.unit} height={14} />
            <div class="nb-axis" aria-hidden="true">
              {view.partitions.axis.map((label) => (
                <span key={label}>{label}</span>
              ))}
            </div>
          </Card>
        )}
        {view.plots.length > 0 && (
          <Card title="Over time" more={view.plots.length > PLOTS ? `All ${view.plots.length}` : "Larger"} onMore={() => onTab("plots")}>
            <Plots view={view} />
          </Card>
        )}
        <Rows view={view} onTab={onTab} />
      </div>
      <aside class="nb-rail" aria-label="Around this asset">
        {view.description !== "" && <Prose text={view.description} />}
        <Neighbours view={view} onTab={onTab} />
        {view.checks.length > 0 && (
          <section>
            <h2>Checks</h2>
            <div class="nb-card nb-flat">
              {view.checks.map((check) => (
                <Check key={check.name} check={check} />
              ))}
            </div>
          </section>
        )}
        <section>
          <h2>Made</h2>
          {view.history.length === 0 ? <p class="nb-small nb-2">Never. “Materialize” makes it.</p> : <Made view={view} />}
          {view.history.length > 0 && (
            <button type="button" class="nb-link nb-small" onClick={() => onTab("events")}>
              All versions
            </button>
          )}
        </section>
        <section>
          <h2>Facts</h2>
          <div class="nb-card nb-flat">
            <Facts view={view} />
          </div>
        </section>
      </aside>
    </div>
  );
}

function Numbers({ view }: { readonly view: AssetView }): JSX.Element {
  const now = useNow(30_000);
  const [newest] = view.history;
  const facts: readonly (readonly [string, ComponentChildren])[] = [
    ["Last made", view.at === null ? "never" : <span title={fullTime(view.at)}>{ago(view.at, now)}</span>],
    ["Run", view.last_run === null ? "–" : <RunLink run={view.last_run} />],
    ["Rows", rowsText(view)],
    ["Size", newest === undefined || newest.size_bytes === null ? "–" : bytes(newest.size_bytes)],
    ["Took", view.seconds === null ? "–" : duration(view.seconds)],
    ["Code version", <span key="code" class="nb-mono" title={newest?.code_version}>{newest === undefined ? "–" : shortVersion(newest.code_version)}</span>],
    ["Data version", <span key="data" class="nb-mono" title={newest?.data_version}>{newest === undefined ? "–" : shortVersion(newest.data_version)}</span>],
  ];
  return (
    <dl class="nb-facts nb-asset-numbers">
      {facts.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function rowsText(view: AssetView): string {
  const [newest] = view.history;
  if (newest === undefined || newest.rows === null) return "–";
  return view.partitions === null ? grouped(newest.rows) : `${grouped(newest.rows)} in ${newest.partition ?? "the newest"}`;
}

function shortVersion(version: string): string {
  return version.replace(/^[a-z0-9]+:/, "").slice(0, 8) || "–";
}

function Plots({ view }: { readonly view: AssetView }): JSX.Element {
  const desk = useDesk();
  return (
    <div class="nb-plots">
      {view.plots.slice(0, PLOTS).map((series) => (
        <Plot key={series.label} series={series} onOpen={(name) => desk.openRun(name)} />
      ))}
    </div>
  );
}

function Rows({ view, onTab }: { readonly view: AssetView; readonly onTab: OnTab }): JSX.Element {
  const { preview } = view;
  if (preview === null) {
    return (
      <Card title="Data">
        <p class="nb-small nb-2">{view.history.length === 0 ? "Nothing is stored yet." : "What is stored is no table, or cannot be looked into."}</p>
      </Card>
    );
  }
  return (
    <section class="nb-card" role="group" aria-label="First rows">
      <header class="nb-head">
        <h2 class="nb-plain-h">Data</h2>
        <span class="nb-small nb-2">
          {preview.partition === null ? "" : `${preview.partition}, `}
          {preview.row_count === null ? "" : plural(preview.row_count, "row")}, {plural(preview.columns.length, "column")}
        </span>
        <button type="button" class="nb-link nb-small nb-push" onClick={() => onTab("data")}>
          All columns
        </button>
      </header>
      <PreviewTable columns={preview.columns.slice(0, 10)} rows={preview.rows.slice(0, 8)} height={330} />
    </section>
  );
}

function Neighbours({ view, onTab }: { readonly view: AssetView; readonly onTab: OnTab }): JSX.Element {
  return (
    <section>
      <h2>
        Neighbours
        <button type="button" class="nb-link nb-small nb-h2-more" onClick={() => onTab("lineage")}>
          Lineage
        </button>
      </h2>
      <NeighbourList label="Reads" empty="Reads nothing" of={view.reads} />
      <NeighbourList label="Read by" empty="Nothing reads it" of={view.read_by} />
    </section>
  );
}

function NeighbourList({ label, empty, of }: { readonly label: string; readonly empty: string; readonly of: readonly Neighbour[] }): JSX.Element {
  return (
    <div class="nb-neighbour-list">
      <div class="nb-micro">{of.length === 0 ? empty : label}</div>
      <ul>
        {of.map(({ key, state }) => (
          <li key={key} class="nb-row nb-gap-3" title={WORDS[state]}>
            <Glyph state={state} />
            <AssetLink asset={key} />
            <span class="nb-unseen">{WORDS[state]}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Made({ view }: { readonly view: AssetView }): JSX.Element {
  const now = useNow(30_000);
  return (
    <div>
      {view.history.slice(0, RUNS).map((entry, at) => (
        <HistoryLine key={`${entry.version}${at}`} entry={entry} now={now} />
      ))}
    </div>
  );
}

function Card(props: { readonly title: string; readonly more?: string; readonly onMore?: () => void; readonly children: ComponentChildren }): JSX.Element {
  return (
    <section class="nb-card" role="group" aria-label={props.title}>
      <header class="nb-head">
        <h2 class="nb-plain-h">{props.title}</h2>
        {props.onMore !== undefined && (
          <button type="button" class="nb-link nb-small nb-push" onClick={props.onMore}>
            {props.more}
          </button>
        )}
      </header>
      <div class="nb-card-in">{props.children}</div>
    </section>
  );
}
