// @vitest-environment jsdom
// Pages with a server of canned answers: what stands there when all is well, when there is nothing, and when the server refuses.

import type { JSX } from "preact";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, expect, test } from "vitest";
import { httpServer } from "../src/client/graphql";
import { SiteContext } from "../src/pages/frame/context";
import Backfills from "../src/pages/Backfills";
import Jobs from "../src/pages/Jobs";
import Locations from "../src/pages/Locations";
import Runs from "../src/pages/Runs";
import { Toasts } from "../src/ui/Toasts";

const run = {
  __typename: "Run", runId: "0123456789abcdef", status: "FAILURE", title: "nightly", jobName: "nightly", failureText: "cell 7, line 6: KeyError: 'b'", startedBy: "ana",
  waitsFor: null, stepCounts: [], tags: [], creationTime: 1, startTime: 1, endTime: 2, canTerminate: false,
};
const count = { __typename: "Runs", count: 1 };
const feed = (results: readonly object[]) => ({
  runsFeedOrError: { __typename: "RunsFeedConnection", cursor: "", hasMore: false, results }, failed: count, running: count, queued: count, succeeded: count, canceled: count,
});

let root: HTMLElement | null = null;

/** The text of a page whose questions are all answered so. */
async function shown(Page: () => JSX.Element, answer: () => unknown): Promise<string> {
  document.body.replaceChildren();
  root = document.createElement("div");
  document.body.append(root);
  const server = httpServer("", async () => new Response(JSON.stringify(answer())));
  const site = {
    base: "", server, place: { path: "/runs", query: new URLSearchParams() }, go: () => undefined,
    socket: { state: () => "live" as const, onState: () => () => undefined, onChange: () => () => undefined, open: () => { throw new Error("no panels"); }, close: () => undefined },
  };
  const page = root;
  await act(async () => {
    render(<SiteContext.Provider value={site}><Toasts><Page /></Toasts></SiteContext.Provider>, page);
    await Promise.resolve();
  });
  // The answer passes the response, its text and the page.
  for (let turn = 0; turn < 4; turn += 1) await act(() => new Promise((done) => setTimeout(done, 0)));
  return page.textContent ?? "";
}

afterEach(() => {
  if (root !== null) render(null, root);
});

test("a failed run stands in the list with its place and reason, and can be run again from there", async () => {
  const text = await shown(Runs, () => ({ data: feed([run]) }));
  expect(text).toContain("cell 7, line 6: KeyError: 'b'");
  expect(document.querySelector('[aria-label="Run again 012345"]')).not.toBe(null);
});

test("a list without anything says what to do next", async () => {
  expect(await shown(Runs, () => ({ data: feed([]) }))).toContain("Nothing has run yet");
  expect(await shown(Jobs, () => ({ data: { repositoriesOrError: { __typename: "RepositoryConnection", nodes: [] } } }))).toContain("No jobs are defined");
  expect(await shown(Backfills, () => ({ data: { partitionBackfillsOrError: { __typename: "PartitionBackfills", results: [] } } }))).toContain("No backfill yet");
});

test("what the server refuses is said in its words, and the page stays", async () => {
  const refuse = (): unknown => ({ data: null, errors: [{ message: "the store is locked" }] });
  for (const [Page, title] of [[Runs, "Runs"], [Jobs, "Jobs"], [Locations, "Code locations"]] as const) {
    const text = await shown(Page, refuse);
    expect(text).toContain(title);
    expect(text).toContain("the store is locked");
    expect(text).toContain("Try again");
  }
});

test("a location that could not be loaded comes first, with the line that it failed at", async () => {
  const entry = { id: "a", name: "good.py", loadStatus: "LOADED", updatedTimestamp: 1, displayMetadata: [], problems: [], locationOrLoadError: { __typename: "RepositoryLocation", isReloadSupported: true, repositories: [] } };
  const bad = { ...entry, id: "b", name: "bad.py", locationOrLoadError: { __typename: "PythonError", className: "KeyError", message: "KeyError: 'EWR'", place: "bad.py, line 9", text: "bad.py, line 9\nKeyError: 'EWR'\n  >    9 | LIMITS = stations['EWR']\n" } };
  const text = await shown(Locations, () => ({ data: { workspaceOrError: { __typename: "Workspace", locationEntries: [entry, bad] } } }));
  expect(text.indexOf("bad.py")).toBeLessThan(text.indexOf("good.py"));
  expect(document.querySelector(".nb-hit")?.textContent).toContain("LIMITS = stations['EWR']");
});
