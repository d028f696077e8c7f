// The keys of the site, and what listens to them.

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { useLatest } from "../../ui/hooks";
import { Dialog } from "../../ui/Dialog";
import { PAGES } from "../registry";

const CHORD_MS = 1_200;

export function useKeys(acts: { readonly go: (path: string) => void; readonly search: () => void; readonly help: () => void }): void {
  const latest = useLatest(acts);
  useEffect(() => {
    let begun = 0;
    const press = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
      const { go, search, help } = latest.current;
      const page = performance.now() - begun < CHORD_MS ? PAGES.find(({ nav }) => nav?.keys === `g ${event.key}`) : undefined;
      begun = 0;
      if (page !== undefined) go(page.path);
      else if (event.key === "/") search();
      else if (event.key === "?") help();
      else if (event.key === "g") {
        begun = performance.now();
        return;
      } else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}

function isTyping(event: KeyboardEvent): boolean {
  const [target] = event.composedPath();
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.closest("dialog") !== null);
}

export function Help({ onClose }: { readonly onClose: () => void }): JSX.Element {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <div class="nb-help">
        <Keys
          title="Everywhere"
          keys={[
            ["/", "search for anything"],
            ["?", "these keys"],
            ["Esc", "close, clear"],
            ...PAGES.flatMap(({ title, nav }): [string, string][] => (nav === undefined ? [] : [[nav.keys, title]])),
          ]}
        />
        <div>
          <Keys title="Tables" keys={[["↑ ↓", "row by row"], ["Page ↑ ↓", "page by page"], ["Enter", "open"], ["Space", "pick"]]} />
          <Keys title="Lineage" keys={[["arrows", "from one to the next"], ["Enter", "open"], ["+ -", "zoom"], ["0", "fit"]]} />
          <Keys title="Partitions" keys={[["arrows", "key by key"], ["Shift + arrows", "a range"], ["Ctrl + A", "all"], ["Enter", "open"]]} />
        </div>
      </div>
    </Dialog>
  );
}

function Keys({ title, keys }: { readonly title: string; readonly keys: readonly (readonly [string, string])[] }): JSX.Element {
  return (
    <section>
      <h3>{title}</h3>
      <dl class="nb-keys">
        {keys.map(([key, what]) => (
          <div key={key + what}>
            <dt><kbd>{key}</kbd></dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
