// States along one line. Runs of equal neighbours are one piece; when there are more runs than pixels, pieces stand for several keys.

import type { JSX } from "preact";
import { countStates, lengthOf, slices } from "../client/runs";
import type { Runs, State } from "../client/wire.gen";
import { mostUrgent } from "./Glyph";
import { grouped, plural } from "./format";
import { WORDS } from "./glyphs";

export interface Piece {
  readonly state: State;
  readonly length: number;
  readonly isPartial: boolean;
}

const MOST_PIECES = 160;

export function Strip({ runs, unit, height = 10 }: { readonly runs: Runs; readonly unit: string; readonly height?: number }): JSX.Element {
  return (
    <div class="nb-strip" style={{ height: `${height}px` }} role="img" aria-label={describe(runs, unit)}>
      {piecesOf(runs).map((piece, at) => (
        <i key={at} data-state={piece.state} data-partial={piece.isPartial || undefined} style={{ flex: piece.length }} />
      ))}
    </div>
  );
}

/** Pieces that somebody else has counted. */
export function Pieces({ pieces, label, height = 10 }: { readonly pieces: readonly Piece[]; readonly label: string; readonly height?: number }): JSX.Element {
  return (
    <div class="nb-strip" style={{ height: `${height}px` }} role="img" aria-label={label}>
      {pieces.map((piece, at) => (
        <i key={at} data-state={piece.state} data-partial={piece.isPartial || undefined} style={{ flex: piece.length }} />
      ))}
    </div>
  );
}

/** At most 160 pieces; one for several unequal keys is partial and in the state of the most urgent. */
export function piecesOf(runs: Runs, most = MOST_PIECES): readonly Piece[] {
  if (runs.stops.length <= most) return [...slices(runs)].map(({ start, stop, state }) => ({ state, length: stop - start, isPartial: false }));
  const total = lengthOf(runs);
  return Array.from({ length: most }, (_, at) => {
    const start = Math.floor((at * total) / most);
    const stop = Math.floor(((at + 1) * total) / most);
    const states = new Set([...slices(runs, start, stop)].map(({ state }) => state));
    return { state: mostUrgent(states) ?? "missing", length: stop - start, isPartial: states.size > 1 };
  });
}

export function describe(runs: Runs, unit: string): string {
  const counts = [...countStates(runs)].map(([state, count]) => `${grouped(count)} ${WORDS[state]}`);
  return `${plural(lengthOf(runs), unit.replace(/s$/, ""), unit)}: ${counts.join(", ")}`;
}
