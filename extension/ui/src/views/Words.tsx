// Sentences whose pieces lead to assets, cells and runs.

import type { JSX } from "preact";
import type { CellRef, Word } from "../client/wire.gen";
import { cellName, useDesk } from "./host";

export function AssetLink({ asset, children }: { readonly asset: string; readonly children?: string }): JSX.Element {
  const desk = useDesk();
  return (
    <button type="button" class="nb-link nb-key" onClick={() => desk.openAsset(asset)}>
      {children ?? asset}
    </button>
  );
}

export function CellLink({ cell, children }: { readonly cell: CellRef; readonly children?: string }): JSX.Element {
  const desk = useDesk();
  return (
    <button type="button" class="nb-link" onClick={() => desk.goTo(cell)}>
      {children ?? cellName(cell)}
    </button>
  );
}

export function RunLink({ run, children }: { readonly run: string; readonly children?: string }): JSX.Element {
  const desk = useDesk();
  return (
    <button type="button" class="nb-link" onClick={() => desk.openRun(run)}>
      {children ?? `Run ${shortRun(run)}`}
    </button>
  );
}

export function shortRun(run: string): string {
  return run.slice(0, 6);
}

export function Sentence({ words }: { readonly words: readonly Word[] }): JSX.Element {
  return (
    <span>
      {words.map((word, at) => {
        if (word.asset !== null) return <AssetLink key={at} asset={word.asset}>{word.text}</AssetLink>;
        if (word.cell !== null) return <CellLink key={at} cell={word.cell}>{word.text}</CellLink>;
        if (word.run !== null) return <RunLink key={at} run={word.run}>{word.text}</RunLink>;
        return word.mono ? <span key={at} class="nb-mono">{word.text}</span> : word.text;
      })}
    </span>
  );
}
