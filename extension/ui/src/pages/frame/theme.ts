// How the reader wants the site to look; kept by the browser.

import type { Theme } from "../../ui/theme";

export interface Wish {
  readonly theme: "light" | "dark" | "system";
  readonly contrast: boolean;
}

const KEY = "nbasset-look";

export function readWish(): Wish {
  const [theme, contrast] = (kept() ?? "system ").split(" ");
  return { theme: theme === "light" || theme === "dark" ? theme : "system", contrast: contrast === "more" };
}

export function setWish(wish: Wish): void {
  try {
    localStorage.setItem(KEY, `${wish.theme} ${wish.contrast ? "more" : ""}`);
  } catch {
    // A browser that keeps nothing shows it until it is closed.
  }
  apply(wish);
}

/** Show it, and follow the system where that is wished. */
export function watchWish(): void {
  apply(readWish());
  for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)", "(forced-colors: active)"]) {
    matchMedia(query).addEventListener("change", () => apply(readWish()));
  }
}

export function shownTheme(wish: Wish, matches: (query: string) => boolean): Theme {
  const theme = wish.theme === "system" ? (matches("(prefers-color-scheme: dark)") ? "dark" : "light") : wish.theme;
  const contrast = wish.contrast || matches("(prefers-contrast: more)") || matches("(forced-colors: active)") ? "more" : "normal";
  return { theme, contrast };
}

function apply(wish: Wish): void {
  const { theme, contrast } = shownTheme(wish, (query) => matchMedia(query).matches);
  document.documentElement.style.colorScheme = theme;
  for (const root of document.querySelectorAll<HTMLElement>(".nb")) {
    root.dataset["theme"] = theme;
    root.dataset["contrast"] = contrast;
  }
}

function kept(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
