// The tabs of an asset that show one thing each.

import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import type { AssetView, Result } from "../../client/wire.gen";
import { Button, Segments } from "../../ui/Button";
import { Plot } from "../../ui/Charts";
import { Code } from "../../ui/Code";
import { TextField } from "../../ui/Form";
import { plural } from "../../ui/format";
import { useLoaded } from "../../ui/hooks";
import { Empty, Note, Waiting } from "../../ui/Notes";
import { HistoryCard } from "../../views/HistoryCard";
import { cellName, only, useDesk } from "../../views/host";
import { Preview } from "../../views/Preview";
import { ShownOutput } from "../../views/Shown";
import { directionOf } from "../GlobalLineage";
import { LiveView } from "../frame/LiveView";
import { useParam } from "../frame/route";

interface Props {
  readonly view: AssetView;
}

export function DataTab({ view }: Props): JSX.Element {
  const [partition, setPartition] = useParam("partition", "");
  const desk = useDesk();
  const asked = partition === "" || view.partitions === null ? null : partition;
  const [loaded, again] = useLoaded(asked === null ? null : () => desk.store.ask({ type: "fetch_preview", asset: view.key, partition: asked }), [asked, view.key, view.at]);
  return (
    <div class="nb-stack">
      {view.partitions !== null && <PartitionField partition={partition} latest={view.preview?.partition ?? ""} onPick={setPartition} />}
      {asked === null ? (
        <Stored view={view} />
      ) : (
        <Answered loaded={loaded} again={again} what={`rows of ${asked}`}>
          {(result) => (result.type === "preview" ? <Preview view={result} /> : null)}
        </Answered>
      )}
      {view.shown.length > 0 && (
        <section class="nb-card" role="group" aria-label="Shown while it ran">
          <header class="nb-head">
            <h2 class="nb-plain-h">Shown while it ran</h2>
          </header>
          {view.shown.map((shown, at) => (
            <div key={at} class="nb-body">
              <ShownOutput shown={shown} />
            </div>
          ))}
        </section>
      )}
    </div>
  );
}

function Stored({ view }: Props): JSX.Element {
  if (view.preview !== null) return <Preview view={view.preview} />;
  return (
    <section class="nb-card" role="group" aria-label="Data">
      <Empty title="Nothing to look into">{view.history.length === 0 ? "Nothing is stored yet. “Materialize” makes it." : "What is stored is no table."}</Empty>
    </section>
  );
}

function PartitionField({ partition, latest, onPick }: { readonly partition: string; readonly latest: string; readonly onPick: (key: string) => void }): JSX.Element {
  const [text, setText] = useState(partition);
  return (
    <form
      class="nb-row nb-gap-3 nb-partition-form"
      onSubmit={(event) => {
        event.preventDefault();
        onPick(text.trim());
      }}
    >
      <TextField icon="calendar" isMono label="Partition to look into" placeholder={latest === "" ? "A partition key" : `A partition key, such as ${latest}`} value={text} onChange={setText} />
      <Button onClick={() => onPick(text.trim())}>Show</Button>
      {partition !== "" && (
        <Button
          kind="quiet"
          onClick={() => {
            setText("");
            onPick("");
          }}
        >
          Newest
        </Button>
      )}
    </form>
  );
}

export function CodeTab({ view }: Props): JSX.Element {
  if (view.code === null) {
    return (
      <section class="nb-card" role="group" aria-label="Code">
        <Empty title="No code to show">{view.can_run ? "Its code cannot be read: it was made while the module ran." : "It is made elsewhere."}</Empty>
      </section>
    );
  }
  const text = view.code.text.trimEnd();
  return (
    <section class="nb-card" role="group" aria-label="Code">
      <header class="nb-head">
        <h2 class="nb-plain-h">{view.code.cell === null ? "Code" : cellName({ ...view.code.cell, line: null })}</h2>
        <span class="nb-small nb-2">{plural(text.split("\n").length, "line")}</span>
        <CopyButton text={text} />
      </header>
      <div class="nb-code-page nb-line-top">
        <Code text={text} firstLine={view.code.first_line} label={`Code of ${view.key}`} />
      </div>
    </section>
  );
}

