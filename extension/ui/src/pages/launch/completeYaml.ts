// Completion in a run config: which keys the schema knows where the cursor stands, which values a choice takes.

import { isFields } from "../../client/read";
import type { Completion, Proposed } from "../../ui/Editor";

type Schema = { readonly [key: string]: unknown };

export function completeYaml(schema: unknown, text: string, cursor: number): Completion {
  const start = text.lastIndexOf("\n", cursor - 1) + 1;
  const line = text.slice(start, cursor);
  const nothing = { from: cursor, proposals: [] };
  if (!isFields(schema) || line.includes("#")) return nothing;
  const value = /^\s*([\w./|-]+):\s+(\w*)$/.exec(line);
  const path = pathAbove(text.slice(0, start), value === null ? indentOf(line) : indentOf(line));
  if (value !== null) {
    const [, key = "", typed = ""] = value;
    const own = schemaAt(schema, [...path, key]);
    return { from: cursor - typed.length, proposals: fitting(valuesOf(own), typed) };
  }
  const key = /^\s*([\w./|-]*)$/.exec(line);
  if (key === null) return nothing;
  const typed = key[1] ?? "";
  const own = schemaAt(schema, path);
  const taken = new Set(siblings(text, start, indentOf(line)));
  const proposals = Object.entries(properties(own, schema)).flatMap(([name, entry]): Proposed[] => {
    if (taken.has(name)) return [];
    const inner = resolved(entry, schema);
    const isMapping = inner["type"] === "object" || isFields(inner["properties"]);
    return [{ label: name, detail: typeof inner["description"] === "string" ? inner["description"] : typeof inner["type"] === "string" ? inner["type"] : "", insert: isMapping ? `${name}:\n${" ".repeat(indentOf(line) + 2)}` : `${name}: ` }];
  });
  return { from: cursor - typed.length, proposals: fitting(proposals, typed) };
}

function fitting(proposals: readonly Proposed[], typed: string): readonly Proposed[] {
  return proposals.filter(({ label }) => label.toLowerCase().startsWith(typed.toLowerCase()) && label !== typed);
}

function indentOf(line: string): number {
  return /^ */.exec(line)?.[0].length ?? 0;
}

/** The keys that lead to a line of this indent: each the nearest above that stands further left. */
function pathAbove(before: string, indent: number): readonly string[] {
  const path: string[] = [];
  let left = indent;
  for (const line of before.split("\n").toReversed()) {
    if (line.trim() === "" || line.trim().startsWith("#")) continue;
    const own = indentOf(line);
    const key = /^\s*([\w./|-]+):/.exec(line)?.[1];
    if (own < left && key !== undefined) {
      path.unshift(key);
      left = own;
    }
    if (left === 0) break;
  }
  return path;
}

/** Keys of the same mapping, so that none is proposed twice. */
function siblings(text: string, start: number, indent: number): readonly string[] {
  const keys = (lines: readonly string[]): readonly string[] => {
    const found: string[] = [];
    for (const line of lines) {
      if (line.trim() === "") continue;
      const own = indentOf(line);
      if (own < indent) break;
      const key = /^\s*([\w./|-]+):/.exec(line)?.[1];
      if (own === indent && key !== undefined) found.push(key);
    }
    return found;
  };
  const end = text.indexOf("\n", start);
  return [...keys(text.slice(0, start).split("\n").toReversed()), ...keys(end === -1 ? [] : text.slice(end + 1).split("\n"))];
}

function schemaAt(root: Schema, path: readonly string[]): Schema {
  let at: Schema = root;
  for (const key of path) at = resolved(properties(at, root)[key], root);
  return at;
}

function valuesOf(schema: Schema): readonly Proposed[] {
  const choices = Array.isArray(schema["enum"]) ? schema["enum"].map(String) : schema["type"] === "boolean" ? ["true", "false"] : [];
  return choices.map((choice) => ({ label: choice, detail: "", insert: choice }));
}

function properties(entry: unknown, root: Schema): Schema {
  const found = resolved(entry, root)["properties"];
  return isFields(found) ? found : {};
}

function resolved(entry: unknown, root: Schema, depth = 0): Schema {
  if (!isFields(entry) || depth > 8) return {};
  const reference = entry["$ref"];
  if (typeof reference !== "string") return entry;
  const definitions = root["$defs"];
  return resolved(isFields(definitions) ? definitions[reference.slice(reference.lastIndexOf("/") + 1)] : undefined, root, depth + 1);
}
