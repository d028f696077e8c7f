// One WebSocket for a page: it brings what changed, and carries the panels that the page shows, each with a number of its own.
// When it is cut off it is opened again, later and later; the panels are then asked for anew, from where they were.

import type { Link } from "./link";
import { isFields } from "./read";
import type { Asked } from "./wire.gen";

export type SocketState = "opening" | "live" | "lost";

/** What the log of the server says happened since the last time. */
export interface Changed {
  readonly assets: readonly string[];
  readonly runs: readonly string[];
  /** Schedules, sensors, ticks, backfills, what is defined. */
  readonly other: readonly string[];
}

/** Which view a panel shows; a lineage is of a location, of that of an asset, or of the first one there is. */
export type Wanted =
  | { readonly type: "lineage"; readonly selection?: string; readonly location?: string; readonly direction?: "down" | "right"; readonly asset?: string; readonly selected?: string }
  | { readonly type: "grid" | "asset"; readonly asset: string }
  | { readonly type: "run"; readonly run: string };

export interface Panel extends Link {
  close(): void;
}

export interface Socket {
  state(): SocketState;
  onState(listener: (state: SocketState) => void): () => void;
  onChange(listener: (changed: Changed) => void): () => void;
  /** Open a panel; its first message is the whole of it, or `onRefused` says why there is none. */
  open(wanted: Wanted, onRefused: (why: string) => void): Panel;
  close(): void;
}

/** The part of a WebSocket that is used. */
export interface Wire {
  send(text: string): void;
  close(): void;
}

export interface Plug {
  onOpen(): void;
  onText(text: string): void;
  onEnd(): void;
}

export interface Clock {
  after(ms: number, act: () => void): () => void;
}

const PAUSES_MS = [250, 500, 1_000, 2_000, 4_000, 8_000] as const;
const EVERYTHING: Changed = { assets: ["*"], runs: ["*"], other: ["*"] };

interface Entry {
  readonly wanted: Wanted;
  readonly onRefused: (why: string) => void;
  readonly listeners: Set<{ readonly hear: (raw: unknown) => void; readonly lose: () => void }>;
  seq: number;
}

export function openSocket(connect: (plug: Plug) => Wire, clock: Clock): Socket {
  const entries = new Map<number, Entry>();
  const onStates = new Set<(state: SocketState) => void>();
  const onChanges = new Set<(changed: Changed) => void>();
  let state: SocketState = "opening";
  let wire: Wire | null = null;
  let nextNumber = 1;
  let tries = 0;
  let wasLost = false;
  let isClosed = false;
  let stopWaiting = (): void => undefined;

  const setState = (next: SocketState): void => {
    if (next === state) return;
    state = next;
    for (const listener of [...onStates]) listener(next);
  };
  const say = (message: unknown): void => {
    if (state === "live") wire?.send(JSON.stringify(message));
  };
  const start = (number: number, entry: Entry): void => say({ open: number, view: entry.wanted, seq: entry.seq });
  const change = (changed: Changed): void => {
    for (const listener of [...onChanges]) listener(changed);
  };

  const hear = (text: string): void => {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (!isFields(message)) return;
    if (isFields(message["changed"])) {
      const { assets, runs, other } = message["changed"];
      change({ assets: texts(assets), runs: texts(runs), other: texts(other) });
      return;
    }
    const entry = typeof message["panel"] === "number" ? entries.get(message["panel"]) : undefined;
    if (entry === undefined) return;
    if (typeof message["refused"] === "string") {
      entry.onRefused(message["refused"]);
      return;
    }
    const content = message["message"];
    if (isFields(content) && typeof content["seq"] === "number") entry.seq = Math.max(entry.seq, content["seq"]);
    for (const { hear } of [...entry.listeners]) hear(content);
  };

  const begin = (): void => {
    if (isClosed) return;
    wire = connect({
      onOpen: () => {
        tries = 0;
        setState("live");
        for (const [number, entry] of entries) start(number, entry);
        if (wasLost) change(EVERYTHING);
        wasLost = false;
      },
      onText: hear,
      onEnd: () => {
        if (isClosed) return;
        wire = null;
        wasLost = true;
        setState("lost");
        for (const { listeners } of entries.values()) for (const { lose } of [...listeners]) lose();
        const pause = PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)] ?? 8_000;
        tries += 1;
        stopWaiting = clock.after(pause, begin);
      },
    });
  };
  begin();

  return {
    state: () => state,
    onState: (listener) => {
      onStates.add(listener);
      return () => onStates.delete(listener);
    },
    onChange: (listener) => {
      onChanges.add(listener);
      return () => onChanges.delete(listener);
    },
    open: (wanted, onRefused) => {
      const number = nextNumber;
      nextNumber += 1;
      const entry: Entry = { wanted, onRefused, listeners: new Set(), seq: 0 };
      entries.set(number, entry);
      start(number, entry);
      return {
        send: (asked: Asked) => say({ panel: number, asked }),
        subscribe: (listener, onLost) => {
          const both = { hear: listener, lose: onLost };
          entry.listeners.add(both);
          return () => entry.listeners.delete(both);
        },
        close: () => {
          entries.delete(number);
          say({ close: number });
        },
      };
    },
    close: () => {
      isClosed = true;
      stopWaiting();
      wire?.close();
    },
  };
}

/** A WebSocket of the browser at this address. */
export function browserWire(url: string): (plug: Plug) => Wire {
  return (plug) => {
    const socket = new WebSocket(url);
    socket.addEventListener("open", () => plug.onOpen());
    socket.addEventListener("message", ({ data }) => typeof data === "string" && plug.onText(data));
    socket.addEventListener("close", () => plug.onEnd());
    return { send: (text) => socket.send(text), close: () => socket.close() };
  };
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
