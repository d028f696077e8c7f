// A link carries commands to whoever holds the panel and brings raw messages back. Views never see one.

import type { Asked } from "./wire.gen";

export interface Link {
  /** Send a command. Those that must not wait for a running cell (cancel) go by the quick lane where there is one. */
  send(asked: Asked, quick: boolean): void;
  /** Hear every message, as it came. Returns how to stop. */
  subscribe(listener: (raw: unknown) => void): () => void;
}
