// The colours of the tokens as a canvas needs them. Probed, since a variable may hold light-dark() or a mix.

import type { State } from "../../client/wire.gen";
import { STATES } from "../../client/wire.gen";
import { STEPS } from "./summary";

export interface Palette {
  readonly fills: ReadonlyMap<State, string>;
  readonly tones: ReadonlyMap<State, string>;
  readonly steps: readonly string[];
  readonly onFill: string;
  readonly surface: string;
  readonly text: string;
  readonly text2: string;
  readonly ink: string;
  readonly accent: string;
  readonly line: string;
  readonly font: string;
}

export function readPalette(element: HTMLElement): Palette {
  const probe = document.createElement("span");
  probe.hidden = true;
  element.append(probe);
  const colour = (name: string): string => {
    probe.style.color = `var(--nb-${name})`;
    return getComputedStyle(probe).color;
  };
  const named = (state: State): string => (state === "problem" ? "failed" : state === "checkpassed" ? "fresh" : state);
  const style = getComputedStyle(element);
  const palette = {
    fills: new Map(STATES.map((state) => [state, colour(`${named(state)}-fill`)])),
    tones: new Map(STATES.map((state) => [state, colour(named(state))])),
    steps: Array.from({ length: STEPS }, (_, at) => colour(`seq-${at + 1}`)),
    onFill: colour("on-fill"),
    surface: colour("surface"),
    text: colour("text"),
    text2: colour("text-2"),
    ink: colour("ink"),
    accent: colour("accent"),
    line: colour("line"),
    font: style.fontFamily,
  };
  probe.remove();
  return palette;
}
