// Where the ops of a job stand: ranks by the longest way from a source, within a rank ordered by the middle of what they read
// (Sugiyama et al. 1981, section 3). Jobs of ops are small; the lineage of assets is drawn by the server.

export interface Op {
  readonly name: string;
  readonly reads: readonly string[];
}

export interface PlacedOp extends Op {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly path: string;
}

export interface OpPicture {
  readonly ops: readonly PlacedOp[];
  readonly edges: readonly Edge[];
  readonly width: number;
  readonly height: number;
}

const TALL = 30;
const LETTER = 7;
const GAP_X = 24;
const GAP_Y = 34;
const EDGE = 12;
/** Width of the place where an edge passes a rank. */
const PASS = 8;

export function placeOps(ops: readonly Op[]): OpPicture {
  const names = new Set(ops.map(({ name }) => name));
  const known = ops.map((op) => ({ ...op, reads: [...new Set(op.reads)].filter((read) => names.has(read) && read !== op.name) }));
  const ranks = ranksOf(known);
  const rows: Point[][] = Array.from({ length: Math.max(-1, ...ranks.values()) + 1 }, () => []);
  for (const op of known) rows[ranks.get(op.name) ?? 0]?.push({ name: op.name, above: [], width: widthOf(op.name), x: 0 });
  const points = new Map(rows.flatMap((row) => row.map((point): [string, Point] => [point.name, point])));
  // An edge over several ranks passes a free point in each, so that it crosses no op.
  const ways = known.flatMap((op) => op.reads.map((read) => ({ from: read, to: op.name, by: wayOf(read, op.name, ranks, rows, points) })));
  const widest = Math.max(...rows.map(rowWidth), 0);
  for (const row of rows) {
    row.sort((a, b) => (middleOf(a) === middleOf(b) ? 0 : middleOf(a) - middleOf(b)));
    let x = EDGE + (widest - rowWidth(row)) / 2;
    for (const point of row) {
      point.x = x;
      x += point.width + GAP_X;
    }
  }
  const y = (name: string): number => EDGE + (ranks.get(name) ?? 0) * (TALL + GAP_Y);
  const edges = ways.map(({ from, to, by }) => ({ from, to, path: pathOf([...by, points.get(to)].map((point) => (point === undefined ? 0 : centre(point))), centre(points.get(from)), y(from) + TALL) }));
  return {
    ops: known.map((op) => ({ ...op, x: points.get(op.name)?.x ?? 0, y: y(op.name), width: widthOf(op.name) })),
    edges,
    width: widest + 2 * EDGE,
    height: Math.max(0, rows.length * (TALL + GAP_Y) - GAP_Y) + 2 * EDGE,
  };
}

/** An op, or where an edge passes a rank. */
interface Point {
  readonly name: string;
  readonly above: Point[];
  readonly width: number;
  x: number;
}

function wayOf(from: string, to: string, ranks: ReadonlyMap<string, number>, rows: readonly Point[][], points: ReadonlyMap<string, Point>): readonly Point[] {
  const way: Point[] = [];
  let last = points.get(from);
  for (let rank = (ranks.get(from) ?? 0) + 1; rank < (ranks.get(to) ?? 0); rank += 1) {
    const point: Point = { name: "", above: last === undefined ? [] : [last], width: PASS, x: 0 };
    rows[rank]?.push(point);
    way.push(point);
    last = point;
  }
  if (last !== undefined) points.get(to)?.above.push(last);
  return way;
}

function centre(point: Point | undefined): number {
  return point === undefined ? 0 : point.x + point.width / 2;
}

function middleOf({ above }: Point): number {
  return above.length === 0 ? Infinity : above.reduce((sum, point) => sum + centre(point), 0) / above.length;
}

function ranksOf(ops: readonly Op[]): ReadonlyMap<string, number> {
  const byName = new Map(ops.map((op) => [op.name, op]));
  const ranks = new Map<string, number>();
  const visit = (name: string, above: ReadonlySet<string>): number => {
    const found = ranks.get(name);
    if (found !== undefined) return found;
    // A ring cannot be a job; if one came here it would be cut where it closes.
    if (above.has(name)) return 0;
    const inside = new Set([...above, name]);
    const rank = Math.max(-1, ...(byName.get(name)?.reads ?? []).map((read) => visit(read, inside))) + 1;
    ranks.set(name, rank);
    return rank;
  };
  for (const { name } of ops) visit(name, new Set());
  return ranks;
}

function widthOf(name: string): number {
  return Math.max(64, Math.round(name.length * LETTER) + 22);
}

function rowWidth(row: readonly Point[]): number {
  return row.reduce((sum, { width }) => sum + width, 0) + Math.max(0, row.length - 1) * GAP_X;
}

/** Down, across between two ranks, down: right angles with round corners, from one centre to the next. */
function pathOf(centres: readonly number[], x: number, y: number): string {
  let path = `M${x} ${y}`;
  let [at, top] = [x, y];
  for (const [index, next] of centres.entries()) {
    const stop = top + GAP_Y + (index < centres.length - 1 ? TALL : 0);
    const middle = top + GAP_Y / 2;
    const bend = Math.min(6, Math.abs(next - at) / 2);
    const sign = Math.sign(next - at);
    path += Math.abs(next - at) < 0.5 ? `V${stop}` : `V${middle - bend}Q${at} ${middle} ${at + sign * bend} ${middle}H${next - sign * bend}Q${next} ${middle} ${next} ${middle + bend}V${stop}`;
    [at, top] = [next, stop];
  }
  return path;
}

export const OP_HEIGHT = TALL;
