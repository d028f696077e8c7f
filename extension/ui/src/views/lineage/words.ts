// What a node says, in its box and to those who hear it.

import type { Count, NodeFacts, State } from "../../client/wire.gen";
import { briefAge, grouped } from "../../ui/format";
import { byUrgency, mostUrgent } from "../../ui/Glyph";
import { WORDS } from "../../ui/glyphs";
import type { NodeWords } from "./drawing";

const SAID_OTHERWISE: ReadonlyMap<State, readonly string[]> = new Map<State, readonly string[]>([
  ["missing", ["never run", "never made"]],
  ["problem", ["not defined", "cycle"]],
]);

/** The fact with the word of the state in it, and the age where there is room for one: "fresh, 6 min". */
export function wordsOf(node: NodeFacts, now: number): NodeWords {
  const word = WORDS[node.state];
  const said = node.fact.toLowerCase();
  const hasWord = said.includes(word) || (SAID_OTHERWISE.get(node.state) ?? []).some((other) => said.includes(other));
  const fact = node.fact === "" ? word : hasWord ? node.fact : `${word}, ${node.fact}`;
  const old = node.at === null ? "" : `, ${briefAge(node.at, now)}`;
  const counts = byUrgency(node.counts).map(({ state, count }) => `${grouped(count)} ${WORDS[state]}`);
  const label = [`${node.name}, ${fact}${old}`, ...(counts.length > 0 ? [counts.join(", ")] : []), ...(node.group === "default" ? [] : [`group ${node.group}`])];
  return { state: node.state, fact: `${fact}${old}`, label: label.join("; ") };
}

export function countNodes(nodes: readonly NodeFacts[]): readonly Count[] {
  const counts = new Map<State, number>();
  for (const { state } of nodes) counts.set(state, (counts.get(state) ?? 0) + 1);
  return byUrgency([...counts].map(([state, count]) => ({ state, count })));
}

/** What changed between two pictures, in one sentence; empty when no state did. */
export function changesIn(before: readonly NodeFacts[], after: readonly NodeFacts[]): string {
  const old = new Map(before.map((node) => [node.key, node.state]));
  const changed = after.filter((node) => old.has(node.key) && old.get(node.key) !== node.state);
  if (changed.length === 0) return "";
  if (changed.length <= 3) return changed.map((node) => `${node.name}: ${WORDS[node.state]}`).join("; ");
  const counts = countNodes(changed).map(({ state, count }) => `${grouped(count)} ${WORDS[state]}`);
  const first = changed.find((node) => node.state === mostUrgent(changed.map(({ state }) => state)));
  return `${counts.join(", ")}; among them ${first?.name ?? ""}`;
}
