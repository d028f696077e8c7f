// The selection language: key:, group:, kind:, owner:, tag:, status:, + for up- and downstream, and, or, not, brackets,
// roots() and sinks(). The kernel decides what runs; this reads the same words to show at once what they mean.

import type { NodeFacts } from "../../client/wire.gen";
import { WORDS } from "../../ui/glyphs";

/** What the language speaks about: things with names, and which reads which, by their places in the list. */
export type Named = Pick<NodeFacts, "key" | "group" | "kinds" | "owners" | "tags" | "state" | "counts">;

export interface Graph {
  readonly nodes: readonly Named[];
  readonly edges: readonly (readonly [number, number])[];
}

export type Found = { readonly keys: ReadonlySet<string>; readonly problem: null } | { readonly keys: null; readonly problem: string };

export const ATTRIBUTES = ["key", "group", "kind", "owner", "tag", "status"] as const;
type Attribute = (typeof ATTRIBUTES)[number];

type Tree =
  | { readonly type: "all" }
  | { readonly type: "match"; readonly attribute: Attribute; readonly value: string }
  | { readonly type: "not"; readonly of: Tree }
  | { readonly type: "and" | "or"; readonly left: Tree; readonly right: Tree }
  | { readonly type: "reach"; readonly of: Tree; readonly up: number; readonly down: number }
  | { readonly type: "ends"; readonly of: Tree; readonly which: "roots" | "sinks" };

interface Token {
  readonly kind: "(" | ")" | "+" | "word";
  readonly text: string;
  readonly at: number;
}

/** True for plain words: they are looked for in the names, as in any search. */
export function isPlain(text: string): boolean {
  return !/[:+*()"]|^(?:and|or|not)\b|\s(?:and|or|not)\s/i.test(text);
}

export function search(view: Graph, text: string): Found {
  const words = text.trim().toLowerCase().split(/\s+/).filter((word) => word !== "");
  const keys = view.nodes.filter((node) => words.every((word) => node.key.toLowerCase().includes(word))).map(({ key }) => key);
  return { keys: new Set(keys), problem: null };
}

export function select(view: Graph, text: string): Found {
  try {
    const reader = new Reader(tokens(text));
    const tree = reader.expression();
    reader.end();
    const found = new Evaluator(view).evaluate(tree);
    return { keys: new Set([...found].flatMap((at) => view.nodes[at]?.key ?? [])), problem: null };
  } catch (error) {
    if (error instanceof SelectionError) return { keys: null, problem: error.message };
    throw error;
  }
}

class SelectionError extends Error {}

function tokens(text: string): readonly Token[] {
  const out: Token[] = [];
  const pieces = /\s+|([()+])|((?:[A-Za-z_]+:)?"[^"]*"?|[^\s()+"]+)/g;
  for (const match of text.matchAll(pieces)) {
    const [, sign, word] = match;
    if (sign === "(" || sign === ")" || sign === "+") out.push({ kind: sign, text: sign, at: match.index });
    else if (word !== undefined) out.push({ kind: "word", text: word, at: match.index });
  }
  return out;
}

class Reader {
  private at = 0;

  constructor(private readonly all: readonly Token[]) {}

  expression(): Tree {
    let left = this.term();
    while (this.isWord("or")) {
      this.at += 1;
      left = { type: "or", left, right: this.term() };
    }
    return left;
  }

  end(): void {
    const token = this.all[this.at];
    if (token !== undefined) throw new SelectionError(`"${token.text}" stands where "and" or "or" should.`);
  }

  private term(): Tree {
    let left = this.factor();
    while (this.isWord("and")) {
      this.at += 1;
      left = { type: "and", left, right: this.factor() };
    }
    return left;
  }

  private factor(): Tree {
    if (!this.isWord("not")) return this.traversal();
    this.at += 1;
    return { type: "not", of: this.factor() };
  }

