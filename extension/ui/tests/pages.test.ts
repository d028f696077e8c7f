import { expect, test } from "vitest";
import type { BackfillRow, RunRow } from "../src/client/documents/runs.gen";
import type { RunEventsData } from "../src/client/documents/run.gen";
import { groupTicks } from "../src/pages/automation/groups";
import { strip } from "../src/pages/automation/strip";
import { operationOf, variablesOf } from "../src/pages/console/text";
import { placeOps } from "../src/pages/job/placeOps";
import { completeYaml } from "../src/pages/launch/completeYaml";
import { addDraft, changeDraft, closeDraft, keysOf, namesOf, tagsOf, titleOf } from "../src/pages/launch/drafts";
import { refusalOf } from "../src/pages/parts/asking";
import { errorPieces } from "../src/pages/parts/errorPieces";
import { runsOf } from "../src/pages/parts/KeyStates";
import { originOf } from "../src/pages/parts/places";
import { onClock, untilWords } from "../src/pages/parts/Time";
import { eventRows, passing } from "../src/pages/run/eventRows";
import { doableOf, listRows, pickedOf } from "../src/pages/runs/rows";
import { jsonLines, queryLines, yamlLines } from "../src/ui/markup";

const run = (runId: string, status: RunRow["status"] = "SUCCESS", more: Partial<RunRow> = {}): RunRow & { readonly __typename: "Run" } => ({
  __typename: "Run", runId, status, title: `run ${runId}`, jobName: "job", failureText: null, startedBy: "ana", waitsFor: null, stepCounts: [], tags: [],
  creationTime: 1, startTime: 1, endTime: 2, canTerminate: false, ...more,
});
const backfill = (id: string, more: Partial<BackfillRow> = {}): BackfillRow & { readonly __typename: "PartitionBackfill" } => ({
  __typename: "PartitionBackfill", id, backfillStatus: "REQUESTED", backfillTitle: null, backfillJob: "daily", isPaused: false, canPause: true, etaSeconds: null,
  numPartitions: 3, numCancelable: 1, timestamp: 1, endTimestamp: null, assetSelection: [{ path: ["a", "b"] }], partitionStatusCounts: [], ...more,
});

test("a backfill is one row; unfolded, what goes on comes first, then what failed, and what is too much is a link", () => {
  const inside = [run("done"), run("bad", "FAILURE"), run("live", "STARTED"), ...Array.from({ length: 40 }, (_, at) => run(`d${at}`))];
  const folded = listRows([run("x"), backfill("bf")], "", inside, []);
  expect(folded.map(({ key }) => key)).toEqual(["x", "backfill bf"]);
  const open = listRows([run("x"), backfill("bf")], "bf", inside, []);
  expect(open.slice(1, 4).map(({ key }) => key)).toEqual(["backfill bf", "live", "bad"]);
  expect(open.at(-1)).toEqual({ kind: "rest", key: "rest bf", backfill: "bf", text: "18 more runs of this backfill" });
});

test("free words are found in reasons, tags and targets of runs and backfills", () => {
  const rows = [run("x", "FAILURE", { failureText: "cell 7: KeyError" }), run("y", "SUCCESS", { tags: [{ key: "ticket", value: "A-1" }] }), backfill("bf")];
  const found = (word: string): readonly string[] => listRows(rows, "", null, [word]).map(({ key }) => key);
  expect([found("keyerror"), found("ticket=a-1"), found("a/b")]).toEqual([["x"], ["y"], ["backfill bf"]]);
});

test("of what is picked, only what goes on is stopped and only what is over is done again or forgotten", () => {
  const rows = listRows([run("over"), run("live", "STARTED", { canTerminate: true }), backfill("bf"), backfill("old", { backfillStatus: "COMPLETED_SUCCESS" })], "", null, []);
  const can = doableOf(pickedOf(rows, new Set(rows.map(({ key }) => key))));
  expect([can.stop, can.again, can.forget].map((some) => some.map(({ runId }) => runId))).toEqual([["live"], ["over"], ["over"]]);
  expect(can.stopBackfills.map(({ id }) => id)).toEqual(["bf"]);
});

type ServerEvent = Extract<RunEventsData["logsForRun"], { readonly __typename: "EventConnection" }>["events"];

test("events have words of their own, the user's place before an error, and facts that lead on", () => {
  const base = { message: "said", timestamp: "1500", level: "INFO", stepKey: "a", eventType: null } as const;
  const events: ServerEvent = [
    { ...base, __typename: "ExecutionStepFailureEvent", level: "ERROR", error: { className: "KeyError", message: "'b'", place: "cell 7, line 2" } },
    { ...base, __typename: "MaterializationEvent", label: null, partition: "2026-01-01", assetKey: { path: ["raw", "a"] }, metadataEntries: [{ __typename: "IntMetadataEntry", label: "rows", description: null, intRepr: "40" }] },
    { ...base, __typename: "LogMessageEvent", stepKey: null },
  ];
  const rows = eventRows(events, 10);
  expect(rows.map(({ number, at, word, kind, state, text }) => [number, at, word, kind, state, text])).toEqual([
    [10, 1.5, "Step failed", "step", "failed", "cell 7, line 2: KeyError: 'b'"],
    [11, 1.5, "Materialized", "data", "fresh", "said"],
    [12, 1.5, "Log", "log", null, "said"],
  ]);
  expect(rows[1]?.facts).toEqual([
    { label: "asset", text: "raw/a", to: { asset: "raw/a" } },
    { label: "partition", text: "2026-01-01", to: null },
    { label: "rows", text: "40", to: null },
  ]);
  const only = (filters: Partial<Parameters<typeof passing>[1]>): readonly number[] => passing(rows, { text: "", kinds: new Set(), step: null, level: "all", ...filters }).map(({ number }) => number);
  expect([only({ level: "error" }), only({ kinds: new Set(["log"]) }), only({ step: "a", text: "rows 40" })]).toEqual([[10], [12], [11]]);
});

