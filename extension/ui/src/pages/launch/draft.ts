// A run config as text: parsed, changed in one place without touching the rest (comments and order stay), and places found by path.
// The text is the draft; the form beside it reads and writes the same text, so neither can lag behind the other.

import { Document, isCollection, isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";

export type Path = readonly (string | number)[];

export interface Problem {
  /** From 1; null when it belongs to no line. */
  readonly line: number | null;
  readonly text: string;
}

export interface Draft {
  readonly text: string;
  readonly value: unknown;
  readonly problems: readonly Problem[];
}

export function readDraft(text: string): Draft {
  const { document, lines } = parsed(text);
  const problems = document.errors.map((error) => ({ line: lines.linePos(error.pos[0]).line, text: sentence(error.message) }));
  if (problems.length > 0) return { text, value: null, problems };
  const value: unknown = document.toJS();
  if (value !== null && value !== undefined && !isMapping(value)) {
    return { text, value: null, problems: [{ line: 1, text: `A run config is a mapping such as "ops:", not ${nameOf(value)}.` }] };
  }
  return { text, value: value ?? {}, problems };
}

/** The text with one value set; whatever else it says stays as it was typed. Where the text cannot be read it stays too. */
export function withValue(text: string, path: Path, value: unknown): string {
  const { document } = parsed(text);
  if (document.errors.length > 0) return text;
  if (!isMap(document.contents)) document.contents = document.createNode({});
  makeWay(document, path);
  document.setIn([...path], value);
  return printed(document);
}

/** The text without one value, and without the mappings that are empty because of that. */
export function withoutValue(text: string, path: Path): string {
  const { document } = parsed(text);
  if (document.errors.length > 0 || !document.hasIn([...path])) return text;
  document.deleteIn([...path]);
  for (let at = path.length - 1; at > 0; at -= 1) {
    const above = path.slice(0, at);
    const node: unknown = document.getIn([...above]);
    if (!isMap(node) || node.items.length > 0) break;
    document.deleteIn([...above]);
  }
  return isMap(document.contents) && document.contents.items.length === 0 ? "" : printed(document);
}

/** The line of what stands at a path, from 1: of the key where there is one, else of the nearest thing around it. */
export function lineOf(text: string, path: Path): number | null {
  const { document, lines } = parsed(text);
  let found: number | null = null;
  for (let at = 1; at <= path.length; at += 1) {
    const above = at === 1 ? document.contents : document.getIn([...path.slice(0, at - 1)], true);
    const key = path[at - 1];
    const pair = isMap(above) ? above.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key)) : undefined;
    const node: unknown = pair === undefined ? document.getIn([...path.slice(0, at)], true) : pair.key;
    const start = isNode(node) ? node.range?.[0] : undefined;
    if (start === undefined) break;
    found = lines.linePos(start).line;
  }
  return found;
}

export function valueAt(value: unknown, path: Path): unknown {
  let at: unknown = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = Reflect.get(at, key);
  }
  return at;
}

/** What was typed in a field, as YAML reads it: 6, true, [a, b], text. */
export function scalarOf(typed: string): unknown {
  if (typed.trim() === "") return "";
  const document = parseDocument(typed);
  return document.errors.length > 0 ? typed : (document.toJS() ?? typed);
}

/** A value as one line of YAML, for a field. */
export function inlineOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const document = new Document(value);
  if (isCollection(document.contents)) document.contents.flow = true;
  return document.toString({ lineWidth: 0, flowCollectionPadding: false }).trim();
}

/** A value as YAML of its own, as short as it can be; nothing for an empty one. */
export function textOf(value: unknown): string {
  return isMapping(value) && Object.keys(value).length === 0 ? "" : printed(new Document(value));
}

function parsed(text: string): { readonly document: Document; readonly lines: LineCounter } {
  const lines = new LineCounter();
  return { document: parseDocument(text, { lineCounter: lines, prettyErrors: false }), lines };
}

function printed(document: Document): string {
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** A null or a text where a mapping has to be gives way: `ops:` with nothing below it is the usual case. */
function makeWay(document: Document, path: Path): void {
  for (let at = 1; at < path.length; at += 1) {
    const above = path.slice(0, at);
    if (document.hasIn([...above]) && !isMap(document.getIn([...above], true)) && typeof path[at] === "string") document.setIn([...above], document.createNode({}));
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function nameOf(value: unknown): string {
  return Array.isArray(value) ? "a list" : `the ${typeof value} ${JSON.stringify(value)}`;
}

function sentence(message: string): string {
  const text = message.replace(/ at line \d+.*$/s, "").trim();
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
