// The last day of a schedule or sensor, and the next hours.

import type { JSX } from "preact";
import { clock, plural } from "../../ui/format";
import { tickLook } from "../parts/runStates";
import type { TickPoint } from "./strip";
import { strip } from "./strip";

export function TickStrip({ ticks, coming, now, name }: { readonly ticks: readonly TickPoint[]; readonly coming: readonly number[]; readonly now: number; readonly name: string }): JSX.Element {
  const pieces = strip(ticks, coming, now);
  const failed = ticks.filter(({ status }) => status === "FAILURE").length;
  const missed = ticks.reduce((sum, tick) => sum + tick.missed, 0);
  const ran = ticks.filter(({ status, missed: gone }) => status === "SUCCESS" && gone === 0).length;
  const words = [`${plural(ran, "tick")} ran`, ...(failed > 0 ? [`${failed} failed`] : []), ...(missed > 0 ? [`${missed} missed`] : [])].join(", ");
  return (
    <span class="nb-tick-strip" role="img" aria-label={`${name}, the last day: ${words}`}>
      {pieces.map((piece) => (
        <i
          key={piece.from - now}
          data-state={piece.state ?? undefined}
          data-coming={piece.isComing || undefined}
          title={piece.state === null ? undefined : `${clock(piece.from).slice(0, 5)} to ${clock(piece.to).slice(0, 5)}: ${piece.isComing ? plural(piece.count, "tick") + " to come" : plural(piece.count, "tick") + ", " + wordOf(piece.state)}`}
        />
      ))}
    </span>
  );
}

function wordOf(state: string): string {
  for (const status of ["SUCCESS", "SKIPPED", "FAILURE", "STARTED"]) {
    const look = tickLook(status, 0);
    if (look.state === state) return look.word;
  }
  return "missed";
}
