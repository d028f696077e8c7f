// Addresses of pages: a path under the prefix that the server stands behind, and what of the view is in the query.

export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
}

export interface Address {
  readonly pathname: string;
  readonly search: string;
}

/** The place of an address of the browser. Outside of the prefix it is the first page. */
export function placeOf(base: string, address: Address): Place {
  const inside = address.pathname.startsWith(base) ? address.pathname.slice(base.length) : "/";
  const path = inside.length > 1 && inside.endsWith("/") ? inside.slice(0, -1) : inside;
  return { path: path.startsWith("/") ? path : `/${path}`, query: new URLSearchParams(address.search) };
}

/** What a pattern finds in a path: `/runs/:run` one part, `/assets/:key*` all that is left. Null when it does not fit. */
export function matchPath(pattern: string, path: string): ReadonlyMap<string, string> | null {
  const wanted = pattern.split("/");
  const parts = path.split("/");
  const found = new Map<string, string>();
  for (const [at, piece] of wanted.entries()) {
    const part = parts[at];
    if (piece.startsWith(":") && piece.endsWith("*")) {
      if (part === undefined || part === "") return null;
      found.set(piece.slice(1, -1), parts.slice(at).map(decoded).join("/"));
      return found;
    }
    if (part === undefined) return null;
    if (piece.startsWith(":")) {
      if (part === "") return null;
      found.set(piece.slice(1), decoded(part));
    } else if (piece !== part) return null;
  }
  return wanted.length === parts.length ? found : null;
}

/** A path of several parts, each escaped; slashes in a key part its folders. */
export function pathOf(...parts: readonly string[]): string {
  return `/${parts.map((part) => part.split("/").map(encodeURIComponent).join("/")).join("/")}`;
}

/** The same place with some parameters of the view set; null takes one away. */
export function withParams(place: Place, params: { readonly [name: string]: string | null }): string {
  const query = new URLSearchParams(place.query);
  for (const [name, value] of Object.entries(params)) {
    if (value === null) query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  return text === "" ? place.path : `${place.path}?${text}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
