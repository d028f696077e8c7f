// Partition keys and their positions. Keys of time windows are computed, so that 100,000 of them cost nothing to hold.
// Local time is kept as milliseconds of a UTC clock that shows the local wall time.

import type { Dimension, ListKeys, TimeKeys } from "./wire.gen";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

export interface Keys {
  readonly name: string;
  readonly count: number;
  /** The key at a position, as it is typed. */
  key(position: number): string;
  /** What people read beside the key, or nothing. */
  label(position: number): string;
  /** The position of a key; null if there is none. */
  find(key: string): number | null;
  /** Positions whose keys begin with this text, as one span, for keys of time windows: ``2013-06`` is a month. */
  findPrefix(text: string): readonly [number, number] | null;
  readonly time: TimeLine | null;
}

/** The local wall time of positions. */
export interface TimeLine {
  readonly step: TimeKeys["step"];
  at(position: number): number;
  /** The first position that begins at this local time or later. */
  first(ms: number): number;
}

export function keysOf(dimension: Dimension): Keys {
  return dimension.keys.type === "time" ? timeKeys(dimension.name, dimension.keys) : listKeys(dimension.name, dimension.keys);
}

function listKeys(name: string, keys: ListKeys): Keys {
  let positions: ReadonlyMap<string, number> | null = null;
  return {
    name,
    count: keys.keys.length,
    key: (position) => keys.keys[position] ?? "",
    label: (position) => keys.labels[position] ?? "",
    find: (key) => {
      positions ??= new Map(keys.keys.map((known, at) => [known, at]));
      return positions.get(key) ?? null;
    },
    findPrefix: () => null,
    time: null,
  };
}

function timeKeys(name: string, keys: TimeKeys): Keys {
  const line = timeLine(keys);
  const renamed = new Map(keys.renamed);
  const places = new Map(keys.renamed.map(([position, key]) => [key, position]));
  const key = (position: number): string => renamed.get(position) ?? strftime(line.at(position), keys.pattern);
  const find = (wanted: string): number | null => {
    const place = places.get(wanted);
    if (place !== undefined) return place;
    const ms = strptime(wanted, keys.pattern);
    if (ms === null) return null;
    const near = line.first(ms);
    for (const position of [near, near - 1, near + 1]) {
      if (position >= 0 && position < keys.count && key(position) === wanted) return position;
    }
    return null;
  };
  const findPrefix = (text: string): readonly [number, number] | null => {
    const bounds = periodOf(text);
    if (bounds === null) return null;
    const span = [line.first(bounds[0]), line.first(bounds[1])] as const;
    return span[0] < span[1] ? span : null;
  };
  return { name, count: keys.count, key, label: () => "", find, findPrefix, time: line };
}

function timeLine(keys: TimeKeys): TimeLine {
  const start = Date.parse(`${keys.start.slice(0, 16)}Z`);
  const shift = (position: number): number => {
    let minutes = 0;
    for (const [from, more] of keys.shifts) if (position >= from) minutes += more;
    return minutes * 60_000;
  };
  const at = (position: number): number => {
    if (keys.step !== "month") return start + position * STEP[keys.step] + shift(position);
    const day = new Date(start);
    return Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + position, day.getUTCDate(), day.getUTCHours(), day.getUTCMinutes());
  };
  const first = (ms: number): number => {
    let low = 0;
    let high = keys.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at(middle) < ms) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return { step: keys.step, at, first };
}

const STEP = { hour: HOUR, day: DAY, week: 7 * DAY } as const;
const FIELDS: ReadonlyMap<string, { readonly digits: number; readonly of: (date: Date) => number }> = new Map([
  ["Y", { digits: 4, of: (date: Date) => date.getUTCFullYear() }],
  ["m", { digits: 2, of: (date: Date) => date.getUTCMonth() + 1 }],
  ["d", { digits: 2, of: (date: Date) => date.getUTCDate() }],
  ["H", { digits: 2, of: (date: Date) => date.getUTCHours() }],
  ["M", { digits: 2, of: (date: Date) => date.getUTCMinutes() }],
  ["S", { digits: 2, of: (date: Date) => date.getUTCSeconds() }],
]);

/** A local time by a pattern of ``%Y %m %d %H %M %S``; anything else stands as it is. */
export function strftime(ms: number, pattern: string): string {
  const date = new Date(ms);
  return pattern.replace(/%([A-Za-z%])/g, (whole, field: string) => {
    const known = FIELDS.get(field);
    if (known === undefined) return field === "%" ? "%" : whole;
    return String(known.of(date)).padStart(known.digits, "0");
  });
}

/** The local time that `strftime` would write so; null if the text does not fit the pattern. */
export function strptime(text: string, pattern: string): number | null {
  const names: string[] = [];
  const expression = pattern.replace(/%([A-Za-z])|[.*+?^${}()|[\]\\/]/g, (whole, field: string | undefined) => {
    const known = field === undefined ? undefined : FIELDS.get(field);
    if (field === undefined || known === undefined) return `\\${whole}`;
    names.push(field);
    return `(\\d{${known.digits}})`;
  });
  const match = new RegExp(`^${expression}$`).exec(text);
  if (match === null) return null;
  const value = new Map(names.map((name, at) => [name, Number(match[at + 1])]));
  const part = (name: string, otherwise: number): number => value.get(name) ?? otherwise;
  return Date.UTC(part("Y", 1970), part("m", 1) - 1, part("d", 1), part("H", 0), part("M", 0), part("S", 0));
}

/** The time from the start to the end of a year, month, day or hour: ``2013``, ``2013-06``, ``2013-06-01``, ``2013-06-01-05``. */
function periodOf(text: string): readonly [number, number] | null {
  const match = /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[-T ](\d{2}))?)?)?$/.exec(text);
  if (match === null) return null;
  const [year, month, day, hour] = [match[1], match[2], match[3], match[4]].map((part) => (part === undefined ? null : Number(part)));
  if (year === null || year === undefined) return null;
  const at = (m: number, d: number, h: number): number => Date.UTC(year, m, d, h);
  if (month === null || month === undefined) return [at(0, 1, 0), at(12, 1, 0)];
  if (day === null || day === undefined) return [at(month - 1, 1, 0), at(month, 1, 0)];
  if (hour === null || hour === undefined) return [at(month - 1, day, 0), at(month - 1, day + 1, 0)];
  return [at(month - 1, day, hour), at(month - 1, day, hour + 1)];
}

/** The key of a position of several dimensions: its parts joined by ``|``, as they are typed. */
export function keyName(dimensions: readonly Keys[], position: number): string {
  return digitsOf(dimensions, position)
    .map((digit, at) => dimensions[at]?.key(digit) ?? "")
    .join("|");
}

export function digitsOf(dimensions: readonly Keys[], position: number): readonly number[] {
  const digits: number[] = [];
  let rest = position;
  for (const keys of dimensions.toReversed()) {
    digits.unshift(rest % keys.count);
    rest = Math.floor(rest / keys.count);
  }
  return digits;
}

export function positionOf(dimensions: readonly Keys[], digits: readonly number[]): number {
  return dimensions.reduce((sum, keys, at) => sum * keys.count + (digits[at] ?? 0), 0);
}
