// What a view may ask of the place it stands in, besides its store: to go to a cell, to save a file, to open something beside it.

import type { ComponentChildren, JSX } from "preact";
import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import type { Snapshot, Store } from "../client/store";
import type { CellRef, Command, Target } from "../client/wire.gen";

export interface Host {
  /** Go to a cell and flash it. False if there is none such here. */
  openCell(cell: CellRef): boolean;
  save(name: string, content: string | Blob, type: string): void;
  copy(text: string): void;
  /** Who holds the panel, for sentences about it; a kernel, unless said otherwise. */
  readonly holder?: "kernel" | "server";
  /** Where runs and assets have pages of their own, they are gone to; else they are shown in the view. */
  readonly openRun?: (run: string) => void;
  readonly openAsset?: (key: string) => void;
  /** The page of an asset that is shown beside something else. */
  readonly assetPage?: (key: string) => void;
  /** The view has a place of its own and fills it. */
  readonly fills?: boolean;
  /** Where the state of a view is kept that should outlive it: the address of a page. */
  readonly kept?: { readonly read: (name: string) => string | null; readonly write: (name: string, value: string | null) => void };
  /** What answers stand in, where under the view is too far away. */
  readonly answerFrame?: (props: { readonly title: string; readonly children: ComponentChildren; readonly onClose: () => void }) => JSX.Element;
}

/** State of a view that its place may keep. */
export function useKept(name: string, otherwise: string): readonly [string, (value: string) => void] {
  const { kept } = useDesk().host;
  const [own, setOwn] = useState(otherwise);
  const set = (value: string): void => (kept === undefined ? setOwn(value) : kept.write(name, value === otherwise ? null : value));
  return [kept === undefined ? own : (kept.read(name) ?? otherwise), set];
}

/** What every view gets besides its own data. */
export interface Desk {
  readonly store: Store;
  readonly host: Host;
  /** Ask for something and show the answer under the view. */
  open(command: Command): void;
  /** Show the plan of a target; it is run from there. */
  propose(target: Target): void;
  /** Show an asset: in the side panel of a lineage, else under the view. */
  openAsset(key: string): void;
  /** Replace the view by a run. */
  openRun(run: string): void;
  goTo(cell: CellRef): void;
  readonly canRun: boolean;
  /** Why nothing can be run; undefined where it can. */
  readonly whyNot: string | undefined;
}

const nothing = (): never => {
  throw new Error("a view stands outside of a Shell");
};

export const DeskContext = createContext<Desk>({
  store: { get: nothing, subscribe: nothing, ask: nothing, tell: nothing, forget: nothing, close: nothing },
  host: { openCell: nothing, save: nothing, copy: nothing },
  open: nothing,
  propose: nothing,
  openAsset: nothing,
  openRun: nothing,
  goTo: nothing,
  canRun: false,
  whyNot: undefined,
});

export function useDesk(): Desk {
  return useContext(DeskContext);
}

export function useSnapshot(store: Store): Snapshot {
  const [snapshot, setSnapshot] = useState(store.get());
  useEffect(() => {
    setSnapshot(store.get());
    return store.subscribe(() => setSnapshot(store.get()));
  }, [store]);
  return snapshot;
}

/** The selection that names one asset. */
export function only(asset: string): string {
  return `key:"${asset}"`;
}

export function cellName(cell: CellRef): string {
  const where = cell.number === null ? "Cell" : `Cell ${cell.number}`;
  return cell.line === null ? where : `${where}, line ${cell.line}`;
}
