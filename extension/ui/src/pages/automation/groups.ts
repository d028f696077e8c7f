// Ticks that say the same, one after the other, as one: a sensor that fails every minute is one line, not a page of them.

export interface Same {
  readonly tickId: string;
  readonly status: string;
  readonly timestamp: number;
  readonly runIds: readonly string[];
  readonly skipReason: string | null;
  readonly missed: number;
  readonly error: { readonly message: string } | null;
}

export interface TickGroup<T extends Same> {
  /** The newest. */
  readonly tick: T;
  /** Those before it that say the same, newest first. */
  readonly more: readonly T[];
}

export function groupTicks<T extends Same>(ticks: readonly T[]): readonly TickGroup<T>[] {
  const groups: { tick: T; more: T[] }[] = [];
  for (const tick of ticks) {
    const last = groups.at(-1);
    if (last !== undefined && isSame(last.tick, tick)) last.more.push(tick);
    else groups.push({ tick, more: [] });
  }
  return groups;
}

/** Only ticks that started nothing, and say why in the same words. */
function isSame(a: Same, b: Same): boolean {
  return a.runIds.length === 0 && b.runIds.length === 0 && a.missed === 0 && b.missed === 0 && a.status === b.status && a.skipReason === b.skipReason && a.error?.message === b.error?.message;
}
