// What every page has: the server to ask, the socket that tells, the place it is at.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Server } from "../../client/graphql";
import type { Place } from "../../client/route";
import type { Socket } from "../../client/socket";

export interface Site {
  /** The prefix that all addresses begin with; empty without one. */
  readonly base: string;
  readonly server: Server;
  readonly socket: Socket;
  readonly place: Place;
  /** Go to a path under the base; `replace` leaves no step back. */
  go(path: string, how?: "push" | "replace"): void;
}

const nothing = (): never => {
  throw new Error("a page stands outside of its frame");
};

export const SiteContext = createContext<Site>({
  base: "",
  server: { ask: nothing },
  socket: { state: nothing, onState: nothing, onChange: nothing, open: nothing, close: nothing },
  place: { path: "/", query: new URLSearchParams() },
  go: nothing,
});

export function useSite(): Site {
  return useContext(SiteContext);
}
