import { expect, test } from "vitest";
import { complete, factsOf } from "../src/pages/console/complete";

const named = (name: string) => ({ kind: "OBJECT", name, ofType: null });
const SCHEMA = factsOf({
  __schema: {
    queryType: { name: "Query" },
    mutationType: { name: "Mutation" },
    subscriptionType: null,
    types: [
      { name: "Query", kind: "OBJECT", fields: [{ name: "runsOrError", args: [{ name: "limit", type: named("Int") }, { name: "cursor", type: named("String") }], type: { kind: "NON_NULL", name: null, ofType: named("RunsOrError") } }, { name: "version", args: [], type: named("String") }] },
      { name: "RunsOrError", kind: "UNION", fields: null, possibleTypes: [{ name: "Runs" }, { name: "PythonError" }] },
      { name: "Runs", kind: "OBJECT", fields: [{ name: "results", args: [], type: { kind: "LIST", name: null, ofType: named("Run") } }, { name: "count", args: [], type: named("Int") }] },
      { name: "Run", kind: "OBJECT", fields: [{ name: "runId", args: [], type: named("String") }, { name: "status", args: [], type: named("RunStatus") }] },
      { name: "Mutation", kind: "OBJECT", fields: [{ name: "deleteRun", args: [], type: named("String") }] },
    ],
  },
});

/** What is proposed at the bar in the text. */
const at = (text: string): readonly string[] => complete(SCHEMA, text.replace("|", ""), text.indexOf("|")).proposals.map(({ label }) => label);

test("fields of the type that the cursor stands in are proposed, those that begin as the word does first", () => {
  expect(at("{ | }")).toEqual(["runsOrError", "version", "__typename"]);
  expect(at("query Q { ver| }")).toEqual(["version"]);
  expect(at("mutation { | }")).toEqual(["deleteRun", "__typename"]);
  expect(at("{ runsOrError { ... on Runs { results { | } } } }")).toEqual(["runId", "status", "__typename"]);
  expect(at("{ a: runsOrError(limit: 3) { ... on Runs { | } } }")).toEqual(["results", "count", "__typename"]);
});

test("after a fragment's dots come the types that can stand there, inside parentheses the arguments", () => {
  expect(at("{ runsOrError { ... on | } }")).toEqual(["Runs", "PythonError"]);
  expect(at("{ runsOrError(li|) { __typename } }")).toEqual(["limit"]);
  expect(at("|")).toEqual(["query", "mutation"]);
});

test("texts, comments and a half-written query do not lead astray", () => {
  expect(at('{ version(a: "{ x") # { runsOrError {\n | }')).toEqual(["runsOrError", "version", "__typename"]);
  expect(at("{ nonsense { | } }")).toEqual([]);
  expect(at("} } ) | ")).toEqual(["query", "mutation"]);
});
