// Every page: its address, what it is called, where it stands in the navigation, and how its code is fetched.
// The first pattern that fits a path wins. A page is one file beside this one, fetched when it is first shown.

import type { JSX } from "preact";
import type { IconName } from "../ui/glyphs";
import type { PageProps } from "./frame/route";

export type Page = (props: PageProps) => JSX.Element;

export interface PageEntry {
  readonly path: string;
  readonly title: string;
  readonly load: () => Promise<{ readonly default: Page }>;
  /** In the navigation; pages without it are reached from others. `also`: paths under which it is marked, too. */
  readonly nav?: { readonly icon: IconName; readonly keys: string; readonly also?: string };
}

export const PAGES: readonly PageEntry[] = [
  { path: "/assets", title: "Catalogue", nav: { icon: "table", keys: "g c", also: "/assets/" }, load: () => import("./Catalogue") },
  { path: "/assets/:key*", title: "Asset", load: () => import("./Asset") },
  { path: "/lineage", title: "Lineage", nav: { icon: "graph", keys: "g l" }, load: () => import("./GlobalLineage") },
];

/** Addresses of other days and other tools, and where what they showed is now. */
export const MOVED: readonly { readonly from: string; readonly to: string }[] = [
  { from: "/", to: "/assets" },
  { from: "/overview", to: "/assets" },
  { from: "/catalog", to: "/assets" },
  { from: "/asset-catalog", to: "/assets" },
  { from: "/asset-groups", to: "/lineage" },
  { from: "/instance/assets", to: "/assets" },
  { from: "/workspace", to: "/locations" },
  { from: "/deployment", to: "/locations" },
  { from: "/graphiql", to: "/console" },
];
