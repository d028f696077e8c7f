// The link of a notebook widget. Messages come as custom messages of its model. Commands go by a comm of our own, which JupyterLab
// lets a subshell of the kernel answer, so that they need not wait for a running cell; where there is none (kernels before ipykernel 7)
// they go by the model, and a run of the running cell is cancelled as the stop button does it.

import type { Link } from "./link";

/** The part of anywidget's model that is used here. */
export interface Model {
  get(name: string): unknown;
  on(event: string, act: (...values: unknown[]) => void): void;
  off(event: string, act: (...values: unknown[]) => void): void;
  send(content: unknown): void;
  readonly widget_manager?: unknown;
}

const PATIENCE_MS = 3_000;
// One for all panels: the kernel gets one subshell for each target.
const TARGET = "nbasset";

interface Comm {
  open(data: unknown): unknown;
  send(data: unknown): unknown;
  readonly subshellStarted?: Promise<unknown>;
}

/** The link of the panel that the kernel calls `panel`. */
export function commLink(model: Model, panel: string): Link {
  let lane: Promise<Comm | null> | null = null;
  const losing = new Set<() => void>();
  return {
    send: (asked) => {
      lane ??= panel === "" ? Promise.resolve(null) : openComm(model.widget_manager, panel);
      lane
        .then((comm) => {
          if (comm !== null) comm.send(asked);
          else {
            if (asked.command.type === "cancel_run" && asked.command.here === true) interrupt(model.widget_manager);
            model.send(asked);
          }
        })
        .catch(() => {
          // The comm went with its kernel.
          for (const lose of losing) lose();
        });
    },
    subscribe: (listener, onLost) => {
      const hear = (content: unknown): void => listener(content);
      // The model had its kernel when it was drawn: a change means that it has none.
      const lose = (): void => onLost();
      losing.add(lose);
      model.on("msg:custom", hear);
      model.on("comm_live_update", lose);
      return () => {
        model.off("msg:custom", hear);
        model.off("comm_live_update", lose);
        losing.delete(lose);
      };
    },
  };
}

/** A comm beside the widget's own, or null where the front end offers none. */
async function openComm(manager: unknown, panel: string): Promise<Comm | null> {
  const kernel = property(manager, "kernel");
  const create = property(kernel, "createComm");
  if (typeof create !== "function" || property(kernel, "supportsSubshells") !== true) return null;
  try {
    const comm: unknown = Reflect.apply(create, kernel, [TARGET]);
    if (!isComm(comm)) return null;
    // Opened before its subshell is there it would wait for the running cell, as everything else does.
    const isThere = await Promise.race([comm.subshellStarted?.then(() => true), new Promise((done) => setTimeout(done, PATIENCE_MS, false))]);
    if (isThere !== true) return null;
    comm.open({ panel });
    return comm;
  } catch (error) {
    console.warn("nbasset: no quick lane to the kernel", error);
    return null;
  }
}

function interrupt(manager: unknown): void {
  const kernel = property(manager, "kernel");
  const act = property(kernel, "interrupt");
  if (typeof act !== "function" || property(kernel, "status") !== "busy") return;
  const done: unknown = Reflect.apply(act, kernel, []);
  if (done instanceof Promise) done.catch((error: unknown) => console.warn("nbasset: the kernel was not interrupted", error));
}

function property(owner: unknown, name: string): unknown {
  return typeof owner === "object" && owner !== null ? Reflect.get(owner, name) : null;
}

function isComm(value: unknown): value is Comm {
  return typeof property(value, "open") === "function" && typeof property(value, "send") === "function";
}
