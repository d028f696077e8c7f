// The place a widget stands in, as a notebook page offers it: cells to go to, files to save, a clipboard.

import type { CellRef } from "../client/wire.gen";
import type { Host } from "../views/host";

/** What is dispatched on the widget's element; whoever opens the cell prevents the default. */
export const OPEN_CELL = "nbasset:open-cell";

export function notebookHost(element: HTMLElement): Host {
  return {
    openCell: (cell) => {
      const event = new CustomEvent(OPEN_CELL, { detail: cell, bubbles: true, composed: true, cancelable: true });
      if (!element.dispatchEvent(event)) return true;
      return openInPage(element, cell);
    },
    save: (name, content, type) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([content], { type }));
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    },
    copy: (text) => {
      navigator.clipboard?.writeText(text).catch(() => copyByHand(element, text));
    },
  };
}

/** Without a plugin that knows the notebook: look for the cell in the page by its prompt, and flash it. */
function openInPage(element: HTMLElement, cell: CellRef): boolean {
  const notebook = element.closest(".jp-Notebook") ?? document;
  const cells = [...notebook.querySelectorAll(".jp-CodeCell")];
  const found = cells.find((candidate) => {
    const prompt = candidate.querySelector(".jp-InputPrompt")?.textContent ?? "";
    const wanted = cell.prompt ?? cell.number;
    return wanted !== null && prompt.replace(/\D/g, "") === String(wanted);
  });
  if (!(found instanceof HTMLElement)) return false;
  const isStill = typeof matchMedia === "function" && matchMedia("(prefers-reduced-motion: reduce)").matches;
  found.scrollIntoView({ block: "center", behavior: isStill ? "auto" : "smooth" });
  if (!isStill) found.animate([{ boxShadow: "0 0 0 2px #2457c5" }, { boxShadow: "0 0 0 2px transparent" }], { duration: 900 });
  return true;
}

/** Where the page may not use the clipboard (plain http): the old way. */
function copyByHand(element: HTMLElement, text: string): void {
  const field = document.createElement("textarea");
  field.value = text;
  field.style.position = "fixed";
  field.style.opacity = "0";
  element.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
