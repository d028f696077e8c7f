// Which names a few typed letters mean. Pure.

import type { IconName } from "../../ui/glyphs";

export interface Found {
  readonly kind: string;
  readonly name: string;
  readonly to: string;
  readonly icon: IconName;
  readonly isKey: boolean;
  /** Other words it is found by, after its name. */
  readonly also: string;
}

const RUN = /^[0-9a-f]{8}[0-9a-f-]*$/i;

/** The best first: equal, then beginning with it, then with a part that begins so, then with it inside, then with its letters in order. */
export function find(all: readonly Found[], text: string): readonly Found[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return all.filter(({ kind }) => kind === "page");
  const ranked = all
    .map((found) => ({ found, rank: rankOf(found.name.toLowerCase(), wanted) ?? (found.also.toLowerCase().startsWith(wanted) ? 5 : null) }))
    .flatMap(({ found, rank }) => (rank === null ? [] : [{ found, rank }]))
    .sort((a, b) => a.rank - b.rank || a.found.name.length - b.found.name.length || a.found.name.localeCompare(b.found.name));
  const run: readonly Found[] = RUN.test(wanted) ? [{ kind: "run", name: wanted, to: `/runs/${wanted}`, icon: "play", isKey: true, also: "" }] : [];
  return [...ranked.map(({ found }) => found), ...run];
}

function rankOf(name: string, wanted: string): number | null {
  if (name === wanted) return 0;
  if (name.startsWith(wanted)) return 1;
  if (name.split(/[^a-z0-9]+/).some((part) => part.startsWith(wanted))) return 2;
  if (name.includes(wanted)) return 3;
  let at = 0;
  for (const letter of wanted) {
    at = name.indexOf(letter, at) + 1;
    if (at === 0) return null;
  }
  return 4;
}
