import { expect, test } from "vitest";
import { addressOf, askedFor, EVERYTHING, filtersOf, filterWords, hasWords, queryOf, serverFilter, toggled } from "../src/pages/runs/filters";
import { isBackfillOver, isOver, runLook, tickLook } from "../src/pages/parts/runStates";

test("filters that go into an address come out of it again, and what is as usual is not in it", () => {
  const some = { text: 'job:nightly tag:team=a "no such file"', state: "failed", since: "week", isFlat: true } as const;
  expect(filtersOf(new URLSearchParams(addressOf(some)))).toEqual(some);
  expect([filterWords(some), filterWords(EVERYTHING), addressOf(EVERYTHING)]).toEqual(['Failed, job:nightly tag:team=a "no such file", last 7 days', "All", ""]);
  expect(Object.values(queryOf(EVERYTHING)).every((value) => value === null)).toBe(true);
  expect(filtersOf(new URLSearchParams("state=nonsense&since=ever"))).toEqual(EVERYTHING);
});

test("the search field is jobs, assets, tags and free words; half a word is no error", () => {
  expect(askedFor('job:nightly asset:"raw/a b" tag:k=v=w Cell 7 http://x')).toEqual({
    jobs: ["nightly"], assets: ["raw/a b"], tags: [{ key: "k", value: "v=w" }], words: ["cell", "7", "http://x"],
  });
  expect(askedFor("job: tag:half")).toEqual({ jobs: [], assets: [], tags: [], words: ["job:"] });
});

test("a piece that is put in twice is out again", () => {
  const once = toggled("cell", "asset", "raw a");
  expect(once).toBe('cell asset:"raw a"');
  expect(toggled(once, "asset", "raw a")).toBe("cell");
});

test("the server is asked for what it can find: job, asset, tags, states, since", () => {
  const filters = filtersOf(new URLSearchParams("q=job:nightly+asset:raw/a+tag:k=v+word&state=running&since=hour"));
  expect(serverFilter(filters, 10_000)).toEqual({
    pipelineName: "nightly", assetKey: { path: ["raw", "a"] }, tags: [{ key: "k", value: "v" }], statuses: ["STARTED", "CANCELING"], createdAfter: 6_360,
  });
  expect(serverFilter(EVERYTHING, 10_000)).toEqual({});
});

test("free words are looked for in every text of a row", () => {
  expect(hasWords(["cell", "nan"], ["Cell 7, line 6", null, "IntCastingNaNError"])).toBe(true);
  expect(hasWords(["cell", "zip"], ["Cell 7"])).toBe(false);
});

test("every status that a server may name has a glyph and a word, also one of a later version", () => {
  expect(runLook("FAILURE")).toEqual({ state: "failed", word: "failed" });
  expect(runLook("NEW_ONE")).toEqual({ state: "queued", word: "new_one" });
  expect(tickLook("SKIPPED", 3).word).toBe("missed");
  expect([isOver("STARTED"), isOver("CANCELED"), isBackfillOver("REQUESTED"), isBackfillOver("COMPLETED_FAILED")]).toEqual([false, true, false, true]);
});