test("tags are read as they are usually written, and one without a value is asked for", () => {
  expect(tagsOf('ticket: DATA-1, team=a, note: "x y"').tags).toEqual([{ key: "ticket", value: "DATA-1" }, { key: "team", value: "a" }, { key: "note", value: "x y" }]);
  expect(tagsOf("ticket").problem).toBe("“ticket” has no value; write ticket: VALUE.");
});

test("partitions are named, ranged, all or the latest, each once and in order; an unknown one has its nearest beside it", () => {
  const all = ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"];
  expect(keysOf("[2026-01-02...2026-01-03], 2026-01-01, 2026-01-02", all).keys).toEqual(all.slice(0, 3));
  expect([keysOf("all", all).keys.length, keysOf("latest", all).keys, keysOf("", all).keys]).toEqual([4, ["2026-01-04"], []]);
  expect(keysOf("2026-01-04...2026-01-02", all).keys).toEqual([]);
  expect(keysOf("2026-02", all).problem).toBe("There is no partition 2026-02. The nearest is 2026-01-04.");
});

test("drafts are added, changed and closed; the last one that is closed leaves a new one", () => {
  let drafts = addDraft({ open: 0, all: [] }, { job: "nightly" });
  drafts = addDraft(drafts, { assets: "a, b, c" });
  expect(drafts.all.map(titleOf)).toEqual(["nightly", "a and 2 more"]);
  drafts = changeDraft(drafts, 2, { config: "ops:" });
  drafts = closeDraft(drafts, 2);
  expect([drafts.open, drafts.all.length]).toEqual([1, 1]);
  expect(closeDraft(drafts, 1).all.map(titleOf)).toEqual(["New"]);
  expect(namesOf("a, b  a")).toEqual(["a", "b"]);
});

const SCHEMA = {
  properties: { ops: { properties: { model: { properties: { config: { properties: { depth: { type: "integer" }, mode: { enum: ["FAST", "SLOW"] } }, type: "object" } } } } }, resources: { type: "object" } },
};
const yamlAt = (text: string): readonly string[] => completeYaml(SCHEMA, text.replace("|", ""), text.indexOf("|")).proposals.map(({ label }) => label);

test("in a run config the keys are proposed that fit where the cursor stands and are not there yet, and the values of a choice", () => {
  expect(yamlAt("|")).toEqual(["ops", "resources"]);
  expect(yamlAt("ops:\n  |")).toEqual(["model"]);
  expect(yamlAt("ops:\n  model:\n    config:\n      depth: 3\n      |")).toEqual(["mode"]);
  expect(yamlAt("ops:\n  model:\n    config:\n      mode: S|")).toEqual(["SLOW"]);
  expect(yamlAt("nonsense:\n  |")).toEqual([]);
});

test("ops stand below what they read, beside each other without overlap, and a ring does not hang", () => {
  const picture = placeOps([{ name: "a", reads: [] }, { name: "b", reads: ["a"] }, { name: "c", reads: ["a", "gone"] }, { name: "d", reads: ["b", "c", "a"] }]);
  const at = new Map(picture.ops.map((op) => [op.name, op]));
  for (const { from, to } of picture.edges) expect(at.get(to)?.y).toBeGreaterThan(at.get(from)?.y ?? 0);
  const [b, c] = [at.get("b"), at.get("c")];
  expect((b?.x ?? 0) + (b?.width ?? 0)).toBeLessThan(c?.x ?? 0);
  expect(picture.edges.length).toBe(5);
  // The edge from a to d passes the rank of b and c beside them, not through them.
  const crossing = [...(picture.edges.find(({ from, to }) => from === "a" && to === "d")?.path ?? "").matchAll(/H([\d.]+)/g)].map(([, x]) => Number(x));
  const beside = crossing[0] ?? 0;
  for (const op of [b, c]) expect(beside < (op?.x ?? 0) || beside > (op?.x ?? 0) + (op?.width ?? 0)).toBe(true);
  expect(placeOps([{ name: "a", reads: ["b"] }, { name: "b", reads: ["a"] }]).ops.length).toBe(2);
  expect(placeOps([])).toMatchObject({ ops: [], edges: [] });
});

