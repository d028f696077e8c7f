// Small hooks of the parts: the size of an element, a ticking clock, what was asked and has not come yet.

import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The size of an element, whenever it changes. `first` stands until it is measured. */
export function useSize(element: RefObject<HTMLElement>, first: Size): Size {
  const [size, setSize] = useState(first);
  useLayoutEffect(() => {
    const target = element.current;
    if (target === null) return undefined;
    const measure = (): void => {
      const { clientWidth: width, clientHeight: height } = target;
      if (width > 0) setSize((old) => (old.width === width && old.height === height ? old : { width, height }));
    };
    measure();
    if (typeof ResizeObserver === "undefined") return undefined;
    const observer = new ResizeObserver(measure);
    observer.observe(target);
    return () => observer.disconnect();
  }, [element]);
  return size;
}

/** Seconds since 1970, ticking; stands still while nothing needs it. */
export function useNow(everyMs: number | null): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    if (everyMs === null) return undefined;
    const timer = setInterval(() => setNow(Date.now() / 1000), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** The newest value, for listeners that live longer than a drawing. */
export function useLatest<T>(value: T): { readonly current: T } {
  const latest = useRef(value);
  latest.current = value;
  return latest;
}

export type Loaded<T> = { readonly state: "idle" | "loading" } | { readonly state: "done"; readonly value: T } | { readonly state: "failed"; readonly why: string };

/** What a promise brings; asked anew when `keys` change. A slower answer to an older question is dropped. */
export function useLoaded<T>(ask: (() => Promise<T>) | null, keys: readonly unknown[]): readonly [Loaded<T>, () => void] {
  const [loaded, setLoaded] = useState<Loaded<T>>({ state: "idle" });
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (ask === null) {
      setLoaded({ state: "idle" });
      return undefined;
    }
    let isNewest = true;
    setLoaded((old) => (old.state === "done" ? old : { state: "loading" }));
    ask().then(
      (value) => isNewest && setLoaded({ state: "done", value }),
      (error: unknown) => isNewest && setLoaded({ state: "failed", why: error instanceof Error ? error.message : String(error) }),
    );
    return () => {
      isNewest = false;
    };
  }, [...keys, round]);
  return [loaded, () => setRound((old) => old + 1)];
}

export function isReducedMotion(): boolean {
  return typeof matchMedia === "function" && matchMedia("(prefers-reduced-motion: reduce)").matches;
}
