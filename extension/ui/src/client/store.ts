// What a view reads and asks. The store folds messages into the panel, notices gaps and asks for the whole again,
// and matches answers with questions. It knows a link, no transport; a view knows the store only.

import type { Link } from "./link";
import { WireError } from "./read";
import { reduce } from "./reduce";
import type { Command, Message, Panel, Result, Told } from "./wire.gen";
import { PROTOCOL, readMessage, readPanel } from "./wire.gen";

export type LinkState = "live" | "waiting" | "lost";

export interface Snapshot {
  readonly panel: Panel;
  readonly link: LinkState;
  readonly told: readonly Told[];
}

export interface Store {
  get(): Snapshot;
  subscribe(listener: () => void): () => void;
  /** Ask the kernel. A refusal is an answer; the promise is rejected only when the link is lost. */
  ask(command: Command): Promise<Result>;
  /** A sentence for the user from the picture itself. */
  tell(text: string, level?: Told["level"]): void;
  forget(told: Told): void;
  close(): void;
}

export interface Timers {
  /** Call after some milliseconds unless stopped. */
  after(ms: number, act: () => void): () => void;
}

const WAITING_MS = 1_500;
const TOLD_KEPT = 5;

export const browserTimers: Timers = {
  after: (ms, act) => {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
};

export function createStore(raw: unknown, link: Link, timers: Timers = browserTimers): Store {
  let snapshot: Snapshot = { panel: openPanel(raw), link: "live", told: [] };
  let nextId = 1;
  let resyncing = false;
  const listeners = new Set<() => void>();
  const waiting = new Map<number, { resolve: (result: Result) => void; reject: (error: Error) => void; stop: () => void }>();

  const set = (next: Partial<Snapshot>): void => {
    snapshot = { ...snapshot, ...next };
    for (const listener of [...listeners]) listener();
  };

  const resync = (): void => {
    if (resyncing) return;
    resyncing = true;
    link.send({ id: 0, command: { type: "resync", seq: snapshot.panel.seq } });
  };

  const answer = (message: Message & { readonly type: "answered" }): void => {
    const question = waiting.get(message.to);
    waiting.delete(message.to);
    question?.stop();
    if (waiting.size === 0 && snapshot.link === "waiting") set({ link: "live" });
    question?.resolve(message.result);
  };

  const hear = (incoming: unknown): void => {
    let message: Message;
    try {
      message = readMessage(incoming);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      tell(`A message could not be read: ${error.message}. The picture is fetched anew.`, "warning");
      resync();
      return;
    }
    if (message.type === "answered") {
      answer(message);
      return;
    }
    const { seq } = snapshot.panel;
    if (message.type === "replaced") {
      resyncing = false;
      if (message.panel.seq >= seq) set({ panel: message.panel, link: waiting.size > 0 ? snapshot.link : "live" });
      return;
    }
    if (message.seq <= seq) return;
    if (message.seq !== seq + 1) {
      resync();
      return;
    }
    const told = message.type === "told" ? [...snapshot.told, message].slice(-TOLD_KEPT) : snapshot.told;
    set({ panel: reduce(snapshot.panel, message), told });
  };

  const tell = (text: string, level: Told["level"] = "info"): void => {
    if (snapshot.told.some((told) => told.text === text)) return;
    set({ told: [...snapshot.told, { type: "told" as const, seq: 0, text, level }].slice(-TOLD_KEPT) });
  };

  const lose = (): void => {
    set({ link: "lost" });
    for (const question of waiting.values()) {
      question.stop();
      question.reject(new Error("The kernel is gone."));
    }
    waiting.clear();
  };

  const stopHearing = link.subscribe(hear, lose);
  return {
    get: () => snapshot,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ask: (command) =>
      new Promise((resolve, reject) => {
        if (snapshot.link === "lost") {
          reject(new Error("The kernel is gone."));
          return;
        }
        const id = nextId;
        nextId += 1;
        const stop = timers.after(WAITING_MS, () => {
          if (waiting.has(id) && snapshot.link === "live") set({ link: "waiting" });
        });
        waiting.set(id, { resolve, reject, stop });
        link.send({ id, command });
      }),
    tell,
    forget: (told) => set({ told: snapshot.told.filter((kept) => kept !== told) }),
    close: () => {
      stopHearing();
      for (const question of waiting.values()) {
        question.stop();
        question.reject(new Error("The view was closed."));
      }
      waiting.clear();
    },
  };
}

function openPanel(raw: unknown): Panel {
  const panel = readPanel(raw);
  if (panel.protocol !== PROTOCOL) {
    throw new WireError(
      `the kernel speaks protocol ${panel.protocol}, this page ${PROTOCOL}. Reload the page; if that does not help, restart the kernel.`,
    );
  }
  return panel;
}
