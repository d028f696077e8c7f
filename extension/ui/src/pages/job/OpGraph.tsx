// The ops of a job and what passes between them.

import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { plural } from "../../ui/format";
import type { Op } from "./placeOps";
import { OP_HEIGHT, placeOps } from "./placeOps";

export function OpGraph({ ops, label }: { readonly ops: readonly Op[]; readonly label: string }): JSX.Element {
  const picture = useMemo(() => placeOps(ops), [ops]);
  const [chosen, setChosen] = useState<string | null>(null);
  const near = useMemo(() => new Set(picture.edges.flatMap(({ from, to }) => (from === chosen ? [to] : to === chosen ? [from] : []))), [picture, chosen]);
  return (
    <div class="nb-op-graph" role="group" aria-label={`${label}, ${plural(ops.length, "op")}`}>
      <svg width={picture.width} height={picture.height} viewBox={`0 0 ${picture.width} ${picture.height}`} role="list" aria-label="Ops">
        {picture.edges.map((edge) => (
          <path key={`${edge.from} ${edge.to}`} class="nb-op-edge" data-on={edge.from === chosen || edge.to === chosen || undefined} d={edge.path} aria-hidden="true" />
        ))}
        {picture.ops.map((op) => (
          <g
            key={op.name}
            role="listitem"
            class="nb-op"
            tabIndex={0}
            transform={`translate(${op.x} ${op.y})`}
            data-chosen={op.name === chosen || undefined}
            data-near={near.has(op.name) || undefined}
            aria-label={`${op.name}${op.reads.length === 0 ? "" : `, reads ${op.reads.join(", ")}`}`}
            onClick={() => setChosen(op.name === chosen ? null : op.name)}
            onFocus={() => setChosen(op.name)}
            onBlur={() => setChosen(null)}
          >
            <rect width={op.width} height={OP_HEIGHT} rx="4" />
            <text x={op.width / 2} y={OP_HEIGHT / 2 + 4} text-anchor="middle">
              {op.name}
            </text>
          </g>
        ))}
      </svg>
    </div>
  );
}
