import { beforeEach, describe, expect, test } from "vitest";
import type { Link } from "../src/client/link";
import { createStore } from "../src/client/store";
import type { Asked } from "../src/client/wire.gen";

const grid = (seq: number, stops: number[], states: number[]): unknown => ({
  seq, view: { type: "grid", asset: "a", dimensions: [{ name: "d", keys: { type: "list", keys: ["x", "y", "z"] } }], states: { stops, states } },
});

let sent: Asked[];
let lose: () => void;
let say: (raw: unknown) => void;
let link: Link;
let due: (() => void)[];
const timers = { after: (_: number, act: () => void) => { due.push(act); return () => { due = due.filter((kept) => kept !== act); }; } };

beforeEach(() => {
  sent = [];
  due = [];
  say = () => undefined;
  link = {
    send: (asked) => sent.push(asked),
    subscribe: (listener, onLost) => { say = listener; lose = onLost; return () => { say = () => undefined; }; },
  };
});

describe("the store folds messages in their order", () => {
  test("the next message changes the panel", () => {
    const store = createStore(grid(4, [3], [2]), link, timers);
    say({ type: "states", seq: 5, changes: [[0, 2, 5]] });
    expect(store.get().panel).toMatchObject({ seq: 5, view: { states: { stops: [2, 3], states: [5, 2] } } });
  });
  test("an old message changes nothing", () => {
    const store = createStore(grid(4, [3], [2]), link, timers);
    say({ type: "states", seq: 4, changes: [[0, 2, 5]] });
    expect(store.get().panel.seq).toBe(4);
  });
  test("a gap makes it ask for the whole, once, and the whole heals it", () => {
    const store = createStore(grid(4, [3], [2]), link, timers);
    say({ type: "states", seq: 6, changes: [[0, 2, 5]] });
    say({ type: "states", seq: 7, changes: [[0, 2, 5]] });
    expect(sent.map(({ command }) => command.type)).toEqual(["resync"]);
    say({ type: "replaced", seq: 8, panel: grid(8, [3], [0]) });
    expect(store.get().panel).toMatchObject({ seq: 8, view: { states: { states: [0] } } });
    say({ type: "states", seq: 9, changes: [[0, 1, 3]] });
    expect(store.get().panel.seq).toBe(9);
  });
  test("a message that cannot be read is told and healed", () => {
    const store = createStore(grid(4, [3], [2]), link, timers);
    say({ type: "states", seq: 5, changes: "all" });
    expect(store.get().told[0]?.text).toContain("changes");
    expect(sent).toHaveLength(1);
  });
  test("another protocol is refused with what to do", () => {
    expect(() => createStore({ protocol: 99, view: { type: "grid", asset: "a", dimensions: [], states: {} } }, link, timers)).toThrow("Reload the page");
  });
});

describe("questions get their answers", () => {
  test("by id, whatever the order", async () => {
    const store = createStore(grid(0, [3], [2]), link, timers);
    const first = store.ask({ type: "fetch_key", asset: "a", position: 0 });
    const second = store.ask({ type: "fetch_dot" });
    say({ type: "answered", to: 2, result: { type: "dot", text: "digraph" } });
    say({ type: "answered", to: 1, result: { type: "refused", text: "no" } });
    expect(await first).toEqual({ type: "refused", text: "no" });
    expect(await second).toEqual({ type: "dot", text: "digraph" });
  });
  test("a kernel that is gone answers nothing: what waits is refused, and so is what comes", async () => {
    const store = createStore(grid(0, [3], [2]), link, timers);
    const waiting = store.ask({ type: "fetch_dot" });
    lose();
    await expect(waiting).rejects.toThrow("gone");
    await expect(store.ask({ type: "cancel_run", run: "r" })).rejects.toThrow("gone");
    expect(store.get().link).toBe("lost");
  });
  test("a question without an answer shows that the kernel is busy, until it answers", () => {
    const store = createStore(grid(0, [3], [2]), link, timers);
    void store.ask({ type: "fetch_dot" });
    for (const act of due) act();
    expect(store.get().link).toBe("waiting");
    say({ type: "answered", to: 1, result: { type: "dot", text: "" } });
    expect(store.get().link).toBe("live");
  });
  test("closing ends what waits", async () => {
    const store = createStore(grid(0, [3], [2]), link, timers);
    const asked = store.ask({ type: "fetch_dot" });
    store.close();
    await expect(asked).rejects.toThrow("closed");
  });
});
