// Every view on one page, from recorded panels: for development, screenshots and checks. Nothing of it is shipped.
//   ?only=grid,run   some of them       ?theme=dark   ?contrast=more   ?width=700   ?host=vscode (with a theme) instead of JupyterLab

import type { Link } from "../src/client/link";
import { isFields } from "../src/client/read";
import type { Asked } from "../src/client/wire.gen";
import { mount } from "../src/entries/mount";
import { notebookHost, OPEN_CELL } from "../src/entries/place";
import style from "../style/all.css";

const wish = new URLSearchParams(location.search);
const root = document.documentElement;
const isLight = wish.get("theme") !== "dark";
const isStrong = wish.get("contrast") === "more";
/** Variables of the themes that VS Code starts with: dark and light modern, and both of high contrast. */
const VSCODE: { readonly [theme: string]: readonly [ground: string, text: string, button: string, onButton: string] } = {
  dark: ["#1f1f1f", "#cccccc", "#0078d4", "#ffffff"],
  light: ["#ffffff", "#3b3b3b", "#005fb8", "#ffffff"],
  "high-contrast": ["#000000", "#ffffff", "#000000", "#ffffff"],
  "high-contrast-light": ["#ffffff", "#292929", "#0f4a85", "#ffffff"],
};
if (wish.get("host") === "vscode") {
  const name = isStrong ? (isLight ? "high-contrast-light" : "high-contrast") : isLight ? "light" : "dark";
  const [ground, text, button, onButton] = VSCODE[name] ?? ["", "", "", ""];
  document.body.classList.add(`vscode-${name}`);
  document.body.style.background = ground;
  document.body.style.color = text;
  const values = { "editor-background": ground, foreground: text, "button-background": button, "button-foreground": onButton, "font-family": "system-ui", "editor-font-family": "monospace" };
  for (const [variable, value] of Object.entries(values)) root.style.setProperty(`--vscode-${variable}`, value);
} else {
  if (wish.get("theme") !== null) document.body.dataset["jpThemeLight"] = String(isLight);
  if (isStrong) document.body.dataset["jpThemeName"] = "JupyterLab High Contrast";
}
root.style.setProperty("--width", `${wish.get("width") ?? "700"}px`);

/** A link whose answers were recorded, and by which a test can say what the kernel would. */
function recordedLink(name: string, answers: { readonly [type: string]: unknown }, panel: unknown): Link {
  const listeners = new Set<(raw: unknown) => void>();
  const say = (raw: unknown): void => listeners.forEach((listener) => listener(raw));
  const link: Link = {
    send: (asked: Asked) => {
      sent.push({ view: name, type: asked.command.type, command: asked.command });
      const result = answers[asked.command.type];
      if (asked.command.type === "resync") setTimeout(() => say({ type: "replaced", seq: 1, panel }), 5);
      else if (result !== undefined) setTimeout(() => say({ type: "answered", to: asked.id, result }), 30);
      else setTimeout(() => say({ type: "answered", to: asked.id, result: { type: "done", text: "" } }), 30);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  says.set(name, say);
  return link;
}

const says = new Map<string, (raw: unknown) => void>();
const sent: { readonly view: string; readonly type: string; readonly command: unknown }[] = [];

declare global {
  interface Window {
    gallery: { readonly says: typeof says; readonly sent: typeof sent; readonly times: Map<string, number> };
  }
}
const times = new Map<string, number>();
window.gallery = { says, sent, times };

async function show(): Promise<void> {
  const response = await fetch("out/panels.json");
  const recorded: unknown = await response.json();
  if (!isFields(recorded) || !isFields(recorded["panels"]) || typeof recorded["now"] !== "number") throw new Error("out/panels.json is not what fixtures.py writes");
  const then = recorded["now"] * 1000;
  const began = performance.now();
  Date.now = () => then + performance.now() - began;
  const only = wish.get("only")?.split(",");
  for (const [name, entry] of Object.entries(recorded["panels"])) {
    if (only !== undefined && !only.includes(name)) continue;
    if (only === undefined && name === "lineage-large") continue;
    if (!isFields(entry) || !isFields(entry["answers"])) continue;
    const section = document.createElement("section");
    section.id = name;
    const title = document.createElement("h2");
    title.textContent = name;
    const place = document.createElement("div");
    section.append(title, place);
    document.querySelector("main")?.append(section);
    place.addEventListener(OPEN_CELL, (event) => {
      sent.push({ view: name, type: "open-cell", command: event instanceof CustomEvent ? event.detail : null });
      event.preventDefault();
    });
    const start = performance.now();
    mount(place, entry["panel"], recordedLink(name, entry["answers"], entry["panel"]), notebookHost(place), style);
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    times.set(name, performance.now() - start);
  }
  root.dataset["ready"] = "true";
}

void show();