test("an hour of ticks is one piece: what ran says more than what had nothing to do, what failed more than both", () => {
  const tick = (status: string, timestamp: number, missed = 0) => ({ status, timestamp, missed });
  const pieces = strip([tick("SKIPPED", 86_000), tick("SUCCESS", 86_100), tick("FAILURE", 80_000), tick("SUCCESS", 80_001), tick("SKIPPED", 70_000, 3)], [86_500, 86_600], 86_400);
  expect(pieces.length).toBe(30);
  expect(pieces.filter(({ state }) => state !== null).map(({ state, count, isComing }) => [state, count, isComing])).toEqual([["missing", 1, false], ["failed", 2, false], ["fresh", 2, false], ["queued", 2, true]]);
});

test("ticks that say the same one after the other are one, unless they started something", () => {
  const tick = (tickId: string, more: object = {}) => ({ tickId, status: "FAILURE", timestamp: 1, runIds: [], skipReason: null, missed: 0, error: { message: "KeyError" }, ...more });
  const groups = groupTicks([tick("5"), tick("4"), tick("3", { error: { message: "other" } }), tick("2", { runIds: ["r"], error: null, status: "SUCCESS" }), tick("1", { runIds: ["s"], error: null, status: "SUCCESS" })]);
  expect(groups.map(({ tick: { tickId }, more }) => [tickId, more.map((one) => one.tickId)])).toEqual([["5", ["4"]], ["3", []], ["2", []], ["1", []]]);
});

test("code in the text of an error is code, and what was said already is not said again", () => {
  const text = "a.py, line 9\nKeyError: 'x'\n  in f, a.py\n       8 | def f():\n  >    9 |     return d['x']\nmore\n";
  expect(errorPieces(text, ["a.py, line 9", "KeyError: 'x'"])).toEqual([
    { text: "  in f, a.py" },
    { code: [{ number: 8, text: "def f():", hit: false }, { number: 9, text: "    return d['x']", hit: true }] },
    { text: "more" },
  ]);
});

test("what was refused is said in the words of the server; what was done is no refusal", () => {
  expect(refusalOf({ a: { __typename: "RunConfigValidationInvalid", errors: [{ message: "one." }, { message: "two." }] } })).toBe("one. two.");
  expect(refusalOf({ a: { __typename: "PythonError", message: "no" } })).toBe("no");
  expect(refusalOf({ a: { __typename: "InvalidStepError" } })).toBe("Refused: InvalidStepError.");
  expect(refusalOf({ a: { __typename: "LaunchRunSuccess" } })).toBe(null);
});

test("a name leads to the location that has it, the one in the address first", () => {
  const node = (name: string, jobs: readonly string[]) => ({ name: "__repository__", location: { name }, jobs: jobs.map((job) => ({ name: job, isAssetJob: true })), schedules: [], sensors: [] });
  const data = { repositoriesOrError: { __typename: "RepositoryConnection" as const, nodes: [node("a", ["x"]), node("b", ["x", "y"])] } };
  expect(originOf(data, "jobs", "x", "b")?.repositoryLocationName).toBe("b");
  expect(originOf(data, "jobs", "x", "gone")?.repositoryLocationName).toBe("a");
  expect(originOf(data, "jobs", "z", null)).toBe(null);
});

test("times ahead are as exact as one can wait for, and stand on the clock of their schedule", () => {
  expect([0, 30, 200, 7_300, 200_000].map((seconds) => untilWords(1_000 + seconds, 1_000))).toEqual(["now", "in 30 s", "in 3 min", "in 2 h 02 min", "in 2 d"]);
  expect(onClock(1_795_669_200, "Europe/Berlin")).toBe("Thu 26 Nov 06:00");
  expect(onClock(1_795_669_200, "No/Where")).toMatch(/^\w{3} \d+ \w{3} \d\d:00$/);
});

test("keys in their order become runs of equal states", () => {
  const runs = runsOf([{ state: "missing" }, { state: "missing" }, { state: "failed" }, { state: "missing" }]);
  expect(runs.stops).toEqual([2, 3, 4]);
  expect(runs.states[0]).toBe(runs.states[2]);
});

test("the console knows the operation that it asks, and says what is wrong with variables", () => {
  expect([operationOf("# query No\nquery Yes { a }"), operationOf("{ a }"), operationOf('mutation M($a: Int = 3) { a(b: "query X") }')]).toEqual(["Yes", "", "M"]);
  expect([variablesOf(" ").value, variablesOf('{"a": 1}').value, variablesOf("[1]").problem]).toEqual([{}, { a: 1 }, 'Variables are an object, such as {"limit": 5}.']);
  expect(variablesOf("{").problem).toMatch(/^The variables are no JSON: /);
});

test("colouring loses no letter, whatever the text", () => {
  for (const text of ['a: "b # c"\n# d: 1\n- x: {y: [1, true]}\n', "query Q($a: Int!) { a(b: $a) # c\n ... on T { d } }", '{"a": [1, "b", null], "c": {"d": "e"}}', 'broken " text: \' {{{', ""]) {
    for (const lines of [yamlLines, queryLines, jsonLines]) expect(lines(text).map((tokens) => tokens.map((token) => token.text).join("")).join("\n")).toBe(text);
  }
});
