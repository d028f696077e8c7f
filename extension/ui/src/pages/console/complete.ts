// Completion in a query: which type the cursor stands in, found by reading the text up to it, and the names that fit there.
// Half-written queries are the normal case, so this reads words and brackets and never refuses.

export interface TypeFacts {
  readonly name: string;
  readonly kind: string;
  readonly fields: readonly FieldFacts[];
  /** What a union or an interface can be. */
  readonly possible: readonly string[];
}

export interface FieldFacts {
  readonly name: string;
  /** The named type, without list and non-null. */
  readonly type: string;
  readonly shown: string;
  readonly description: string;
  readonly args: readonly { readonly name: string; readonly shown: string }[];
}

export interface SchemaFacts {
  readonly types: ReadonlyMap<string, TypeFacts>;
  readonly roots: { readonly [operation: string]: string };
}

export interface Proposal {
  readonly label: string;
  readonly detail: string;
  /** What replaces the word at the cursor. */
  readonly insert: string;
}

interface Frame {
  readonly type: string | null;
  last: string | null;
}

const WORDS = /#[^\n]*|"""[\s\S]*?(?:"""|$)|"(?:\\.|[^"\\\n])*"?|\.\.\.|[A-Za-z_]\w*|[{}()[\]:!$=@,]|\S/g;

export function complete(schema: SchemaFacts, text: string, cursor: number): { readonly from: number; readonly proposals: readonly Proposal[] } {
  const before = text.slice(0, cursor);
  const word = /[A-Za-z_]\w*$/.exec(before)?.[0] ?? "";
  const from = cursor - word.length;
  const place = placeAt(schema, before.slice(0, from));
  const all = place === null ? [] : place.proposals;
  const low = word.toLowerCase();
  const fitting = all.filter(({ label }) => label.toLowerCase().startsWith(low));
  const inside = all.filter(({ label }) => label.toLowerCase().includes(low) && !label.toLowerCase().startsWith(low));
  return { from, proposals: [...fitting, ...inside].filter(({ label }) => label !== word).slice(0, 40) };
}

function placeAt(schema: SchemaFacts, before: string): { readonly proposals: readonly Proposal[] } | null {
  const frames: Frame[] = [];
  let parens = 0;
  let operation = "query";
  let condition: string | null = null;
  let previous = "";
  for (const [token] of before.matchAll(WORDS)) {
    if (token.startsWith("#") || token.startsWith('"')) continue;
    const top = frames.at(-1);
    if (token === "(") parens += 1;
    else if (token === ")") parens = Math.max(0, parens - 1);
    else if (parens > 0) {
      // Arguments: nothing in them moves the type.
    } else if (token === "{") {
      if (top === undefined) frames.push({ type: condition ?? schema.roots[operation] ?? null, last: null });
      else frames.push({ type: condition ?? fieldType(schema, top), last: null });
      condition = null;
    } else if (token === "}") frames.pop();
    else if (previous === "on") condition = token;
    else if (top === undefined && token in schema.roots) operation = token;
    else if (/^\w/.test(token) && token !== "on" && top !== undefined && previous !== "@") top.last = token;
    previous = token;
  }
  const top = frames.at(-1);
  if (parens > 0) return top === undefined ? null : { proposals: argumentsOf(schema, top) };
  if (previous === "on" || previous === "...") return { proposals: conditionsOf(schema, top?.type ?? null, previous === "on") };
  if (top === undefined) return { proposals: Object.keys(schema.roots).map((name) => ({ label: name, detail: "operation", insert: `${name} {\n  \n}` })) };
  return { proposals: fieldsOf(schema, top.type) };
}

function fieldType(schema: SchemaFacts, frame: Frame): string | null {
  const type = frame.type === null ? undefined : schema.types.get(frame.type);
  return type?.fields.find(({ name }) => name === frame.last)?.type ?? null;
}

function fieldsOf(schema: SchemaFacts, type: string | null): readonly Proposal[] {
  const known = type === null ? undefined : schema.types.get(type);
  if (known === undefined) return [];
  const fields = known.fields.map((field) => ({ label: field.name, detail: field.shown, insert: field.name }));
  const own = { label: "__typename", detail: "String!", insert: "__typename" };
  return known.possible.length > 0 ? [...fields, own, { label: "... on", detail: "one of its types", insert: "... on " }] : [...fields, own];
}

function argumentsOf(schema: SchemaFacts, frame: Frame): readonly Proposal[] {
  const type = frame.type === null ? undefined : schema.types.get(frame.type);
  const field = type?.fields.find(({ name }) => name === frame.last);
  return (field?.args ?? []).map(({ name, shown }) => ({ label: name, detail: shown, insert: `${name}: ` }));
}

function conditionsOf(schema: SchemaFacts, type: string | null, hasOn: boolean): readonly Proposal[] {
  const known = type === null ? undefined : schema.types.get(type);
  const names = known === undefined ? [] : known.possible.length > 0 ? known.possible : [known.name];
  return names.map((name) => ({ label: name, detail: "type", insert: hasOn ? name : ` on ${name}` }));
}

/** The facts out of an introspection answer; what cannot be read is left out. */
export function factsOf(answer: unknown): SchemaFacts {
  const schema = part(answer, "__schema");
  const types = new Map<string, TypeFacts>();
  for (const type of items(part(schema, "types"))) {
    const name = string(part(type, "name"));
    types.set(name, {
      name,
      kind: string(part(type, "kind")),
      possible: items(part(type, "possibleTypes")).map((one) => string(part(one, "name"))),
      fields: [...items(part(type, "fields")), ...items(part(type, "inputFields"))].map((field) => ({
        name: string(part(field, "name")),
        description: string(part(field, "description")),
        type: named(part(field, "type")),
        shown: shown(part(field, "type")),
        args: items(part(field, "args")).map((arg) => ({ name: string(part(arg, "name")), shown: shown(part(arg, "type")) })),
      })),
    });
  }
  const roots: Record<string, string> = {};
  for (const [operation, key] of [["query", "queryType"], ["mutation", "mutationType"], ["subscription", "subscriptionType"]] as const) {
    const name = string(part(part(schema, key), "name"));
    if (name !== "") roots[operation] = name;
  }
  return { types, roots };
}

export const INTROSPECTION = `query Schema { __schema { queryType { name } mutationType { name } subscriptionType { name }
  types { name kind possibleTypes { name } fields { name description args { name type { ...Ref } } type { ...Ref } } inputFields { name type { ...Ref } } } } }
fragment Ref on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }`;

function shown(type: unknown): string {
  const kind = part(type, "kind");
  if (kind === "NON_NULL") return `${shown(part(type, "ofType"))}!`;
  if (kind === "LIST") return `[${shown(part(type, "ofType"))}]`;
  return string(part(type, "name"));
}

function named(type: unknown): string {
  const inner = part(type, "ofType");
  return inner === null || inner === undefined ? string(part(type, "name")) : named(inner);
}

function part(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function string(value: unknown): string {
  return typeof value === "string" ? value : "";
}
