import { describe, expect, test } from "vitest";
import type { Asked } from "../src/client/wire.gen";
import { commLink } from "../src/client/comm";

interface Kernel {
  readonly status?: string;
  readonly supportsSubshells?: boolean;
  readonly interrupt?: () => Promise<void>;
  readonly createComm?: (target: string) => unknown;
}

/** A model whose kernel is given, and what was sent by it. */
function modelOf(kernel: Kernel): { readonly sent: unknown[]; readonly model: Parameters<typeof commLink>[0] } {
  const sent: unknown[] = [];
  return { sent, model: { get: () => null, on: () => undefined, off: () => undefined, send: (content) => sent.push(content), widget_manager: { kernel } } };
}

const cancel = (here: boolean): Asked => ({ id: 1, command: { type: "cancel_run", run: "r", here } });
const settled = (): Promise<void> => new Promise((done) => setTimeout(done, 5));

describe("commands", () => {
  test("go by a comm of their own where a subshell answers it", async () => {
    const by: unknown[] = [];
    const comm = { open: (data: unknown) => by.push(data), send: (data: unknown) => by.push(data), subshellStarted: Promise.resolve() };
    const { sent, model } = modelOf({ supportsSubshells: true, createComm: () => comm });
    commLink(model, "p").send(cancel(true));
    await settled();
    expect([by, sent]).toEqual([[{ panel: "p" }, cancel(true)], []]);
  });
  test("go by the model of a kernel without subshells, and only a run of the busy cell is stopped by an interrupt", async () => {
    let interrupts = 0;
    const kernel = { status: "busy", interrupt: async () => { interrupts += 1; } };
    const { sent, model } = modelOf(kernel);
    const link = commLink(model, "p");
    link.send(cancel(false));
    await settled();
    expect([interrupts, sent.length]).toEqual([0, 1]);
    link.send(cancel(true));
    await settled();
    expect([interrupts, sent.length]).toEqual([1, 2]);
    commLink(modelOf({ ...kernel, status: "idle" }).model, "p").send(cancel(true));
    await settled();
    expect(interrupts).toBe(1);
  });
});