  private traversal(): Tree {
    let up = 0;
    const [first, second] = [this.all[this.at], this.all[this.at + 1]];
    if (first?.kind === "+") {
      up = Infinity;
      this.at += 1;
    } else if (first?.kind === "word" && /^\d+$/.test(first.text) && second?.kind === "+") {
      up = Number(first.text);
      this.at += 2;
    }
    const of = this.primary();
    let down = 0;
    if (this.all[this.at]?.kind === "+") {
      const depth = this.all[this.at + 1];
      const isNumber = depth?.kind === "word" && /^\d+$/.test(depth.text);
      down = isNumber ? Number(depth.text) : Infinity;
      this.at += isNumber ? 2 : 1;
    }
    return up === 0 && down === 0 ? of : { type: "reach", of, up, down };
  }

  private primary(): Tree {
    const token = this.all[this.at];
    if (token === undefined) throw new SelectionError("Something is missing at the end: a key, or an attribute such as group:NAME.");
    this.at += 1;
    if (token.kind === "(") return this.inBrackets();
    if (token.kind !== "word") throw new SelectionError(`"${token.text}" stands where a key should.`);
    if ((token.text === "roots" || token.text === "sinks") && this.all[this.at]?.kind === "(") {
      this.at += 1;
      return { type: "ends", which: token.text, of: this.inBrackets() };
    }
    return leaf(token.text);
  }

  private inBrackets(): Tree {
    const inner = this.expression();
    if (this.all[this.at]?.kind !== ")") throw new SelectionError('A ")" is missing.');
    this.at += 1;
    return inner;
  }

  private isWord(word: string): boolean {
    const token = this.all[this.at];
    return token?.kind === "word" && token.text.toLowerCase() === word;
  }
}

function leaf(text: string): Tree {
  if (text === "*") return { type: "all" };
  const split = text.indexOf(":");
  if (split < 0) return { type: "match", attribute: "key", value: bare(text) };
  const name = text.slice(0, split);
  const attribute = ATTRIBUTES.find((known) => known === name);
  if (attribute === undefined) throw new SelectionError(`There is no attribute ${name}:. There are ${ATTRIBUTES.map((known) => `${known}:`).join(" ")}`);
  return { type: "match", attribute, value: bare(text.slice(split + 1)) };
}

function bare(text: string): string {
  return text.replaceAll('"', "");
}

class Evaluator {
  private readonly all: ReadonlySet<number>;
  private readonly into = new Map<number, number[]>();
  private readonly outOf = new Map<number, number[]>();

  constructor(private readonly view: Graph) {
    this.all = new Set(view.nodes.keys());
    for (const [source, target] of view.edges) {
      this.outOf.set(source, [...(this.outOf.get(source) ?? []), target]);
      this.into.set(target, [...(this.into.get(target) ?? []), source]);
    }
  }

  evaluate(tree: Tree): ReadonlySet<number> {
    switch (tree.type) {
      case "all":
        return this.all;
      case "match":
        return this.filter((node) => matches(node, tree.attribute, tree.value));
      case "not": {
        const inner = this.evaluate(tree.of);
        return new Set([...this.all].filter((at) => !inner.has(at)));
      }
      case "and": {
        const right = this.evaluate(tree.right);
        return new Set([...this.evaluate(tree.left)].filter((at) => right.has(at)));
      }
      case "or":
        return new Set([...this.evaluate(tree.left), ...this.evaluate(tree.right)]);
      case "reach": {
        const inner = this.evaluate(tree.of);
        return new Set([...walk(inner, this.into, tree.up), ...walk(inner, this.outOf, tree.down)]);
      }
      case "ends": {
        const inner = this.evaluate(tree.of);
        const beside = tree.which === "roots" ? this.into : this.outOf;
        return new Set([...inner].filter((at) => !(beside.get(at) ?? []).some((other) => inner.has(other))));
      }
    }
  }

