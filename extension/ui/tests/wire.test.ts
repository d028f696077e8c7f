import { describe, expect, test } from "vitest";
import { WireError } from "../src/client/read";
import { PROTOCOL, readMessage, readPanel } from "../src/client/wire.gen";

describe("what arrives is read field by field", () => {
  test("a panel gets the defaults that were not written", () => {
    const panel = readPanel({ view: { type: "grid", asset: "a", dimensions: [], states: {} } });
    expect(panel).toMatchObject({ seq: 0, protocol: PROTOCOL, view: { at_once: 1, states: { stops: [], states: [] } } });
  });
  test.each([
    [{ seq: 1, type: "states", changes: [[0, 1]] }, "changes.[0]"],
    [{ seq: 1, type: "shutdown" }, "one of type"],
    [{ seq: "1", type: "told", text: "" }, "seq"],
    [{ seq: 1, type: "nodes", nodes: [{ key: "a", name: "a", state: "purple" }] }, "nodes[0].state"],
    [null, "an object"],
  ])("%j is refused and the place is named", (raw, place) => {
    expect(() => readMessage(raw)).toThrow(WireError);
    expect(() => readMessage(raw)).toThrow(new RegExp(place.replaceAll("[", "\\[").replaceAll("]", "\\]").replaceAll(".\\[", "\\.?\\[")));
  });
});
