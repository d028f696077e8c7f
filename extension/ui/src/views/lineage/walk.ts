// Where an arrow key leads in the graph: along an edge, or to the neighbour in the same rank.

import type { Drawing } from "./drawing";

export type Arrow = "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight";

export function isArrow(key: string): key is Arrow {
  return key === "ArrowUp" || key === "ArrowDown" || key === "ArrowLeft" || key === "ArrowRight";
}

/** The node an arrow leads to, or the same one. `direction` says which way the edges run. */
export function step(drawing: Drawing, at: number, arrow: Arrow, direction: "down" | "right"): number {
  const along = direction === "down" ? { ArrowDown: 1, ArrowUp: -1 } : { ArrowRight: 1, ArrowLeft: -1 };
  const way = new Map<string, number>(Object.entries(along)).get(arrow);
  const centre = (index: number): readonly [number, number] => {
    const box = drawing.nodes[index]?.box ?? { x: 0, y: 0, width: 0, height: 0 };
    return direction === "down" ? [box.x + box.width / 2, box.y] : [box.y + box.height / 2, box.x];
  };
  const [across, rank] = centre(at);
  if (way !== undefined) {
    const linked = drawing.edges.flatMap(({ source, target }) => (way > 0 ? (source === at ? [target] : []) : target === at ? [source] : []));
    return nearest(linked, (index) => Math.abs(centre(index)[0] - across) + Math.abs(centre(index)[1] - rank) / 4) ?? at;
  }
  const sign = arrow === "ArrowRight" || arrow === "ArrowDown" ? 1 : -1;
  const beside = [...drawing.nodes.keys()].filter((index) => Math.sign(centre(index)[0] - across) === sign && Math.abs(centre(index)[1] - rank) < 30);
  return nearest(beside, (index) => Math.abs(centre(index)[0] - across)) ?? at;
}

/** Nodes in reading order: by rank, then across. */
export function inOrder(drawing: Drawing, direction: "down" | "right"): readonly number[] {
  const place = (at: number): readonly [number, number] => {
    const box = drawing.nodes[at]?.box ?? { x: 0, y: 0 };
    return direction === "down" ? [box.y, box.x] : [box.x, box.y];
  };
  return [...drawing.nodes.keys()].toSorted((a, b) => place(a)[0] - place(b)[0] || place(a)[1] - place(b)[1]);
}

function nearest(candidates: readonly number[], distance: (index: number) => number): number | null {
  let best: number | null = null;
  for (const index of candidates) if (best === null || distance(index) < distance(best)) best = index;
  return best;
}