  private filter(test: (node: Named) => boolean): ReadonlySet<number> {
    return new Set([...this.all].filter((at) => {
      const node = this.view.nodes[at];
      return node !== undefined && test(node);
    }));
  }
}

function walk(from: ReadonlySet<number>, beside: ReadonlyMap<number, readonly number[]>, depth: number): ReadonlySet<number> {
  const seen = new Set(from);
  let edge: ReadonlySet<number> = from;
  for (let level = 0; level < depth && edge.size > 0; level += 1) {
    const next = new Set<number>();
    for (const at of edge) for (const other of beside.get(at) ?? []) if (!seen.has(other)) next.add(other);
    for (const at of next) seen.add(at);
    edge = next;
  }
  return seen;
}

function matches(node: Named, attribute: Attribute, value: string): boolean {
  const like = (text: string): boolean =>
    value.includes("*") ? new RegExp(`^${value.split("*").map(escape).join(".*")}$`).test(text) : text === value;
  switch (attribute) {
    case "key":
      return like(node.key);
    case "group":
      return like(node.group);
    case "kind":
      return node.kinds.some(like);
    case "owner":
      return node.owners.some(like);
    case "tag":
      return node.tags.some(like);
    case "status":
      return statesOf(node).some((state) => like(state));
  }
}

function statesOf(node: Named): readonly string[] {
  return [node.state, ...node.counts.filter(({ count }) => count > 0).map(({ state }) => state)];
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

// -- Completion ---------------------------------------------------------------------------------------------------------------

export interface Completion {
  readonly text: string;
  readonly detail: string;
  /** The part of the field that it replaces. */
  readonly from: number;
  readonly to: number;
}

const MOST = 9;

export function complete(view: Graph, text: string, caret: number): readonly Completion[] {
  const before = text.slice(0, caret);
  const from = Math.max(...[" ", "(", ")", "+"].map((sign) => before.lastIndexOf(sign))) + 1;
  const word = before.slice(from);
  const split = word.indexOf(":");
  const make = (value: string, detail: string): Completion => ({ text: value, detail, from, to: caret });
  if (split < 0) {
    if (word === "") return [];
    const lower = word.toLowerCase();
    const attributes = ATTRIBUTES.filter((name) => name.startsWith(lower)).map((name) => make(`${name}:`, EXPLAINED[name]));
    const keys = view.nodes.filter(({ key }) => key.toLowerCase().includes(lower)).map(({ key, group }) => make(`key:"${key}"`, group));
    return [...attributes, ...keys].slice(0, MOST);
  }
  const name = word.slice(0, split);
  const wanted = bare(word.slice(split + 1)).toLowerCase();
  return [...valuesOf(view, name)]
    .filter(([value]) => value.toLowerCase().includes(wanted))
    .slice(0, MOST)
    .map(([value, count]) => make(`${name}:${/^[\w*-]+$/.test(value) ? value : `"${value}"`}`, count === 1 ? "" : String(count)));
}

const EXPLAINED: { readonly [name in Attribute]: string } = {
  key: "one asset, or many with *",
  group: "all of a group",
  kind: "of a kind",
  owner: "of an owner",
  tag: "with a tag",
  status: "in a state",
};

function valuesOf(view: Graph, name: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const node of view.nodes) {
    const values =
      name === "key" ? [node.key]
      : name === "group" ? [node.group]
      : name === "kind" ? node.kinds
      : name === "owner" ? node.owners
      : name === "tag" ? node.tags
      : name === "status" ? statesOf(node).filter((state, at, all) => all.indexOf(state) === at && state in WORDS)
      : [];
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return counts;
}

/** What the kernel is asked to draw or run: status: is only known here, so those matches are named one by one. */
export function forKernel(text: string, keys: ReadonlySet<string>): string {
  if (!/\bstatus:/.test(text) && !isPlain(text)) return text;
  return [...keys].map((key) => `key:"${key}"`).join(" or ");
}
