// The state of each key of a job's partitions or of a backfill: a strip over all of them, and a table of those in one state.

import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { Runs, State } from "../../client/wire.gen";
import { STATES } from "../../client/wire.gen";
import { Chip } from "../../ui/Button";
import type { Column } from "../../ui/DataTable";
import { DataTable } from "../../ui/DataTable";
import { Glyph, StateWord } from "../../ui/Glyph";
import { URGENCY, WORDS } from "../../ui/glyphs";
import { grouped } from "../../ui/format";
import { TextField } from "../../ui/Form";
import { Empty } from "../../ui/Notes";
import { Strip } from "../../ui/Strip";
import { RunId } from "./RunParts";

export interface KeyState {
  readonly key: string;
  readonly state: State;
  readonly run: string | null;
}

export function KeyStates({ keys, unit }: { readonly keys: readonly KeyState[]; readonly unit: string }): JSX.Element {
  const [wanted, setWanted] = useState<State | null>(null);
  const [text, setText] = useState("");
  const counts = useMemo(() => {
    const found = new Map<State, number>();
    for (const { state } of keys) found.set(state, (found.get(state) ?? 0) + 1);
    return [...found].toSorted(([a], [b]) => URGENCY.indexOf(a) - URGENCY.indexOf(b));
  }, [keys]);
  // What failed and what goes on stand first; among equals the order of the definition.
  const shown = useMemo(
    () => keys.filter(({ key, state }) => (wanted === null || state === wanted) && key.toLowerCase().includes(text.toLowerCase())).toSorted((a, b) => rankOf(a.state) - rankOf(b.state)),
    [keys, wanted, text],
  );
  const word = (state: State): string => (state === "fresh" ? "done" : WORDS[state]);
  const columns = useMemo(
    (): readonly Column<KeyState>[] => [
      { id: "key", label: unit === "partition" ? "Partition" : "Key", width: "minmax(140px, 2fr)", cell: ({ key }) => <span class="nb-mono">{key}</span> },
      { id: "state", label: "State", width: "140px", cell: ({ state }) => <StateWord state={state}>{word(state)}</StateWord> },
      { id: "run", label: "Run", width: "120px", cell: ({ run }) => (run === null || run === "" ? null : <RunId run={run} />) },
    ],
    [unit],
  );
  return (
    <section class="nb-card" role="group" aria-label="State of each partition">
      <div class="nb-body nb-no-line">
        <Strip runs={runsOf(keys)} unit={`${unit}s`} height={14} />
        {keys.length > 1 && (
          <div class="nb-axis">
            <span class="nb-mono">{keys[0]?.key}</span>
            <span class="nb-mono">{keys.at(-1)?.key}</span>
          </div>
        )}
        <div class="nb-bar-row nb-key-bar">
          <Chip pressed={wanted === null} onClick={() => setWanted(null)}>
            All {grouped(keys.length)}
          </Chip>
          {counts.map(([state, count]) => (
            <Chip key={state} pressed={wanted === state} onClick={() => setWanted(wanted === state ? null : state)}>
              <Glyph state={state} /> {grouped(count)} {word(state)}
            </Chip>
          ))}
          <span class="nb-push nb-key-find">
            <TextField type="search" icon="search" label="Find a key" placeholder="Key" value={text} onChange={setText} />
          </span>
        </div>
      </div>
      <div class="nb-flush-table" style={{ height: `${Math.min(12, Math.max(2, shown.length)) * 28 + 30}px` }}>
        <DataTable label="Keys" columns={columns} rows={shown} keyOf={({ key }) => key} rowHeight={28} empty={<Empty title="No key passes the filter">{text}</Empty>} />
      </div>
    </section>
  );
}

function rankOf(state: State): number {
  return state === "failed" ? 0 : state === "running" || state === "retrying" ? 1 : 2;
}

/** Keys in their order as runs of equal states. */
export function runsOf(keys: readonly { readonly state: State }[]): Runs {
  const stops: number[] = [];
  const states: number[] = [];
  for (const [at, { state: name }] of keys.entries()) {
    const state = STATES.indexOf(name);
    if (states.at(-1) === state) stops[stops.length - 1] = at + 1;
    else {
      stops.push(at + 1);
      states.push(state);
    }
  }
  return { stops, states };
}
