import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..", "src");
const files = (folder) =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
const sources = files(root).map((path) => ({ name: relative(root, path), text: readFileSync(path, "utf8") }));

test("client and ui know nothing of views, views nothing of pages, and nothing knows the entries", () => {
  const allowed = {
    client: ["client"], ui: ["client", "ui"], views: ["client", "ui", "views"], pages: ["client", "ui", "views", "pages"],
    entries: ["client", "ui", "views", "pages", "entries"],
  };
  const wrong = sources.flatMap(({ name, text }) => {
    const [layer = ""] = name.split("/");
    return [...text.matchAll(/from "(\.[^"]+)"/g)].flatMap(([, path = ""]) => {
      const [target = ""] = relative(root, join(root, name, "..", path)).split("/");
      return (allowed[layer] ?? [target]).includes(target) || target === ".." ? [] : [`${name} imports ${path}`];
    });
  });
  expect(wrong).toEqual([]);
});

test("ui parts name no asset, partition or run", () => {
  const words = /\b(?:asset|partition|materializ|lineage)\w*/i;
  const code = sources.filter(({ name }) => name.startsWith("ui/")).map(({ name, text }) => ({ name, text: text.replace(/\/\/.*|\/\*[\s\S]*?\*\/|`[^`]*`|"[^"]*"/g, "") }));
  expect(code.filter(({ text }) => words.test(text)).map(({ name }) => name)).toEqual([]);
});

test("files are at most 500 lines", () => {
  const long = sources.filter(({ name, text }) => !name.endsWith(".gen.ts") && text.split("\n").length > 500);
  expect(long.map(({ name }) => name)).toEqual([]);
});

test("no view and no page speaks of a transport", () => {
  const wrong = sources.filter(({ name, text }) => /^(views|pages)\//.test(name) && /\b(?:fetch\(|WebSocket|msg:custom|model\.send|XMLHttpRequest)/.test(text));
  expect(wrong.map(({ name }) => name)).toEqual([]);
});
