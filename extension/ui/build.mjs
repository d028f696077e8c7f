// Builds the widget and the pages into the package, or the gallery into gallery/out. esbuild only; no Node package is needed at run time.
//   node build.mjs             nbasset/notebook/static/widget.js and widget.css, nbasset/web/static
//   node build.mjs --watch     the same, again at each change
//   node build.mjs --gallery   gallery/out/gallery.js

import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const product = join(here, "..", "..", "nbasset");
const widget = join(product, "notebook", "static");
const site = join(product, "web", "static");
const most = 200_000;
const mostOfPage = 500_000;

/** A style sheet becomes one minified text, with what it imports. */
const cssAsText = {
  name: "css-as-text",
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path }) => ({ contents: await styleOf(path), loader: "text", watchDirs: [dirname(path)] }));
  },
};

async function styleOf(path) {
  const { outputFiles } = await esbuild.build({ entryPoints: [path], bundle: true, minify: true, write: false, target: "es2022" });
  return outputFiles[0].text;
}

const shared = {
  bundle: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  logLevel: "warning",
  legalComments: "none",
};

const widgetOptions = { ...shared, plugins: [cssAsText], entryPoints: [join(here, "src", "entries", "widget.ts")], outfile: join(widget, "widget.js"), minify: true };

/** Pages: one entry, a file for each page that is fetched when it is shown, names with a hash of what is in them. */
const pageOptions = {
  ...shared,
  entryPoints: [{ in: join(here, "src", "entries", "page.tsx"), out: "page" }, { in: join(here, "style", "icon.svg"), out: "icon" }],
  outdir: join(site, "assets"),
  loader: { ".svg": "copy" },
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  splitting: true,
  minify: true,
  metafile: true,
  write: false,
  plugins: [{ name: "site", setup: (build) => build.onEnd(writeSite) }],
};

async function writeSite({ outputFiles, metafile, errors }) {
  if (errors.length > 0) return;
  const fresh = `${site}.${process.pid}`;
  await mkdir(join(fresh, "assets"), { recursive: true });
  let first = 0;
  const nameOf = (kind) => basename(Object.keys(metafile.outputs).find((name) => basename(name).startsWith(kind[0]) && name.endsWith(kind[1])));
  const [script, style, icon] = [["page-", ".js"], ["page-", ".css"], ["icon-", ".svg"]].map(nameOf);
  const early = staticImports(metafile, script);
  for (const { path, contents } of outputFiles) {
    const name = basename(path);
    const [br, gz] = await Promise.all([
      promisify(brotliCompress)(contents, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
      promisify(gzip)(contents, { level: 9 }),
    ]);
    if ([script, style, icon, ...early].includes(name)) first += gz.length;
    const target = join(fresh, "assets", name);
    await Promise.all([writeFile(target, contents), writeFile(`${target}.br`, br), writeFile(`${target}.gz`, gz)]);
  }
  const html = (await readFile(join(here, "index.html"), "utf8"))
    .replace("{{script}}", script)
    .replace("{{style}}", style)
    .replace("{{icon}}", icon)
    .replace("    {{preload}}\n", early.map((name) => `    <link rel="modulepreload" href="{{base}}/_static/${name}">\n`).join(""));
  await writeFile(join(fresh, "index.html"), html);
  await rm(site, { recursive: true, force: true });
  await rename(fresh, site);
  console.log(`page ${first} bytes compressed before a page's own part, ${outputFiles.length} files`);
  if (first > mostOfPage) throw new Error(`the first page has ${first} bytes compressed; the limit is ${mostOfPage}`);
}

/** What the entry needs at once, besides itself. */
function staticImports(metafile, script) {
  const byName = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]));
  const found = new Set();
  const walk = (name) => {
    for (const { path, kind } of byName.get(name)?.imports ?? []) {
      const target = basename(path);
      if (kind === "import-statement" && !found.has(target)) {
        found.add(target);
        walk(target);
      }
    }
  };
  walk(script);
  return [...found];
}

if (process.argv.includes("--gallery")) {
  await esbuild.build({ ...shared, plugins: [cssAsText], entryPoints: [join(here, "gallery", "gallery.ts")], outfile: join(here, "gallery", "out", "gallery.js"), sourcemap: "inline" });
} else {
  await mkdir(widget, { recursive: true });
  await writeFile(join(widget, "widget.css"), await styleOf(join(here, "style", "all.css")));
  if (process.argv.includes("--watch")) {
    for (const options of [widgetOptions, pageOptions]) await (await esbuild.context(options)).watch();
  } else {
    await Promise.all([esbuild.build(widgetOptions), esbuild.build(pageOptions)]);
    const { size } = await stat(join(widget, "widget.js"));
    console.log(`widget.js ${size} bytes`);
    if (size > most) throw new Error(`widget.js has ${size} bytes; the limit is ${most}, since every widget carries it`);
  }
}
