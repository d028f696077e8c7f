// The frame of every widget: the view, what it was told, the answers under it, and what stays when a part of it breaks.

import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { assertNever } from "../client/reduce";
import type { Store } from "../client/store";
import type { CellRef, Command, Panel } from "../client/wire.gen";
import { moment } from "../ui/format";
import { Guard } from "../ui/Guard";
import { useLoaded, useNow } from "../ui/hooks";
import { Note } from "../ui/Notes";
import { Answer } from "./Answer";
import { AssetPanel } from "./AssetPanel";
import { DiffCard } from "./DiffCard";
import { HistoryCard } from "./HistoryCard";
import type { Desk, Host } from "./host";
import { cellName, DeskContext, useSnapshot } from "./host";
import { Lineage } from "./Lineage";
import { PartitionGrid } from "./PartitionGrid";
import { PlanCard } from "./PlanCard";
import { Preview } from "./Preview";
import { RunCard } from "./RunCard";
import { WhyCard } from "./WhyCard";

/** Commands whose answer is a message that replaces the view, not a card under it. */
const MOVES: ReadonlySet<Command["type"]> = new Set<Command["type"]>(["open_run", "open_grid", "go_back", "resync", "draw"]);

export function Shell({ store, host, children }: {
  readonly store: Store;
  readonly host: Host;
  /** In place of the view that the panel has. */
  readonly children?: ((panel: Panel) => JSX.Element) | undefined;
}): JSX.Element {
  const { panel, link, told } = useSnapshot(store);
  const [asked, setAsked] = useState<Command | null>(null);
  const [isAway, setAway] = useState(false);
  const [aside, setAside] = useState<{ readonly key: string; readonly round: number } | null>(null);
  const canRun = panel.can_run && link !== "lost";
  const desk = useMemo((): Desk => {
    const move = (command: Command): void => {
      void store.ask(command).then((result) => {
        if (result.type === "refused") store.tell(result.text, "warning");
        else setAway(command.type !== "go_back");
      });
    };
    const open = (command: Command): void => (MOVES.has(command.type) ? move(command) : setAsked(command));
    return {
      store,
      host,
      open,
      propose: (target) => open({ type: "make_plan", target }),
      openAsset: (key) => {
        if (host.openAsset !== undefined) host.openAsset(key);
        else if (store.get().panel.view.type === "lineage") setAside((old) => ({ key, round: (old?.round ?? 0) + 1 }));
        else open({ type: "fetch_asset", asset: key });
      },
      openRun: (run) => (host.openRun === undefined ? open({ type: "open_run", run }) : host.openRun(run)),
      goTo: (cell) => {
        if (!host.openCell(cell)) store.tell(whereIs(cell, store.get().panel.notebook, host.holder ?? "kernel"));
      },
      canRun,
      whyNot: canRun ? undefined : host.holder !== "server" ? "Needs a running kernel" : link === "lost" ? "The link to the server is lost" : "This server is for reading only",
    };
  }, [store, host, canRun, link === "lost"]);
  const [loaded, again] = useLoaded(asked === null ? null : () => store.ask(asked), [asked]);
  return (
    <DeskContext.Provider value={desk}>
      <Guard what="view" box="nb-card" key={`${panel.view.type}`}>
        {children === undefined ? <View panel={panel} aside={aside} /> : children(panel)}
      </Guard>
      <Notices panel={panel} store={store} link={link} told={told} isAway={isAway} desk={desk} />
      {asked !== null && <Answer command={asked} loaded={loaded} again={again} onClose={() => setAsked(null)} />}
    </DeskContext.Provider>
  );
}

function whereIs(cell: CellRef, notebook: string, holder: "kernel" | "server"): string {
  if (holder === "server") return `${cellName(cell)} of ${cell.notebook ?? notebook}.`;
  return `${cellName(cell)} is not in this notebook${cell.notebook === null ? "" : ` but in ${cell.notebook}`}.`;
}

function View({ panel, aside }: { readonly panel: Panel; readonly aside: { readonly key: string; readonly round: number } | null }): JSX.Element {
  const { view } = panel;
  switch (view.type) {
    case "lineage":
      return <Lineage view={view} at={panel.at} aside={aside} />;
    case "grid":
      return <PartitionGrid view={view} />;
    case "run":
      return <RunCard view={view} />;
    case "asset":
      return (
        <section class="nb-card" role="group" aria-label={`Asset ${view.key}`}>
          <AssetPanel view={view} isSide={false} />
        </section>
      );
    case "plan":
      return <PlanCard view={view} target={{ selection: view.selection }} />;
    case "why":
      return <WhyCard view={view} />;
    case "diff":
      return <DiffCard view={view} />;
    case "history":
      return <HistoryCard view={view} />;
    case "preview":
      return <Preview view={view} />;
    default:
      return assertNever(view);
  }
}

function Notices(props: {
  readonly panel: Panel;
  readonly store: Store;
  readonly link: "live" | "waiting" | "lost";
  readonly told: ReturnType<Store["get"]>["told"];
  readonly isAway: boolean;
  readonly desk: Desk;
}): JSX.Element {
  const now = useNow(props.panel.can_run && props.link !== "lost" ? null : 60_000);
  const isServed = props.desk.host.holder === "server";
  return (
    <div class="nb-notices" aria-live="polite">
      {props.isAway && (
        <Note>
          <button type="button" class="nb-link" onClick={() => props.desk.open({ type: "go_back" })}>
            Back
          </button>
        </Note>
      )}
      {!props.panel.can_run && <Note state="canceled">{isServed ? "This server is for reading only." : `No kernel. Shown as of ${moment(props.panel.at, now)}; colours may be out of date.`}</Note>}
      {props.panel.can_run && props.link === "lost" && (
        <Note state="canceled">
          {isServed ? "The server is gone" : "The kernel is gone"}. Shown as of {moment(props.panel.at, now)}; {isServed ? "it is tried again by itself." : "run the cell again to go on."}
        </Note>
      )}
      {props.link === "waiting" && <Note state="queued">The {isServed ? "server" : "kernel"} is busy; it answers as soon as it can.</Note>}
      {props.told.map((told) => (
        <Note
          key={told.text}
          {...(told.level === "error" ? { state: "failed" as const } : told.level === "warning" ? { state: "warned" as const } : {})}
          onClose={() => props.store.forget(told)}
        >
          {told.text}
        </Note>
      ))}
    </div>
  );
}
