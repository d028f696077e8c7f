import { expect, test } from "vitest";
import type { CatalogueData } from "../src/client/documents/catalogue.gen";
import { keysIn, rangeIn } from "../src/pages/asset/typed";
import { shortPlace } from "../src/pages/catalogue/columns";
import type { Row } from "../src/pages/catalogue/rows";
import { checkState, filtered, graphOf, isIn, median, rowsOf, stateText, tally } from "../src/pages/catalogue/rows";
import type { Found } from "../src/pages/frame/finding";
import { find } from "../src/pages/frame/finding";

type Node = CatalogueData["assetNodes"][number];

const SHOWN: NonNullable<Node["shown"]> = {
  state: "fresh", counts: [{ state: "fresh", count: 1 }], reason: "", definedIn: "cell 3 of flights.ipynb", strip: [], rows: 3, sizeBytes: 90, madeAt: 1_700_000_000, runId: "r", seconds: [1],
};

function node(key: string, more: Partial<Node> = {}): Node {
  return {
    assetKey: { path: key.split("/") }, groupName: "raw", description: null, kinds: [], owners: [], tags: [], isExecutable: true, isMaterializable: true, dependencyKeys: [],
    repository: { location: { name: "flights.ipynb" } }, assetChecksOrError: { __typename: "AssetChecks", checks: [] }, shown: SHOWN, ...more,
  };
}

const DATA: CatalogueData = {
  assetNodes: [
    node("raw_flights", { description: "One row a flight\nand more", tags: [{ key: "team", value: "x" }] }),
    node("daily", {
      groupName: "days", dependencyKeys: [{ path: ["raw_flights"] }],
      shown: { ...SHOWN, state: "failed", counts: [{ state: "fresh", count: 361 }, { state: "failed", count: 3 }, { state: "stale", count: 1 }] },
    }),
    node("report", {
      dependencyKeys: [{ path: ["daily"] }], shown: { ...SHOWN, state: "missing", counts: [{ state: "missing", count: 1 }] },
      assetChecksOrError: { __typename: "AssetChecks", checks: [{ name: "rows", executionForLatestMaterialization: { status: "FAILED", evaluation: { success: false, severity: "WARN" } } }] },
    }),
    node("elsewhere", { shown: null }),
  ],
  workspaceOrError: { __typename: "Workspace", locationEntries: [] },
};
const ROWS = rowsOf(DATA);
const keys = (text: string, state = ""): readonly string[] => filtered(ROWS, graphOf(ROWS), text, state).rows.map(({ key }) => key);
const row = (key: string): Row => {
  const found = ROWS.find((one) => one.key === key);
  if (found === undefined) throw new Error(key);
  return found;
};

test("a partitioned asset says its most urgent partitions first, with their number", () => {
  expect(["raw_flights", "daily", "report"].map((key) => stateText(row(key)))).toEqual(["fresh", "3 of 365 failed", "missing"]);
});

test("the chips count an asset once for every state that some of it is in", () => {
  expect(tally(ROWS)).toEqual([{ state: "failed", count: 1 }, { state: "warned", count: 1 }, { state: "stale", count: 1 }, { state: "missing", count: 1 }]);
  expect(isIn(row("daily"), "stale")).toBe(true);
});

test("plain words are looked for in all that is said of an asset", () => {
  expect(keys("row flight")).toEqual(["raw_flights"]);
  expect(keys("team=x")).toEqual(["raw_flights"]);
});

test("the selection language means the same as in the lineage", () => {
  expect(keys("raw_flights+")).toEqual(["raw_flights", "daily", "report"]);
  expect(keys("group:days or status:missing")).toEqual(["daily", "report", "elsewhere"]);
});

test("what cannot be read changes nothing and says why", () => {
  const { rows, problem } = filtered(ROWS, graphOf(ROWS), "group:(", "");
  expect([rows.length, problem !== null]).toEqual([4, true]);
});

test("words and a state are both asked for", () => {
  expect([keys("", "stale"), keys("raw", "stale")]).toEqual([["daily"], []]);
});

test("a check is in the state of its last verdict", () => {
  const last = (status: string, success: boolean | null, severity = "ERROR"): Parameters<typeof checkState>[0] => ({ status, evaluation: success === null ? null : { success, severity } });
  expect([checkState(null), checkState(last("SUCCEEDED", true)), checkState(last("FAILED", false)), checkState(last("FAILED", false, "WARN")), checkState(last("IN_PROGRESS", null)), checkState(last("EXECUTION_FAILED", null))]).toEqual([
    "missing", "checkpassed", "checkfailed", "warned", "running", "checkfailed",
  ]);
});

test("medians, places and typed partitions", () => {
  expect([median([]), median([3, 1, 2]), median([1, 2])]).toEqual([null, 2, 1.5]);
  expect([shortPlace("cell 10 of flights.ipynb, line 1"), shortPlace("cell 10 of flights.ipynb", false), shortPlace("src/shop.py:12")]).toEqual(["flights.ipynb, cell 10", "cell 10", "shop.py:12"]);
  expect([rangeIn("a"), rangeIn("[a...c]"), rangeIn("a..c"), rangeIn("a, b"), rangeIn("...")]).toEqual([{ start: "a", end: "a" }, { start: "a", end: "c" }, { start: "a", end: "c" }, null, null]);
  expect(keysIn(" a, b\nb,,")).toEqual(["a", "b"]);
});

test("a name is found by how well it fits; a run by its id", () => {
  const thing = (name: string, kind = "asset"): Found => ({ kind, name, to: `/${name}`, icon: "cube", isKey: true, also: "" });
  const all = [thing("daily_flights"), thing("flights"), thing("raw_flights"), thing("flight_weather"), thing("Runs", "page")];
  expect(find(all, "flights").map(({ name }) => name)).toEqual(["flights", "raw_flights", "daily_flights"]);
  expect(find(all, "").map(({ name }) => name)).toEqual(["Runs"]);
  expect(find(all, "dlf").map(({ name }) => name)).toEqual(["daily_flights"]);
  expect(find(all, "8c41f2aa").map(({ to }) => to)).toEqual(["/runs/8c41f2aa"]);
});
