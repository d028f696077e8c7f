import { expect, test } from "vitest";
import { matchPath, pathOf, placeOf, withParams } from "../src/client/route";

const at = (pathname: string, search = ""): ReturnType<typeof placeOf> => placeOf("/team/nb", { pathname, search });

test("a place is what stands behind the prefix; a slash at its end does not count", () => {
  expect(at("/team/nb/assets/a").path).toBe("/assets/a");
  expect(at("/team/nb/assets/").path).toBe("/assets");
  expect(at("/team/nb").path).toBe("/");
  expect(placeOf("", { pathname: "/runs", search: "?q=x" }).query.get("q")).toBe("x");
});

test("a pattern takes one part, or all that is left", () => {
  expect(matchPath("/runs/:run", "/runs/8c41")?.get("run")).toBe("8c41");
  expect(matchPath("/assets/:key*", "/assets/shop/daily%20sales")?.get("key")).toBe("shop/daily sales");
  expect(matchPath("/runs/:run", "/runs")).toBeNull();
  expect(matchPath("/runs", "/runs/8c41")).toBeNull();
  expect(matchPath("/assets/:key*", "/assets/")).toBeNull();
});

test("a path made from a key leads back to the key, whatever is in it", () => {
  for (const key of ["a", "shop/daily", "50%", "a?b#c", "ä ö"]) expect(matchPath("/assets/:key*", pathOf("assets", key))?.get("key")).toBe(key);
});

test("an escape that is none is left as it stands", () => {
  expect(matchPath("/assets/:key*", "/assets/50%")?.get("key")).toBe("50%");
});

test("setting a parameter keeps the others, and null takes it away", () => {
  const place = at("/team/nb/assets", "?q=group%3Araw&sort=key");
  expect(withParams(place, { sort: "rows-down" })).toBe("/assets?q=group%3Araw&sort=rows-down");
  expect(withParams(place, { sort: null, q: null })).toBe("/assets");
});
