import { expect, test } from "vitest";
import type { HomeData } from "../src/client/documents/home.gen";
import type { Row } from "../src/pages/catalogue/rows";
import { attentionOf, hoursOf, midnight, nextOf } from "../src/pages/home/attention";

const row = (key: string, more: Partial<Row>): Row => ({
  key, group: "g", location: "shop.py", description: "", kinds: [], owners: [], tags: [], canRun: true, shown: null, state: "fresh", counts: [{ state: "fresh", count: 1 }], checks: [], reads: [], ...more,
});

test("what asks for somebody is told most urgent first; what is fresh or missing asks for nobody", () => {
  const rows = [
    row("fine", {}),
    row("new", { state: "missing", counts: [{ state: "missing", count: 1 }] }),
    row("old", { state: "stale", counts: [{ state: "stale", count: 17 }, { state: "fresh", count: 348 }] }),
    row("odd", { checks: [{ state: "warned", count: 2 }] }),
    row("torn", { state: "failed", counts: [{ state: "failed", count: 1 }] }),
  ];
  expect(attentionOf(rows, [{ name: "bad.py", message: "line 3: no\nmore" }]).map(({ name, text }) => `${name} ${text}`)).toEqual([
    "torn failed", "bad.py line 3: no", "odd has 2 checks that warn", "old is stale for 17 of 365",
  ]);
});

test("runs are counted in the hour that they began in", () => {
  const since = midnight(Date.UTC(2026, 10, 25, 12) / 1000);
  const hours = hoursOf([{ status: "SUCCESS", creationTime: since + 10 }, { status: "FAILURE", creationTime: since + 7_300 }, { status: "STARTED", creationTime: since + 7_400 }, { status: "SUCCESS", creationTime: since - 5 }], since);
  expect([hours.length, hours[0], hours[2]]).toEqual([24, { hour: 0, good: 1, bad: 0, other: 0 }, { hour: 2, good: 0, bad: 1, other: 1 }]);
});

test("only schedules that are on come next, soonest first", () => {
  const schedule = (name: string, status: "RUNNING" | "STOPPED", ...times: readonly number[]) => ({ name, scheduleState: { status }, futureTicks: { results: times.map((timestamp) => ({ timestamp })) } });
  const data: HomeData = {
    instance: { home: "/x" }, active: { __typename: "Runs", count: 0, results: [] }, today: { __typename: "Runs", count: 0, results: [] },
    repositoriesOrError: { __typename: "RepositoryConnection", nodes: [{ schedules: [schedule("late", "RUNNING", 30), schedule("off", "STOPPED", 5)] }, { schedules: [schedule("soon", "RUNNING", 10, 40)] }] },
  };
  expect(nextOf(data)).toEqual([{ name: "soon", at: 10 }, { name: "late", at: 30 }, { name: "soon", at: 40 }]);
});
