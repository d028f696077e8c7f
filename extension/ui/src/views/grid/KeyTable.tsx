// The grid as a table: every key with its state, for those who read rather than look. Only the rows in sight exist.

import type { JSX } from "preact";
import type { Keys } from "../../client/keys";
import { keyName } from "../../client/keys";
import { lengthOf, stateAt } from "../../client/runs";
import { has, union, without } from "../../client/spans";
import type { Runs, Spans } from "../../client/wire.gen";
import { StateWord } from "../../ui/Glyph";
import { VirtualList } from "../../ui/List";

export function KeyTable(props: {
  readonly dimensions: readonly Keys[];
  readonly runs: Runs;
  readonly selected: Spans;
  readonly onSelect: (spans: Spans) => void;
  readonly onOpen: (position: number) => void;
}): JSX.Element {
  return (
    <VirtualList
      label="Partitions"
      count={lengthOf(props.runs)}
      rowHeight={26}
      height={300}
      row={(position) => {
        const name = keyName(props.dimensions, position);
        const span: Spans = [[position, position + 1]];
        const isChosen = has(props.selected, position);
        return (
          <div class="nb-row nb-small nb-key-row">
            <input
              type="checkbox"
              aria-label={`Select ${name}`}
              checked={isChosen}
              onChange={() => props.onSelect(isChosen ? without(props.selected, span) : union(props.selected, span))}
            />
            <button type="button" class="nb-link nb-mono nb-key-name" onClick={() => props.onOpen(position)}>
              {name}
            </button>
            <StateWord state={stateAt(props.runs, position)} />
          </div>
        );
      }}
    />
  );
}
