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

type WorkPage =
  | "Asset" | "Automation" | "Backfill" | "Backfills" | "Catalogue" | "Console" | "GlobalLineage" | "Home" | "Job"
  | "Jobs" | "Locations" | "Run" | "Runs" | "Schedule" | "Sensor" | "Settings" | "Timeline";

/** One of the pages that are fetched together. */
async function work(name: WorkPage): Promise<{ readonly default: Page }> {
  return { default: (await import("./work"))[name] };
}

export const PAGES: readonly PageEntry[] = [
  { path: "/", title: "Home", nav: { icon: "home", keys: "g h" }, load: () => work("Home") },
  { path: "/assets", title: "Catalogue", nav: { icon: "table", keys: "g c", also: "/assets/" }, load: () => work("Catalogue") },
  { path: "/assets/:key*", title: "Asset", load: () => work("Asset") },
  { path: "/lineage", title: "Lineage", nav: { icon: "graph", keys: "g l" }, load: () => work("GlobalLineage") },
  { path: "/runs", title: "Runs", nav: { icon: "list", keys: "g r", also: "/runs/" }, load: () => work("Runs") },
  { path: "/runs/:run", title: "Run", load: () => work("Run") },
  { path: "/timeline", title: "Timeline", nav: { icon: "bars", keys: "g t" }, load: () => work("Timeline") },
  { path: "/backfills", title: "Backfills", nav: { icon: "calendar", keys: "g b", also: "/backfills/" }, load: () => work("Backfills") },
  { path: "/backfills/:backfill", title: "Backfill", load: () => work("Backfill") },
  { path: "/jobs", title: "Jobs", nav: { icon: "play", keys: "g j", also: "/jobs/" }, load: () => work("Jobs") },
  { path: "/jobs/:job", title: "Job", load: () => work("Job") },
  { path: "/automation", title: "Automation", nav: { icon: "clock", keys: "g a", also: "/schedules/" }, load: () => work("Automation") },
  { path: "/schedules/:name", title: "Schedule", load: () => work("Schedule") },
  { path: "/sensors/:name", title: "Sensor", load: () => work("Sensor") },
  { path: "/launchpad", title: "Launchpad", nav: { icon: "launch", keys: "g p" }, load: () => import("./Launchpad") },
  { path: "/locations", title: "Locations", nav: { icon: "layers", keys: "g o", also: "/settings" }, load: () => work("Locations") },
  { path: "/settings", title: "Daemons and settings", load: () => work("Settings") },
  { path: "/console", title: "GraphQL", nav: { icon: "code", keys: "g q" }, load: () => work("Console") },
];

/** Addresses of other days and other tools, and where what they showed is now. */
export const MOVED: readonly { readonly from: string; readonly to: string }[] = [
  { from: "/overview", to: "/timeline" },
  { from: "/overview/timeline", to: "/timeline" },
  { from: "/overview/jobs", to: "/jobs" },
  { from: "/overview/backfills", to: "/backfills" },
  { from: "/overview/schedules", to: "/automation" },
  { from: "/overview/sensors", to: "/automation" },
  { from: "/schedules", to: "/automation" },
  { from: "/sensors", to: "/automation" },
  { from: "/catalog", to: "/assets" },
  { from: "/asset-catalog", to: "/assets" },
  { from: "/asset-groups", to: "/lineage" },
  { from: "/instance/assets", to: "/assets" },
  { from: "/workspace", to: "/locations" },
  { from: "/deployment", to: "/locations" },
  { from: "/deployment/daemons", to: "/settings" },
  { from: "/deployment/concurrency", to: "/settings" },
  { from: "/graphiql", to: "/console" },
];
