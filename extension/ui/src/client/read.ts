// Readers: from what arrived (unknown) to a value of a known type, or a WireError that names the place.
// The generated wire is made of these; nothing else in the front end looks at raw JSON.

export class WireError extends Error {
  override readonly name = "WireError";
}

export type Reader<T> = (value: unknown) => T;
export type Fields = { readonly [key: string]: unknown };

export const text: Reader<string> = (value) => {
  if (typeof value === "string") return value;
  throw wants("a text", value);
};

export const real: Reader<number> = (value) => {
  if (typeof value === "number") return value;
  throw wants("a number", value);
};

export const whole: Reader<number> = (value) => {
  if (typeof value === "number" && Number.isInteger(value)) return value;
  throw wants("a whole number", value);
};

export const flag: Reader<boolean> = (value) => {
  if (typeof value === "boolean") return value;
  throw wants("true or false", value);
};

export function choice<const T extends string>(values: readonly T[]): Reader<T> {
  return (value) => {
    for (const known of values) if (known === value) return known;
    throw wants(values.join(", "), value);
  };
}

export function nullable<T>(read: Reader<T>): Reader<T | null> {
  return (value) => (value === null ? null : read(value));
}

export function list<T>(read: Reader<T>): Reader<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) throw wants("a list", value);
    const items: readonly unknown[] = value;
    return items.map((item, at) => inside(`[${at}]`, () => read(item)));
  };
}

export function pair<A, B>(first: Reader<A>, second: Reader<B>): Reader<readonly [A, B]> {
  return (value) => {
    const [a, b] = items(value, 2);
    return [first(a), second(b)];
  };
}

export function triple<A, B, C>(first: Reader<A>, second: Reader<B>, third: Reader<C>): Reader<readonly [A, B, C]> {
  return (value) => {
    const [a, b, c] = items(value, 3);
    return [first(a), second(b), third(c)];
  };
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function record<T>(build: (fields: Fields) => T): Reader<T> {
  return (value) => {
    if (isFields(value)) return build(value);
    throw wants("an object", value);
  };
}

export function need<T>(fields: Fields, key: string, read: Reader<T>): T {
  if (!(key in fields)) throw new WireError(`${key} is missing`);
  return inside(key, () => read(fields[key]));
}

export function have<T>(fields: Fields, key: string, read: Reader<T>, otherwise: NoInfer<T>): T {
  return key in fields ? inside(key, () => read(fields[key])) : otherwise;
}

/** A value of one of several types, told apart by the field `type`. */
export function one<T>(readers: { readonly [type: string]: Reader<T> }): Reader<T> {
  return (value) => {
    if (!isFields(value)) throw wants("an object", value);
    const type = value["type"];
    const read = typeof type === "string" && Object.hasOwn(readers, type) ? readers[type] : undefined;
    if (read === undefined) throw wants(`one of type ${Object.keys(readers).join(", ")}`, type);
    return read(value);
  };
}

function items(value: unknown, count: number): readonly unknown[] {
  if (Array.isArray(value) && value.length === count) return value;
  throw wants(`a list of ${count}`, value);
}

function inside<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireError) throw new WireError(`${place}${error.message.startsWith("[") ? "" : "."}${error.message}`);
    throw error;
  }
}

function wants(what: string, got: unknown): WireError {
  const shown = JSON.stringify(got) ?? String(got);
  return new WireError(`wants ${what}, got ${shown.length > 60 ? `${shown.slice(0, 60)}…` : shown}`);
}
