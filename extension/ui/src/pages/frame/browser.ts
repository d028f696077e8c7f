// What a browser page offers to views: files to save, a clipboard. There are no cells to go to here.

import type { Host } from "../../views/host";

export const browserHost: Pick<Host, "openCell" | "save" | "copy"> = {
  openCell: () => false,
  save: saveFile,
  copy: (text) => {
    navigator.clipboard?.writeText(text).catch((error: unknown) => console.warn("nbasset: nothing was copied", error));
  },
};

export function saveFile(name: string, content: string | Blob, type: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
