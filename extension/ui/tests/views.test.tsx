// @vitest-environment jsdom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, describe, expect, test } from "vitest";
import type { Link } from "../src/client/link";
import { createStore } from "../src/client/store";
import type { Command } from "../src/client/wire.gen";
import { Shell } from "../src/views/Shell";
import { node, SVG, view } from "./lineage";

interface Stage {
  readonly root: HTMLElement;
  readonly sent: readonly Command[];
  readonly cells: readonly unknown[];
  say(raw: unknown): Promise<void>;
  /** The last command of a type. */
  last(type: Command["type"]): Command | undefined;
  press(target: Element | null, key: string, more?: KeyboardEventInit): Promise<void>;
  click(name: string | RegExp): Promise<void>;
}

let closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing) close();
  closing = [];
});

/** A view on a stage: a link whose answers are given beforehand. */
async function show(raw: unknown, answers: { readonly [type: string]: unknown } = {}): Promise<Stage> {
  const sent: Command[] = [];
  const cells: unknown[] = [];
  let hear: (message: unknown) => void = () => undefined;
  const link: Link = {
    send: ({ id, command }) => {
      sent.push(command);
      const result = answers[command.type];
      if (result !== undefined) queueMicrotask(() => hear({ type: "answered", to: id, result }));
    },
    subscribe: (listener) => {
      hear = listener;
      return () => undefined;
    },
  };
  const root = document.createElement("div");
  document.body.append(root);
  const store = createStore(raw, link, { after: () => () => undefined });
  const host = { openCell: (cell: unknown) => cells.push(cell) > 0, save: () => undefined, copy: () => undefined };
  const settle = (): Promise<void> => act(async () => { for (let round = 0; round < 5; round += 1) await Promise.resolve(); });
  await act(() => render(<Shell store={store} host={host} />, root));
  await settle();
  closing.push(() => {
    render(null, root);
    root.remove();
  });
  return {
    root, sent, cells,
    say: async (message) => {
      await act(() => hear(message));
      await settle();
    },
    last: (type) => sent.findLast((command) => command.type === type),
    press: async (target, key, more) => {
      await act(() => { target?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more })); });
      await settle();
    },
    click: async (name) => {
      const button = [...root.querySelectorAll("button")].find((candidate) => {
        const text = candidate.getAttribute("aria-label") ?? candidate.textContent ?? "";
        return typeof name === "string" ? text === name : name.test(text);
      });
      if (button === undefined) throw new Error(`no button ${String(name)} among ${[...root.querySelectorAll("button")].map(({ textContent }) => textContent).join(" | ")}`);
      await act(() => button.click());
      await settle();
    },
  };
}

const PLAN = { type: "plan", selection: 'key:"b"', rows: [{ asset: "b", state: "stale", why: "17 stale" }], seconds: 119, digest: "d1" };

describe("lineage by keyboard", () => {
  const panel = { seq: 1, view: view([node("a"), node("b", { state: "failed" }), node("c"), node("x", { group: "d" })], [[0, 1], [0, 2], [1, 3]], SVG) };
  const asset = { type: "asset", key: "b", state: "failed", code: { text: "x = 1\n", cell: { id: "c7", number: 7 } } };
  const at = (stage: Stage, key: string): Element | null => stage.root.querySelector(`g.node[data-key="${key}"]`);

  test("there is one tab stop, and arrows walk along the edges", async () => {
    const stage = await show(panel);
    const stops = (): (string | null)[] => [...stage.root.querySelectorAll('g.node[tabindex="0"]')].map((element) => element.getAttribute("data-key"));
    expect(stops()).toEqual(["a"]);
    await stage.press(at(stage, "a"), "ArrowDown");
    expect(stops()).toEqual(["b"]);
    await stage.press(at(stage, "b"), "ArrowRight");
    expect(stops()).toEqual(["c"]);
    await stage.press(at(stage, "c"), "End");
    expect(stops()).toEqual(["group:d"]);
  });
  test("Enter opens the asset and lights its way, Escape clears both", async () => {
    const stage = await show(panel, { fetch_asset: asset });
    await stage.press(at(stage, "b"), "Enter");
    expect(stage.last("fetch_asset")).toEqual({ type: "fetch_asset", asset: "b" });
    expect(stage.root.querySelector("aside h3")?.textContent).toBe("b");
    expect(at(stage, "b")?.getAttribute("aria-selected")).toBe("true");
    expect(stage.root.querySelectorAll(".e .on").length).toBeGreaterThan(0);
    await stage.press(at(stage, "b"), "Escape");
    expect(stage.root.querySelector("aside")).toBeNull();
    expect(stage.root.querySelectorAll(".e .on").length).toBe(0);
  });
  test("Enter on a folded group asks for a drawing with it open", async () => {
    const stage = await show({ seq: 1, view: { ...panel.view, groups: [{ name: "d", count: 1, folded: true }, { name: "e", count: 2, folded: true }] } });
    await stage.press(at(stage, "group:d"), "Enter");
    expect(stage.last("draw")).toMatchObject({ folded: ["e"] });
  });
  test("the button of a cell goes to the cell", async () => {
    const stage = await show(panel, { fetch_asset: asset });
    await stage.press(at(stage, "b"), "Enter");
    await stage.click("Cell 7");
    expect(stage.cells).toEqual([{ id: "c7", number: 7, line: null, notebook: null, prompt: null }]);
  });
  test("a state that changes is drawn at once, and the open panel asked for anew", async () => {
    const stage = await show(panel, { fetch_asset: asset });
    await stage.press(at(stage, "b"), "Enter");
    await stage.say({ type: "nodes", seq: 2, nodes: [{ key: "b", name: "b", state: "running", fact: "42 %" }] });
    expect(at(stage, "b")?.querySelector("text.f")?.textContent).toBe("running, 42 %");
    expect(stage.sent.filter(({ type }) => type === "fetch_asset")).toHaveLength(2);
  });
});

