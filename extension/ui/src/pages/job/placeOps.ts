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

export function placeOps(ops: readonly Op[]): OpPicture {
  const names = new Set(ops.map(({ name }) => name));
  const known = ops.map((op) => ({ ...op, reads: [...new Set(op.reads)].filter((read) => names.has(read) && read !== op.name) }));
  const ranks = ranksOf(known);
  const rows = Array.from({ length: Math.max(-1, ...ranks.values()) + 1 }, (_, rank) => known.filter(({ name }) => ranks.get(name) === rank));
  const placed = new Map<string, PlacedOp>();
  const widest = Math.max(...rows.map(rowWidth), 0);
  for (const [rank, row] of rows.entries()) {
    const middle = (op: (typeof known)[number]): number => {
      const above = op.reads.flatMap((read) => placed.get(read) ?? []);
      return above.length === 0 ? Infinity : above.reduce((sum, one) => sum + one.x + one.width / 2, 0) / above.length;
    };
    const ordered = row.map((op) => ({ op, at: middle(op) })).sort((a, b) => (a.at === b.at ? 0 : a.at - b.at));
    let x = EDGE + (widest - rowWidth(row)) / 2;
    for (const { op } of ordered) {
      const width = widthOf(op.name);
      placed.set(op.name, { ...op, x, y: EDGE + rank * (TALL + GAP_Y), width });
      x += width + GAP_X;
    }
  }
  const edges = known.flatMap((op) => op.reads.flatMap((read) => edge(placed.get(read), placed.get(op.name))));
  return { ops: [...placed.values()], edges, width: widest + 2 * EDGE, height: Math.max(0, rows.length * (TALL + GAP_Y) - GAP_Y) + 2 * EDGE };
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

function rowWidth(row: readonly Op[]): number {
  return row.reduce((sum, { name }) => sum + widthOf(name), 0) + Math.max(0, row.length - 1) * GAP_X;
}

/** Down, across half-way, down: right angles with round corners. */
function edge(from: PlacedOp | undefined, to: PlacedOp | undefined): readonly Edge[] {
  if (from === undefined || to === undefined) return [];
  const [x1, y1, x2, y2] = [from.x + from.width / 2, from.y + TALL, to.x + to.width / 2, to.y];
  const middle = y2 - GAP_Y / 2;
  const bend = Math.min(6, Math.abs(x2 - x1) / 2);
  const sign = Math.sign(x2 - x1);
  const path = Math.abs(x2 - x1) < 0.5 ? `M${x1} ${y1}V${y2}` : `M${x1} ${y1}V${middle - bend}Q${x1} ${middle} ${x1 + sign * bend} ${middle}H${x2 - sign * bend}Q${x2} ${middle} ${x2} ${middle + bend}V${y2}`;
  return [{ from: from.name, to: to.name, path }];
}

export const OP_HEIGHT = TALL;
