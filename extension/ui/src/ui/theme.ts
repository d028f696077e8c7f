// Which theme the host shows: its own mark where it has one, else how light the ground under the element is, else the system's wish.

import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";

export interface Theme {
  readonly theme: "light" | "dark";
  readonly contrast: "more" | "normal";
}

export function themeOf(element: HTMLElement): Theme {
  const { body } = document;
  const wishesContrast = matches("(prefers-contrast: more)") || matches("(forced-colors: active)");
  const name = `${body.dataset["jpThemeName"] ?? ""} ${body.className}`.toLowerCase();
  const contrast = wishesContrast || /high.contrast/.test(name) ? "more" : "normal";
  const lab = body.dataset["jpThemeLight"];
  if (lab !== undefined) return { theme: lab === "false" ? "dark" : "light", contrast };
  if (/vscode-(dark|light|high-contrast)/.test(name)) return { theme: /vscode-light|high-contrast-light/.test(name) ? "light" : "dark", contrast };
  const ground = groundUnder(element);
  if (ground !== null) return { theme: ground < 0.5 ? "dark" : "light", contrast };
  return { theme: matches("(prefers-color-scheme: dark)") ? "dark" : "light", contrast };
}

/** Call back now and whenever the theme may have changed. */
export function watchTheme(element: HTMLElement, act: (theme: Theme) => void): () => void {
  const told = (): void => act(themeOf(element));
  const observer = new MutationObserver(told);
  for (const target of [document.body, document.documentElement]) {
    observer.observe(target, { attributes: true, attributeFilter: ["class", "style", "data-jp-theme-light", "data-jp-theme-name", "data-theme", "data-nb-theme"] });
  }
  const queries = ["(prefers-color-scheme: dark)", "(prefers-contrast: more)", "(forced-colors: active)"].flatMap((query) =>
    typeof matchMedia === "function" ? [matchMedia(query)] : [],
  );
  for (const query of queries) query.addEventListener("change", told);
  told();
  return () => {
    observer.disconnect();
    for (const query of queries) query.removeEventListener("change", told);
  };
}

/** A text that changes with the theme: what is painted with colours is painted anew. */
export function useTheme(element: RefObject<HTMLElement>): string {
  const [theme, setTheme] = useState("");
  useEffect(() => {
    const root = element.current?.closest("[data-theme]");
    if (root === null || root === undefined) return undefined;
    const read = (): void => setTheme(`${root.getAttribute("data-theme")} ${root.getAttribute("data-contrast")}`);
    const observer = new MutationObserver(read);
    observer.observe(root, { attributes: true });
    read();
    return () => observer.disconnect();
  }, []);
  return theme;
}

function matches(query: string): boolean {
  return typeof matchMedia === "function" && matchMedia(query).matches;
}

/** How light the first ground under an element is, from 0 to 1; null where all is transparent. */
function groundUnder(element: HTMLElement): number | null {
  for (let at: HTMLElement | null = element; at !== null; at = parentOf(at)) {
    const parts = /rgba?\(\s*([\d.]+)[ ,]+([\d.]+)[ ,]+([\d.]+)(?:[ ,/]+([\d.]+))?/.exec(getComputedStyle(at).backgroundColor);
    if (parts === null || Number(parts[4] ?? 1) < 0.5) continue;
    return (0.299 * Number(parts[1]) + 0.587 * Number(parts[2]) + 0.114 * Number(parts[3])) / 255;
  }
  return null;
}

function parentOf(element: HTMLElement): HTMLElement | null {
  if (element.parentElement !== null) return element.parentElement;
  const root = element.getRootNode();
  return root instanceof ShadowRoot && root.host instanceof HTMLElement ? root.host : null;
}
