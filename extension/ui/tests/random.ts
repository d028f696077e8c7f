/** A small, seeded source of numbers: tests that look for counter-examples do the same each time. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
}

export function numbers(start: number, stop: number): number[] {
  return Array.from({ length: Math.max(0, stop - start) }, (_, at) => start + at);
}
