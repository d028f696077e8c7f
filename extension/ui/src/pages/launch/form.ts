// The form of a run config, from its JSON schema: one section for each op, asset or resource that takes config, one field for each value.
// What has no simple field (lists of mappings, unions) is a line of YAML. Checking is the server's: one judge for the form and the text.

import { isFields } from "../../client/read";
import type { Path } from "./draft";

export type FieldKind = "whole" | "number" | "text" | "flag" | "choice" | "yaml";

export interface FormField {
  readonly path: Path;
  readonly name: string;
  readonly kind: FieldKind;
  /** "int from 1 to 32; default 3". */
  readonly hint: string;
  readonly description: string;
  readonly isRequired: boolean;
  readonly default: unknown;
  readonly choices: readonly string[];
}

export interface FormSection {
  readonly title: string;
  readonly part: "op" | "resource" | "logger" | "execution";
  readonly path: Path;
  readonly fields: readonly FormField[];
}

type Schema = { readonly [key: string]: unknown };

const PARTS = [
  { key: "ops", part: "op" },
  { key: "resources", part: "resource" },
  { key: "loggers", part: "logger" },
] as const;

export function sectionsOf(schema: unknown): readonly FormSection[] {
  if (!isFields(schema)) return [];
  const root: Schema = schema;
  const sections: FormSection[] = [];
  for (const { key, part } of PARTS) collect(root, propertiesOf(propertiesOf(root, root)[key], root), [key], part, sections);
  const execution = propertiesOf(propertiesOf(root, root)["execution"], root)["config"];
  if (execution !== undefined) push(root, execution, ["execution", "config"], "execution", "execution", sections);
  return sections;
}

function collect(root: Schema, entries: Schema, path: Path, part: FormSection["part"], out: FormSection[]): void {
  for (const [name, entry] of Object.entries(entries)) {
    const own = propertiesOf(entry, root);
    if (own["config"] !== undefined) push(root, own["config"], [...path, name, "config"], part, titleOf([...path, name]), out);
    const inner = own["ops"];
    if (inner !== undefined) collect(root, propertiesOf(inner, root), [...path, name, "ops"], part, out);
  }
}

function push(root: Schema, entry: unknown, path: Path, part: FormSection["part"], title: string, out: FormSection[]): void {
  const schema = resolved(entry, root);
  const properties = propertiesOf(schema, root);
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const fields =
    Object.keys(properties).length > 0
      ? Object.entries(properties).flatMap(([name, field]) => fieldsOf(root, field, [...path, name], name, required.includes(name)))
      : schema["type"] === "object" && schema["additionalProperties"] !== true && Object.keys(schema).length <= 3
        ? []
        : fieldsOf(root, schema, path, "config", false);
  if (fields.length > 0) out.push({ title, part, path, fields });
}

function fieldsOf(root: Schema, entry: unknown, path: Path, name: string, isRequired: boolean): readonly FormField[] {
  const schema = resolved(entry, root);
  const properties = propertiesOf(schema, root);
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  if (Object.keys(properties).length > 0) {
    return Object.entries(properties).flatMap(([inner, field]) => fieldsOf(root, field, [...path, inner], `${name}.${inner}`, isRequired && required.includes(inner)));
  }
  const { kind, choices } = kindOf(schema);
  const described = isFields(entry) && typeof entry["description"] === "string" ? entry["description"] : schema["description"];
  const fallback = isFields(entry) && "default" in entry ? entry["default"] : schema["default"];
  return [
    {
      path,
      name,
      kind,
      choices,
      isRequired,
      default: fallback,
      description: typeof described === "string" ? described : "",
      hint: hintOf(schema, kind, fallback, isRequired),
    },
  ];
}

/** `anyOf` of one kind and null is that kind; everything else that is not plain is YAML. */
function kindOf(schema: Schema): { readonly kind: FieldKind; readonly choices: readonly string[] } {
  if (Array.isArray(schema["enum"])) return { kind: "choice", choices: schema["enum"].map(String) };
  if (Array.isArray(schema["anyOf"])) {
    const some = schema["anyOf"].filter((one): one is Schema => isFields(one) && one["type"] !== "null");
    const [only] = some;
    return some.length === 1 && only !== undefined ? kindOf(only) : { kind: "yaml", choices: [] };
  }
  switch (schema["type"]) {
    case "integer":
      return { kind: "whole", choices: [] };
    case "number":
      return { kind: "number", choices: [] };
    case "boolean":
      return { kind: "flag", choices: [] };
    case "string":
      return { kind: "text", choices: [] };
    default:
      return { kind: "yaml", choices: [] };
  }
}

const KINDS: { readonly [kind in FieldKind]: string } = { whole: "int", number: "float", text: "text", flag: "yes or no", choice: "one of", yaml: "YAML" };

function hintOf(schema: Schema, kind: FieldKind, fallback: unknown, isRequired: boolean): string {
  const item = isFields(schema["items"]) ? schema["items"]["type"] : undefined;
  const what = schema["type"] === "array" ? `list${typeof item === "string" ? ` of ${item}` : ""}` : kind === "choice" ? "" : KINDS[kind];
  const bounds = boundsOf(schema);
  const start = [what, bounds].filter((part) => part !== "").join(" ");
  const end = isRequired ? "required" : fallback === undefined ? "" : `default ${JSON.stringify(fallback)}`;
  return [start, end].filter((part) => part !== "").join("; ");
}

function boundsOf(schema: Schema): string {
  const number = (key: string): number | null => (typeof schema[key] === "number" ? schema[key] : null);
  const [low, high, above, below] = [number("minimum"), number("maximum"), number("exclusiveMinimum"), number("exclusiveMaximum")];
  if (low !== null && high !== null) return `from ${low} to ${high}`;
  return [low === null ? "" : `from ${low}`, above === null ? "" : `above ${above}`, high === null ? "" : `up to ${high}`, below === null ? "" : `below ${below}`]
    .filter((part) => part !== "")
    .join(" and ");
}

function propertiesOf(entry: unknown, root: Schema): Schema {
  const properties = resolved(entry, root)["properties"];
  return isFields(properties) ? properties : {};
}

/** A schema with its reference followed; `allOf` of one is that one. A ring ends after a few steps. */
function resolved(entry: unknown, root: Schema, depth = 0): Schema {
  if (!isFields(entry) || depth > 8) return {};
  const reference = entry["$ref"];
  if (typeof reference === "string") {
    const definitions = root["$defs"];
    const name = reference.slice(reference.lastIndexOf("/") + 1);
    return resolved(isFields(definitions) ? definitions[name] : undefined, root, depth + 1);
  }
  const all = entry["allOf"];
  return Array.isArray(all) && all.length === 1 ? resolved(all[0], root, depth + 1) : entry;
}

function titleOf(path: Path): string {
  return path.filter((_, at) => at % 2 === 1).join(".");
}