describe("a plan is shown before anything runs", () => {
  const panel = { seq: 1, view: { type: "asset", key: "b", state: "stale", counts: [{ state: "stale", count: 17 }] } };
  test("and what is started is what was shown", async () => {
    const stage = await show(panel, { make_plan: PLAN, materialize: { type: "started", run: "8c41f2ab" } });
    await stage.click("Materialize stale (17)");
    expect(stage.last("make_plan")).toEqual({ type: "make_plan", target: { selection: 'key:"b"', only: "stale" } });
    expect(stage.last("materialize")).toBeUndefined();
    await stage.click("Run 1 asset · about 2 min");
    expect(stage.last("materialize")).toEqual({ type: "materialize", target: { selection: 'key:"b"', only: "stale" }, digest: "d1" });
    expect(stage.root.textContent).toContain("Run 8c41f2 started");
  });
  test("a refusal is told in its words", async () => {
    const stage = await show(panel, { make_plan: { type: "refused", text: "A cycle: a, b. Remove one of the inputs." } });
    await stage.click("Materialize stale (17)");
    expect(stage.root.textContent).toContain("A cycle: a, b.");
  });
  test("without a kernel nothing can be run, and it says so", async () => {
    const stage = await show({ ...panel, can_run: false });
    expect(stage.root.textContent).toContain("No kernel. Shown as of");
    const button = [...stage.root.querySelectorAll("button")].find(({ textContent }) => textContent?.startsWith("Materialize"));
    expect(button?.disabled).toBe(true);
  });
});

describe("partitions", () => {
  const panel = {
    seq: 1,
    view: {
      type: "grid", asset: "b", seconds_per_key: 7, unit: "daily partitions",
      dimensions: [{ name: "day", keys: { type: "time", start: "2013-01-01T00:00", step: "day", count: 365 } }],
      states: { stops: [151, 168, 365], states: [0, 1, 0] },
    },
  };
  const grid = (stage: Stage): Element | null => stage.root.querySelector('[role="grid"]');
  const field = (stage: Stage): HTMLInputElement | null => stage.root.querySelector(".nb-range input");

  test("Shift and arrows take a range; the field says the same", async () => {
    const stage = await show(panel);
    await stage.press(grid(stage), "Home");
    await stage.press(grid(stage), "ArrowRight", { shiftKey: true });
    expect(field(stage)?.value).toBe("[2013-01-01...2013-01-08]");
    expect(stage.root.querySelector('[role="gridcell"]')?.textContent).toBe("2013-01-08: fresh");
    await stage.press(grid(stage), "Escape");
    expect(field(stage)?.value).toBe("");
    await stage.press(grid(stage), "a", { ctrlKey: true });
    expect(field(stage)?.value).toBe("[2013-01-01...2013-12-31]");
  });
  test("a quick pick is a selection, and the button says what it costs", async () => {
    const stage = await show(panel, { materialize: { type: "started", run: "r" } });
    await stage.click("Stale17");
    expect(field(stage)?.value).toBe("[2013-06-01...2013-06-17]");
    await stage.click("Materialize 17 · about 2 min");
    expect(stage.last("materialize")).toMatchObject({ target: { selection: 'key:"b"', spans: [[151, 168]], grouping: "backfill", chunk: 0 } });
  });
  test("Enter opens the history of the key", async () => {
    const stage = await show(panel);
    await stage.press(grid(stage), "End");
    await stage.press(grid(stage), "Enter");
    expect(stage.last("fetch_history")).toEqual({ type: "fetch_history", asset: "b", partition: "2013-12-31" });
  });
  test("progress of a run comes in and can be cancelled", async () => {
    const stage = await show(panel);
    await stage.say({ type: "states", seq: 2, changes: [[151, 152, 5]], progress: { run: "8c41f2ab", done: 3, total: 17 } });
    expect(stage.root.textContent).toContain("3 of 17 done");
    expect(stage.root.textContent).toContain("1 running");
    await stage.click("Cancel");
    expect(stage.last("cancel_run")).toEqual({ type: "cancel_run", run: "8c41f2ab" });
  });
  test("a backfill is paused, set going, cancelled, and what it left is made by another one", async () => {
    const stage = await show(panel);
    const at = { run: "8c41f2ab", done: 3, total: 17, failed: 1, backfill: "5be017aa", runs: 2 };
    const progress = (more: object): Promise<void> => stage.say({ type: "states", seq: (seq += 1), changes: [], progress: { ...at, ...more } });
    let seq = 1;
    const buttons = (): readonly string[] => [...stage.root.querySelectorAll(".nb-progress button")].map(({ textContent }) => textContent ?? "");
    await progress({ can_pause: true });
    expect(stage.root.querySelector(".nb-progress")?.textContent).toContain("backfill 5be017, run 2");
    await stage.click("Pause");
    expect(stage.last("pause_backfill")).toEqual({ type: "pause_backfill", backfill: "5be017aa" });
    await progress({ held: "pausing", can_pause: true });
    expect(buttons()).not.toContain("Pause");
    await progress({ state: "queued", held: "paused" });
    await stage.click("Resume (13)");
    expect(stage.last("resume_backfill")).toEqual({ type: "resume_backfill", backfill: "5be017aa" });
    await progress({ can_pause: true });
    await stage.click("Cancel");
    expect(stage.last("cancel_backfill")).toEqual({ type: "cancel_backfill", backfill: "5be017aa" });
    await progress({ state: "canceled" });
    await stage.click("Run 1 again");
    expect(stage.last("retry_backfill")).toEqual({ type: "retry_backfill", backfill: "5be017aa", what: "failed" });
    await stage.click("Run what is left (14)");
    expect(stage.last("retry_backfill")).toEqual({ type: "retry_backfill", backfill: "5be017aa", what: "left" });
  });
});

