// YAML, JSON and GraphQL in coloured pieces, line by line; enough for reading and for an editor that colours as one types.

import type { Token } from "./python";

const YAML = /(#[^\n]*)|("(?:\\.|[^"\\\n])*"?|'(?:''|[^'\n])*'?)|((?:^|(?<=[\s{,-]))[\w./|~@-]+(?=\s*:(?:\s|$)))|((?<=[:\s[,-])(?:true|false|null|yes|no)\b)|((?<=[:\s[,-])[-+]?\d[\d_]*(?:\.\d+)?(?:e[-+]?\d+)?\b)|(\s+|[^\s#"']+|.)/gm;
const QUERY = /(#[^\n]*)|("""[\s\S]*?(?:"""|$)|"(?:\\.|[^"\\\n])*"?)|(\b(?:query|mutation|subscription|fragment|on|true|false|null)\b)|(\$\w+)|(-?\b\d+(?:\.\d+)?\b)|(\b[A-Z]\w*\b)|(\w+|\s+|.)/g;
const JSON_TEXT = /("(?:\\.|[^"\\\n])*"(?=\s*:))|("(?:\\.|[^"\\\n])*"?)|(\b(?:true|false|null)\b)|(-?\b\d+(?:\.\d+)?(?:[eE][-+]?\d+)?\b)|(\s+|[^\s"]+?)/g;

/** The kind of token for each group of a pattern, in order; the last group is plain text. */
type Kinds = readonly Token["kind"][];

export function yamlLines(text: string): readonly (readonly Token[])[] {
  return linesOf(text, YAML, ["c", "s", "d", "k", "n", ""]);
}

export function queryLines(text: string): readonly (readonly Token[])[] {
  return linesOf(text, QUERY, ["c", "s", "k", "a", "n", "d", ""]);
}

export function jsonLines(text: string): readonly (readonly Token[])[] {
  return linesOf(text, JSON_TEXT, ["d", "s", "k", "n", ""]);
}

function linesOf(text: string, pattern: RegExp, kinds: Kinds): readonly (readonly Token[])[] {
  const lines: { text: string; kind: Token["kind"] }[][] = [[]];
  for (const match of text.matchAll(pattern)) {
    const group = match.findIndex((piece, at) => at > 0 && piece !== undefined);
    const kind = kinds[group - 1] ?? "";
    for (const [at, piece] of match[0].split("\n").entries()) {
      if (at > 0) lines.push([]);
      if (piece === "") continue;
      const line = lines.at(-1);
      const last = line?.at(-1);
      if (last !== undefined && last.kind === kind) last.text += piece;
      else line?.push({ text: piece, kind });
    }
  }
  return lines;
}
