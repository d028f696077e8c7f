// Full screen of one card; where the browser does not allow it (some notebook frames), the whole window of the frame.

import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";

export function useFullScreen(card: RefObject<HTMLElement>): readonly [boolean, (isFull: boolean) => void] {
  const [isFull, setFull] = useState(false);
  useEffect(() => {
    const left = (): void => {
      const root = card.current?.getRootNode();
      const element = root instanceof ShadowRoot || root instanceof Document ? root.fullscreenElement : null;
      if (element === null) setFull(false);
    };
    document.addEventListener("fullscreenchange", left);
    return () => document.removeEventListener("fullscreenchange", left);
  }, []);
  const set = (next: boolean): void => {
    setFull(next);
    if (next) card.current?.requestFullscreen?.().catch(() => undefined);
    else if (document.fullscreenElement !== null) document.exitFullscreen().catch(() => undefined);
  };
  return [isFull, set];
}
