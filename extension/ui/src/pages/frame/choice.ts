// What a reader chose once and finds again: kept by the browser, not in the address.

import { useState } from "preact/hooks";

export function useChoice(name: string): readonly [ReadonlySet<string> | null, (next: ReadonlySet<string>) => void] {
  const key = `nbasset-${name}`;
  const [chosen, setChosen] = useState<ReadonlySet<string> | null>(() => read(key));
  return [
    chosen,
    (next) => {
      setChosen(next);
      try {
        localStorage.setItem(key, [...next].join(" "));
      } catch {
        // A browser that keeps nothing forgets it with the page.
      }
    },
  ];
}

function read(key: string): ReadonlySet<string> | null {
  try {
    const text = localStorage.getItem(key);
    return text === null ? null : new Set(text.split(" "));
  } catch {
    return null;
  }
}
