// Icons and the glyphs of states. A glyph never stands alone: `StateWord` puts the word beside it.

import type { ComponentChildren, JSX } from "preact";
import type { Count, State } from "../client/wire.gen";
import { grouped } from "./format";
import type { IconName } from "./glyphs";
import { GLYPHS, ICONS, URGENCY, WORDS } from "./glyphs";

export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="nb-i" viewBox="0 0 16 16" aria-hidden="true">
      <path d={ICONS[name]} stroke-width={name === "dots" ? 2 : undefined} />
    </svg>
  );
}

export function GlyphShapes({ state }: { readonly state: State }): JSX.Element {
  return (
    <>
      {GLYPHS[state].map((shape) => (
        <path
          key={shape.d}
          d={shape.d}
          fill-rule="evenodd"
          stroke-linecap="round"
          stroke-linejoin="round"
          {...(shape.line === undefined ? {} : { fill: "none", stroke: "currentColor", "stroke-width": shape.line })}
          {...(shape.dash === undefined ? {} : { "stroke-dasharray": shape.dash, "stroke-linecap": "butt" })}
          {...(shape.opacity === undefined ? {} : { opacity: shape.opacity })}
        />
      ))}
    </>
  );
}

export function Glyph({ state }: { readonly state: State }): JSX.Element {
  return (
    <svg class="nb-g" data-state={state} viewBox="0 0 12 12" aria-hidden="true">
      <g class={state === "running" ? "nb-turn" : undefined}>
        <GlyphShapes state={state} />
      </g>
    </svg>
  );
}

export function StateWord({ state, children }: { readonly state: State; readonly children?: ComponentChildren }): JSX.Element {
  return (
    <span class="nb-state" data-state={state}>
      <Glyph state={state} />
      <span class="nb-clip">{children ?? WORDS[state]}</span>
    </span>
  );
}

/** Counts of states, most urgent first: "3 failed", "17 stale". */
export function StateCounts({ counts, word }: { readonly counts: readonly Count[]; readonly word?: (state: State) => string }): JSX.Element {
  return (
    <>
      {byUrgency(counts).map(({ state, count }) => (
        <StateWord key={state} state={state}>
          {grouped(count)} {word?.(state) ?? WORDS[state]}
        </StateWord>
      ))}
    </>
  );
}

export function byUrgency(counts: readonly Count[]): readonly Count[] {
  return counts.filter(({ count }) => count > 0).toSorted((a, b) => URGENCY.indexOf(a.state) - URGENCY.indexOf(b.state));
}

export function mostUrgent(states: Iterable<State>): State | null {
  let best: State | null = null;
  for (const state of states) if (best === null || URGENCY.indexOf(state) < URGENCY.indexOf(best)) best = state;
  return best;
}
