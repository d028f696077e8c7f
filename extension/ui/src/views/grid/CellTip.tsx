// What a pointer over a cell tells. One key is asked for by name; a cell of several keys tells its counts.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Keys } from "../../client/keys";
import { keyName } from "../../client/keys";
import { countStates, stateAt } from "../../client/runs";
import { size } from "../../client/spans";
import type { GridView } from "../../client/wire.gen";
import { StateCounts, StateWord } from "../../ui/Glyph";
import { brief } from "../../ui/format";
import { useLoaded } from "../../ui/hooks";
import type { Anchor } from "../../ui/Pop";
import { Tip } from "../../ui/Pop";
import { useDesk } from "../host";
import { RunLink } from "../Words";
import type { Layout } from "./layout";
import type { Scale } from "./summary";
import { valueOf } from "./summary";

export function CellTip(props: {
  readonly view: GridView;
  readonly dimensions: readonly Keys[];
  readonly layout: Layout;
  readonly scale: Scale | null;
  readonly cell: number;
  readonly anchor: Anchor;
  readonly onEnter: () => void;
  readonly onLeave: () => void;
}): JSX.Element | null {
  const spans = props.layout.spans(props.cell);
  const [first] = spans;
  if (first === undefined) return null;
  const value = props.scale === null ? null : valueOf(props.scale, spans);
  return (
    <Tip anchor={props.anchor} onEnter={props.onEnter} onLeave={props.onLeave}>
      {size(spans) === 1 ? (
        <OneKey view={props.view} position={first[0]} name={keyName(props.dimensions, first[0])} />
      ) : (
        <>
          <div class="nb-strong">{props.layout.name(props.cell)}</div>
          <div class="nb-row nb-wrap" style={{ gap: "0 12px" }}>
            <StateCounts counts={[...countStates(props.view.states, spans)].map(([state, count]) => ({ state, count }))} />
          </div>
        </>
      )}
      {value !== null && <div class="nb-micro">{brief(value)}{size(spans) > 1 ? " on average" : ""}</div>}
    </Tip>
  );
}

function OneKey({ view, position, name }: { readonly view: GridView; readonly position: number; readonly name: string }): JSX.Element {
  const desk = useDesk();
  const state = stateAt(view.states, position);
  const [shown] = useState(position);
  const [loaded] = useLoaded(() => desk.store.ask({ type: "fetch_key", asset: view.asset, position }), [position, state, shown]);
  const facts = loaded.state === "done" && loaded.value.type === "key" ? loaded.value : null;
  return (
    <>
      <div class="nb-row">
        <span class="nb-mono nb-strong">{name}</span>
        <StateWord state={state} />
      </div>
      {facts?.lines.map((line) => (
        <div key={line} class="nb-micro">
          {line}
        </div>
      ))}
      {facts !== null && (facts.can_why || facts.run !== null) && (
        <div class="nb-micro nb-row">
          {facts.can_why && (
            <button type="button" class="nb-link" onClick={() => desk.open({ type: "fetch_why", asset: view.asset, partition: name })}>
              Why
            </button>
          )}
          {facts.run !== null && <RunLink run={facts.run} />}
        </div>
      )}
    </>
  );
}