function CopyButton({ text }: { readonly text: string }): JSX.Element {
  const desk = useDesk();
  const [isCopied, setCopied] = useState(false);
  return (
    <span class="nb-push">
      <Button
        kind="quiet"
        icon={isCopied ? "check" : "copy"}
        onClick={() => {
          desk.host.copy(text);
          setCopied(true);
        }}
      >
        {isCopied ? "Copied" : "Copy"}
      </Button>
    </span>
  );
}

type Side = "up" | "both" | "down";

export function LineageTab({ view }: Props): JSX.Element {
  const [side, setSide] = useParam("side", "both");
  const [depth, setDepth] = useParam("depth", "1");
  const [chosen] = useParam("l.direction", "");
  const [direction] = useState(() => directionOf(chosen));
  const way: Side = side === "up" || side === "down" ? side : "both";
  const far = depth === "all" ? "" : depth;
  const selection = `${way === "down" ? "" : `${far}+`}${only(view.key)}${way === "up" ? "" : `+${far}`}`;
  return (
    <>
      <div class="nb-bar-row">
        <Segments
          label="Which way"
          value={way}
          choices={[
            { value: "up", label: "Upstream" },
            { value: "both", label: "Both" },
            { value: "down", label: "Downstream" },
          ]}
          onChange={setSide}
        />
        <Segments
          label="How far"
          value={["1", "2", "3"].includes(depth) ? depth : "all"}
          choices={[
            { value: "1", label: "1" },
            { value: "2", label: "2" },
            { value: "3", label: "3" },
            { value: "all", label: "All" },
          ]}
          onChange={setDepth}
        />
        <span class="nb-small nb-2">{depth === "1" ? "one step away" : depth === "all" ? "all the way" : `up to ${depth} steps away`}</span>
      </div>
      <LiveView key={selection} view={{ type: "lineage", selection, direction, asset: view.key, selected: view.key }} what="The lineage" opensHere fills keeps="l." />
    </>
  );
}

export function EventsTab({ view }: Props): JSX.Element {
  const desk = useDesk();
  const [partition] = useParam("partition", "");
  const asked = partition === "" ? null : partition;
  const [newest] = view.history;
  const [loaded, again] = useLoaded(() => desk.store.ask({ type: "fetch_history", asset: view.key, partition: asked }), [view.key, view.at, newest?.version, newest?.what, asked]);
  return (
    <Answered loaded={loaded} again={again} what={`the history of ${view.key}`}>
      {(result) => (result.type === "history" ? <HistoryCard key={`${newest?.version ?? ""}${newest?.what ?? ""}`} view={result} /> : null)}
    </Answered>
  );
}

export function PlotsTab({ view }: Props): JSX.Element {
  const desk = useDesk();
  if (view.plots.length === 0) {
    return (
      <section class="nb-card" role="group" aria-label="Plots">
        <Empty title="Nothing to plot yet">Numbers of at least two materializations are drawn here: rows, seconds, and every number in the metadata.</Empty>
      </section>
    );
  }
  return (
    <section class="nb-card" role="group" aria-label="Plots">
      <header class="nb-head">
        <h2 class="nb-plain-h">Over the last {plural(view.plots[0]?.values.length ?? 0, "materialization")}</h2>
        <span class="nb-micro">A point opens its run</span>
      </header>
      <div class="nb-card-in nb-plots nb-plots-large">
        {view.plots.map((series) => (
          <Plot key={series.label} series={series} height={120} onOpen={(name) => desk.openRun(name)} />
        ))}
      </div>
    </section>
  );
}

/** What was asked of the panel; a refusal is told in its place. */
function Answered(props: {
  readonly loaded: Parameters<typeof Waiting<Result>>[0]["loaded"];
  readonly again: () => void;
  readonly what: string;
  readonly children: (result: Result) => ComponentChildren;
}): JSX.Element {
  return (
    <Waiting loaded={props.loaded} what={props.what} until="the server is at it" again={props.again}>
      {(result) =>
        result.type === "refused" ? (
          <div class="nb-page-note">
            <Note state="failed">{result.text}</Note>
          </div>
        ) : (
          <>{props.children(result)}</>
        )
      }
    </Waiting>
  );
}
