// Filters that a reader keeps: the part of the address behind the question mark, kept by the browser.

import { useState } from "preact/hooks";

const MOST = 20;

export function useSaved(name: string): readonly [readonly string[], (next: readonly string[]) => void] {
  const key = `nbasset-${name}`;
  const [saved, setSaved] = useState<readonly string[]>(() => read(key));
  return [
    saved,
    (next) => {
      const kept = next.slice(-MOST);
      setSaved(kept);
      try {
        localStorage.setItem(key, JSON.stringify(kept));
      } catch {
        // A browser that keeps nothing forgets them with the page.
      }
    },
  ];
}

function read(key: string): readonly string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}
