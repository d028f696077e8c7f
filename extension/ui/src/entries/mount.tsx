// Puts a view into an element: a shadow root of its own, so that no style of the page reaches in and none of ours leaks out.

import { render } from "preact";
import type { Link } from "../client/link";
import { createStore } from "../client/store";
import { themeOf, watchTheme } from "../ui/theme";
import { Shell } from "../views/Shell";
import type { Host } from "../views/host";

/** Show a panel. Returns how to take it away. A panel that cannot be read says so in its place. */
export function mount(element: HTMLElement, raw: unknown, link: Link, host: Host, style: string): () => void {
  const shadow = element.shadowRoot ?? element.attachShadow({ mode: "open" });
  const sheet = document.createElement("style");
  sheet.textContent = style;
  const root = document.createElement("div");
  root.className = "nb";
  const { theme, contrast } = themeOf(element);
  root.dataset["theme"] = theme;
  root.dataset["contrast"] = contrast;
  // JupyterLab's single-key shortcuts and its context menu stop at our border.
  element.setAttribute("data-lm-suppress-shortcuts", "true");
  element.setAttribute("data-jp-suppress-context-menu", "true");
  shadow.replaceChildren(sheet, root);
  const stopWatching = watchTheme(element, (next) => {
    root.dataset["theme"] = next.theme;
    root.dataset["contrast"] = next.contrast;
  });
  let close = (): void => undefined;
  try {
    const store = createStore(raw, link);
    close = () => store.close();
    render(<Shell store={store} host={host} />, root);
  } catch (error) {
    root.textContent = `nbasset: the view could not be opened: ${error instanceof Error ? error.message : String(error)}`;
    console.error(error);
  }
  return () => {
    stopWatching();
    render(null, root);
    close();
  };
}
