// A day of ticks as equal pieces of time: what happened in each, the most telling of several; then what is to come.

import type { State } from "../../client/wire.gen";
import { mostUrgent } from "../../ui/Glyph";
import { tickLook } from "../parts/runStates";

export interface TickPoint {
  readonly status: string;
  readonly timestamp: number;
  readonly missed: number;
}

export interface Piece {
  readonly from: number;
  readonly to: number;
  readonly state: State | null;
  readonly count: number;
  readonly isComing: boolean;
}

export const PAST = 24;
export const AHEAD = 6;

/** One piece an hour: `PAST` of them until now, `AHEAD` after. Now is always the border, not the middle, of a piece. */
export function strip(ticks: readonly TickPoint[], coming: readonly number[], now: number, hour = 3_600): readonly Piece[] {
  return Array.from({ length: PAST + AHEAD }, (_, at) => {
    const from = now - (PAST - at) * hour;
    const to = from + hour;
    const isComing = at >= PAST;
    if (isComing) {
      const count = coming.filter((time) => time >= from && time < to).length;
      return { from, to, state: count > 0 ? ("queued" as const) : null, count, isComing };
    }
    const inside = ticks.filter(({ timestamp }) => timestamp >= from && timestamp < to);
    const states = inside.map(({ status, missed }) => tickLook(status, missed).state);
    return { from, to, state: mostTelling(states), count: inside.length, isComing };
  });
}

/** A tick that ran says more than one that had nothing to do, unless something failed. */
function mostTelling(states: readonly State[]): State | null {
  const telling = states.filter((state) => state !== "skipped");
  return mostUrgent(telling.length > 0 ? telling : states);
}
