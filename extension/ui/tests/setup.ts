// What jsdom lacks and the views ask for at most in passing: a canvas context. Errors on the console fail the test that made them.

import { afterEach, beforeEach, expect, vi } from "vitest";

beforeEach(() => {
  if (typeof HTMLCanvasElement !== "undefined") vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
  vi.spyOn(console, "error");
});

afterEach(() => {
  expect(vi.mocked(console.error).mock.calls).toEqual([]);
  vi.restoreAllMocks();
});