describe("a run", () => {
  const frame = { where: "cell 7, line 6", user: true, lines: [{ number: 6, text: "pct = x.astype(int)", hit: true }], cell: { id: "c7", number: 7, line: 6 } };
  const failed = {
    seq: 1,
    view: {
      type: "run", run: "71d0e9cc", title: "b", state: "failed", started_at: 10, ended_at: 10.5,
      steps: [{ key: "b", asset: "b", state: "failed", attempts: [{ started_at: 10, ended_at: 10.5, state: "failed" }] }],
      errors: [{ step: "b", name: "IntCastingNaNError", message: "Cannot convert", frames: [frame, { where: "pandas/core.py, line 3", user: false }], text: "Traceback" }],
      since: [{ text: "Changed since: " }, { text: "clean()", cell: { number: 4 } }],
    },
  };
  test("that failed names the cell and the line before the error, and folds what is not the user's", async () => {
    const stage = await show(failed);
    const text = stage.root.querySelector(".nb-failure")?.textContent ?? "";
    expect(text.indexOf("Cell 7, line 6")).toBeLessThan(text.indexOf("IntCastingNaNError"));
    expect(text).toContain("1 frame folded");
    expect(text).not.toContain("pandas/core.py");
    await stage.click("Open cell 7");
    expect(stage.cells).toHaveLength(1);
  });
  test("asks before it runs again, and says what changed since", async () => {
    const stage = await show(failed, { run_again: { type: "started", run: "x" } });
    await stage.click("Run again");
    expect(stage.last("run_again")).toBeUndefined();
    expect(stage.root.textContent).toContain("1 failed step and what follows Changed since: clean()");
    await stage.click("Run 1 again");
    expect(stage.last("run_again")).toEqual({ type: "run_again", run: "71d0e9cc", what: "failed" });
  });
  test("stdout opens at the step that failed", async () => {
    const stage = await show(failed, { fetch_output: { type: "output", run: "71d0e9cc", step: "b", stream: "stdout", text: "reading\n" } });
    await stage.click("stdout");
    expect(stage.last("fetch_output")).toEqual({ type: "fetch_output", run: "71d0e9cc", step: "b", stream: "stdout" });
    expect(stage.root.querySelector(".nb-output")?.textContent).toContain("reading");
  });
  test("that runs can be cancelled, and stops to be asked once it is", async () => {
    const stage = await show({ seq: 1, view: { type: "run", run: "r1", title: "b", state: "running", started_at: 1, steps: [{ key: "b", asset: "b", state: "running", attempts: [{ started_at: 1 }] }] } });
    await stage.click("Cancel");
    expect(stage.last("cancel_run")).toMatchObject({ run: "r1", force: false });
    expect(stage.root.textContent).toContain("Stopping");
    await stage.say({ type: "run_changed", seq: 2, state: "canceled", ended_at: 5, steps: [{ key: "b", asset: "b", state: "canceled", attempts: [{ started_at: 1, ended_at: 5, state: "canceled" }] }] });
    expect(stage.root.querySelector("h3")?.textContent).toContain("canceled");
  });
});
