import { expect, test } from "vitest";
import { documentOf, httpServer, keepAnswer, ServerError } from "../src/client/graphql";

const VERSION = documentOf<{ readonly version: string }, Record<string, never>>("Version", "query Version{version}");

function answering(status: number, body: string, seen: unknown[] = []): ReturnType<typeof httpServer> {
  return httpServer("/nb", (input, init) => {
    seen.push([input, typeof init?.body === "string" ? JSON.parse(init.body) : null]);
    return Promise.resolve(new Response(body, { status }));
  });
}

async function failure(promise: Promise<unknown>): Promise<ServerError> {
  const error: unknown = await promise.catch((thrown: unknown) => thrown);
  if (error instanceof ServerError) return error;
  throw new Error(`not refused: ${JSON.stringify(error)}`);
}

test("a question goes below the prefix, with its name, and brings its data", async () => {
  const seen: unknown[] = [];
  expect(await answering(200, '{"data":{"version":"1"}}', seen).ask(VERSION, {})).toEqual({ version: "1" });
  expect(seen).toEqual([["/nb/graphql", { operationName: "Version", query: "query Version{version}", variables: {} }]]);
});

test("each way to fail is told apart", async () => {
  expect((await failure(answering(401, "").ask(VERSION, {}))).kind).toBe("signed-out");
  expect(await failure(answering(200, '{"errors":[{"message":"no field x"}],"data":null}').ask(VERSION, {}))).toMatchObject({ kind: "refused", message: "no field x" });
  expect((await failure(answering(502, "<html>").ask(VERSION, {}))).message).toContain("502");
  expect((await failure(httpServer("", () => Promise.reject(new TypeError("failed"))).ask(VERSION, {}))).kind).toBe("unreachable");
});

test("only the newest answers are kept", () => {
  const document = documentOf<number, { readonly n: number }>("N", "query N{n}");
  for (let at = 0; at < 40; at += 1) keepAnswer(document, String(at), at);
  expect([document.kept.size, document.kept.has("0"), document.kept.get("39")]).toEqual([30, false, 39]);
});
