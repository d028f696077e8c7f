// @vitest-environment jsdom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { documentOf, httpServer } from "../src/client/graphql";
import type { Changed } from "../src/client/socket";
import type { Site } from "../src/pages/frame/context";
import { SiteContext } from "../src/pages/frame/context";
import type { QueryOptions } from "../src/pages/frame/query";
import { Await, useQuery } from "../src/pages/frame/query";

let root: HTMLElement | null = null;
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  if (root !== null) render(null, root);
  root?.remove();
});

/** A page that asks one question, and a server whose answers are given one after the other. */
async function page(options: QueryOptions = {}) {
  const asked = documentOf<{ readonly n: number }, Record<string, never>>("N", "query N{n}");
  const waiting: ((response: Response) => void)[] = [];
  const listeners = new Set<(changed: Changed) => void>();
  const site: Site = {
    base: "",
    server: httpServer("", () => new Promise((resolve) => waiting.push(resolve))),
    socket: { state: () => "live", onState: () => () => undefined, onChange: (listener) => { listeners.add(listener); return () => listeners.delete(listener); }, open: () => { throw new Error("no panels here"); }, close: () => undefined },
    place: { path: "/", query: new URLSearchParams() },
    go: () => undefined,
  };
  const One = () => <Await query={useQuery(asked, {}, options)} what="the number">{({ n }) => <b>{n}</b>}</Await>;
  root = document.createElement("div");
  document.body.append(root);
  const home = root;
  await act(() => render(<SiteContext.Provider value={site}><One /></SiteContext.Provider>, home));
  const say = (body: unknown): Promise<void> =>
    act(async () => {
      waiting.shift()?.(new Response(JSON.stringify(body)));
      await vi.advanceTimersByTimeAsync(20);
    });
  return {
    waiting,
    text: () => home.textContent ?? "",
    answer: (n: number) => say({ data: { n } }),
    fail: (message: string) => say({ errors: [{ message }] }),
    change: (changed: Partial<Changed>) => act(async () => {
      for (const listener of listeners) listener({ assets: [], runs: [], other: [], ...changed });
      await vi.advanceTimersByTimeAsync(1_100);
    }),
  };
}

test("what was read stays on the page while it is read anew, and when that fails", async () => {
  const one = await page();
  await one.answer(1);
  expect(one.text()).toBe("1");
  await one.change({ runs: ["r"] });
  expect([one.waiting.length, one.text()]).toEqual([1, "1"]);
  await one.fail("The server cannot be reached.");
  expect(one.text()).toContain("1The server cannot be reached. What is shown is the last that was read.");
});

test("a change that a page does not show asks nothing", async () => {
  const one = await page({ on: ({ runs }) => runs.length > 0 });
  await one.answer(1);
  await one.change({ assets: ["a"] });
  expect(one.waiting.length).toBe(0);
});

test("a first answer that fails says why and can be asked for again", async () => {
  const one = await page();
  await one.fail("no such field");
  expect(one.text()).toContain("the number could not be read: no such field");
});
