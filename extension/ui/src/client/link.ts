// A link carries commands to whoever holds the panel and brings raw messages back. Views never see one.

import type { Asked } from "./wire.gen";

export interface Link {
  send(asked: Asked): void;
  /** Hear every message, as it came, and once when there is nobody to send one any more. Returns how to stop. */
  subscribe(listener: (raw: unknown) => void, onLost: () => void): () => void;
}
