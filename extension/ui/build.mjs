// Builds the widget into the package, or the gallery into gallery/out. esbuild only; no Node package is needed at run time.
//   node build.mjs             nbasset/notebook/static/widget.js and widget.css
//   node build.mjs --watch     the same, again at each change
//   node build.mjs --gallery   gallery/out/gallery.js

import { mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "..", "..", "nbasset", "notebook", "static");
const most = 200_000;

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
  plugins: [cssAsText],
  logLevel: "warning",
  legalComments: "none",
};

if (process.argv.includes("--gallery")) {
  await esbuild.build({ ...shared, entryPoints: [join(here, "gallery", "gallery.ts")], outfile: join(here, "gallery", "out", "gallery.js"), sourcemap: "inline" });
} else {
  const options = { ...shared, entryPoints: [join(here, "src", "entries", "widget.ts")], outfile: join(target, "widget.js"), minify: true };
  await mkdir(target, { recursive: true });
  await writeFile(join(target, "widget.css"), await styleOf(join(here, "style", "all.css")));
  if (process.argv.includes("--watch")) await (await esbuild.context(options)).watch();
  else {
    await esbuild.build(options);
    const { size } = await stat(join(target, "widget.js"));
    console.log(`widget.js ${size} bytes`);
    if (size > most) throw new Error(`widget.js has ${size} bytes; the limit is ${most}, since every widget carries it`);
  }
}
