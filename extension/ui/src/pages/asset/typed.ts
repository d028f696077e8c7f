// Partitions as they are typed into a dialog. Pure.

export interface Range {
  readonly start: string;
  readonly end: string;
}

/** "a...b", "[a...b]", "a..b" or one key; both ends belong to it. Null for anything else. */
export function rangeIn(text: string): Range | null {
  const bare = text.trim().replace(/^\[(.*)\]$/, "$1").trim();
  if (bare === "" || bare.includes(",")) return null;
  const [start = "", end = start, more] = bare.split(/\.{2,3}/).map((part) => part.trim());
  return start === "" || end === "" || more !== undefined ? null : { start, end };
}

/** Keys parted by commas or lines, each once. */
export function keysIn(text: string): readonly string[] {
  return [...new Set(text.split(/[,\n]/).map((key) => key.trim()).filter((key) => key !== ""))];
}
