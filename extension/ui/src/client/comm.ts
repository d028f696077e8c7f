// The link of a notebook widget: custom messages of its model. Commands that must not wait for a running cell take the quick
// lane, a comm of our own that JupyterLab answers on a subshell; where there is none they go with the rest.

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

interface Comm {
  open(data: unknown): unknown;
  send(data: unknown): unknown;
  readonly subshellStarted?: Promise<unknown>;
}

export function commLink(model: Model, quickTarget: string): Link {
  let quick: Promise<Comm | null> | null = null;
  return {
    send: (asked, isQuick) => {
      if (!isQuick || quickTarget === "") {
        model.send(asked);
        return;
      }
      quick ??= openComm(model.widget_manager, quickTarget);
      void quick.then((comm) => (comm === null ? model.send(asked) : comm.send(asked)));
    },
    subscribe: (listener) => {
      const hear = (content: unknown): void => listener(content);
      model.on("msg:custom", hear);
      return () => model.off("msg:custom", hear);
    },
  };
}

/** A comm beside the widget's own, or null where the front end offers none. */
async function openComm(manager: unknown, target: string): Promise<Comm | null> {
  const kernel = property(manager, "kernel");
  const create = property(kernel, "createComm");
  if (typeof create !== "function" || property(kernel, "supportsSubshells") !== true) return null;
  try {
    const comm: unknown = Reflect.apply(create, kernel, [target]);
    if (!isComm(comm)) return null;
    // Opened before its subshell is there it would wait for the running cell, as everything else does.
    const isThere = await Promise.race([comm.subshellStarted?.then(() => true), new Promise((done) => setTimeout(done, PATIENCE_MS, false))]);
    if (isThere !== true) return null;
    comm.open({});
    return comm;
  } catch (error) {
    console.warn("nbasset: no quick lane to the kernel", error);
    return null;
  }
}

function property(owner: unknown, name: string): unknown {
  return typeof owner === "object" && owner !== null ? Reflect.get(owner, name) : null;
}

function isComm(value: unknown): value is Comm {
  return typeof property(value, "open") === "function" && typeof property(value, "send") === "function";
}
