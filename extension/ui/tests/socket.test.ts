import { expect, test } from "vitest";
import type { Plug } from "../src/client/socket";
import { openSocket } from "../src/client/socket";

/** A socket on a stage: what was sent, and what the other side does. */
function stage() {
  const sent: unknown[] = [];
  const plugs: Plug[] = [];
  const waiting: { readonly ms: number; readonly act: () => void }[] = [];
  const socket = openSocket(
    (plug) => {
      plugs.push(plug);
      return { send: (text) => sent.push(JSON.parse(text)), close: () => undefined };
    },
    {
      after: (ms, act) => {
        waiting.push({ ms, act });
        return () => undefined;
      },
    },
  );
  const say = (message: unknown): void => plugs.at(-1)?.onText(JSON.stringify(message));
  return { socket, sent, plugs, waiting, say };
}

test("a panel that is asked for before the link is there is opened with it", () => {
  const { socket, sent, plugs } = stage();
  socket.open({ type: "asset", asset: "a" }, () => undefined);
  expect(sent).toEqual([]);
  plugs[0]?.onOpen();
  expect(sent).toEqual([{ open: 1, view: { type: "asset", asset: "a" }, seq: 0 }]);
});

test("messages go to the panel that they are for, and commands carry its number", () => {
  const { socket, sent, plugs, say } = stage();
  plugs[0]?.onOpen();
  const heard: unknown[] = [];
  const first = socket.open({ type: "asset", asset: "a" }, () => undefined);
  const second = socket.open({ type: "run", run: "r" }, () => undefined);
  first.subscribe((raw) => heard.push(["first", raw]), () => undefined);
  second.subscribe((raw) => heard.push(["second", raw]), () => undefined);
  say({ panel: 2, message: { type: "told", seq: 1 } });
  second.send({ id: 4, command: { type: "resync" } });
  expect(heard).toEqual([["second", { type: "told", seq: 1 }]]);
  expect(sent.at(-1)).toEqual({ panel: 2, asked: { id: 4, command: { type: "resync" } } });
});

test("after a cut a panel goes on from its last message, pauses grow, and everything counts as changed", () => {
  const { socket, sent, plugs, waiting, say } = stage();
  plugs[0]?.onOpen();
  const lost: string[] = [];
  const changes: unknown[] = [];
  socket.onChange((changed) => changes.push(changed));
  socket.open({ type: "run", run: "r" }, () => undefined).subscribe(() => undefined, () => lost.push("r"));
  say({ panel: 1, message: { type: "replaced", seq: 7 } });
  plugs[0]?.onEnd();
  expect(socket.state()).toBe("lost");
  expect(lost).toEqual(["r"]);
  waiting[0]?.act();
  plugs[1]?.onEnd();
  expect(waiting.map(({ ms }) => ms)).toEqual([250, 500]);
  waiting[1]?.act();
  plugs[2]?.onOpen();
  expect(sent.at(-1)).toEqual({ open: 1, view: { type: "run", run: "r" }, seq: 7 });
  expect(changes).toEqual([{ assets: ["*"], runs: ["*"], other: ["*"] }]);
});

test("a panel that cannot be opened says why", () => {
  const { socket, plugs, say } = stage();
  plugs[0]?.onOpen();
  const refused: string[] = [];
  socket.open({ type: "asset", asset: "x" }, (why) => refused.push(why));
  say({ panel: 1, refused: "no asset 'x'." });
  expect(refused).toEqual(["no asset 'x'."]);
});

test("what changed is told to all who listen; what cannot be read is passed over", () => {
  const { socket, plugs, say } = stage();
  plugs[0]?.onOpen();
  const changes: unknown[] = [];
  const stop = socket.onChange((changed) => changes.push(changed));
  plugs[0]?.onText("{");
  say([1]);
  say({ changed: { assets: ["a", 3], runs: ["r"] } });
  stop();
  say({ changed: { assets: ["b"] } });
  expect(changes).toEqual([{ assets: ["a"], runs: ["r"], other: [] }]);
});
