// The shapes of states and icons, as data: drawn in HTML, in SVG and on a canvas from one source.
// Silhouettes of states differ, so that they can be told apart without colour. All stand in a 12 px box.

import type { State } from "../client/wire.gen";

export interface Shape {
  readonly d: string;
  /** Width of the line; a filled shape without. */
  readonly line?: number;
  readonly opacity?: number;
  readonly dash?: string;
}

const RING = "M10.7 6A4.7 4.7 0 1 1 1.3 6a4.7 4.7 0 0 1 9.4 0Z";
const CHECKED = "M6 .5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11Zm2.9 4.1L5.5 8.5a.7.7 0 0 1-1 0L2.9 6.9l.9-1 1.2 1.2 2.9-3.4 1 .9Z";
const SHIELD = "M6 .3 10.8 2v3.8c0 2.7-1.9 4.9-4.8 5.9C3.1 10.7 1.2 8.5 1.2 5.8V2L6 .3Z";

export const GLYPHS: { readonly [state in State]: readonly Shape[] } = {
  fresh: [{ d: CHECKED }],
  stale: [{ d: "M6 .5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11ZM6 2a4 4 0 0 1 0 8V2Z" }],
  missing: [{ d: RING, line: 1.5, dash: "2.2 1.49" }],
  failed: [
    { d: "M3.8.5h4.4l3.3 3.3v4.4l-3.3 3.3H3.8L.5 8.2V3.8L3.8.5Zm.4 2.7-1 1L5 6 3.2 7.8l1 1L6 7l1.8 1.8 1-1L7 6l1.8-1.8-1-1L6 5 4.2 3.2Z" },
  ],
  queued: [
    { d: "M10.8 6A4.8 4.8 0 1 1 1.2 6a4.8 4.8 0 0 1 9.6 0Z", line: 1.4 },
    { d: "M6 3v3.3l2.1 1.3", line: 1.4 },
  ],
  running: [
    { d: RING, line: 1.6, opacity: 0.3 },
    { d: "M6 1.3a4.7 4.7 0 0 1 4.7 4.7", line: 1.8 },
    { d: "M7.9 6a1.9 1.9 0 1 1-3.8 0 1.9 1.9 0 0 1 3.8 0Z" },
  ],
  retrying: [{ d: "M10.4 6a4.4 4.4 0 1 1-1.3-3.1", line: 1.5 }, { d: "M10.9.6v3.5H7.4L10.9.6Z" }],
  skipped: [{ d: "m1.6 2.2 3.8 3.8-3.8 3.8M6.4 2.2l3.8 3.8-3.8 3.8", line: 1.6 }],
  canceled: [
    { d: RING, line: 1.5 },
    { d: "m2.9 9.1 6.2-6.2", line: 1.5 },
  ],
  warned: [
    {
      d: "M5.1 1.2a1 1 0 0 1 1.8 0l4.5 8.3a1 1 0 0 1-.9 1.5h-9a1 1 0 0 1-.9-1.5l4.5-8.3ZM5.3 4v3.2h1.4V4H5.3Zm0 4.2v1.4h1.4V8.2H5.3Z",
    },
  ],
  checkfailed: [{ d: `${SHIELD}M4.4 3.5l-.9.9 1.6 1.6-1.6 1.6.9.9L6 6.9l1.6 1.6.9-.9L6.9 6l1.6-1.6-.9-.9L6 5.1 4.4 3.5Z` }],
  checkpassed: [{ d: `${SHIELD}m2.7 4.3-.9-.9-2.5 2.7-1.2-1.1-.9.9 2.1 2 3.4-3.6Z` }],
  external: [{ d: "M2 3.5h3M2 3.5v6.5h6.5V7M6.8 1.8h3.5v3.5M10 2 5.8 6.2", line: 1.4 }],
  problem: [{ d: "M6 .6 11.6 6 6 11.4.4 6 6 .6ZM5.3 3v3.6h1.4V3H5.3Zm0 4.5V9h1.4V7.5H5.3Z" }],
};

/** Most urgent first. */
export const URGENCY: readonly State[] = [
  "failed", "problem", "checkfailed", "running", "retrying", "queued", "warned", "stale", "missing", "canceled", "skipped", "fresh",
  "checkpassed", "external",
];

export const WORDS: { readonly [state in State]: string } = {
  fresh: "fresh",
  stale: "stale",
  missing: "missing",
  failed: "failed",
  queued: "queued",
  running: "running",
  retrying: "retrying",
  skipped: "skipped",
  canceled: "canceled",
  warned: "check warned",
  checkfailed: "check failed",
  checkpassed: "check passed",
  external: "external",
  problem: "problem",
};

export const ICONS = {
  search: "M11.25 7a4.25 4.25 0 1 1-8.5 0 4.25 4.25 0 0 1 8.5 0ZM10.2 10.2l3.3 3.3",
  down: "m4 6 4 4 4-4",
  right: "m6 4 4 4-4 4",
  left: "m10 4-4 4 4 4",
  play: "M5 3.2v9.6l7.5-4.8L5 3.2Z",
  pause: "M4.5 3.5h2.2v9H4.5zM9.3 3.5h2.2v9H9.3z",
  stop: "M5 4h6a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1Z",
  dots: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  full: "M9.5 3H13v3.5M6.5 13H3V9.5M13 3 9.3 6.7M3 13l3.7-3.7",
  small: "M13 6.5H9.5V3M3 9.5h3.5V13M9.5 6.5 13.2 2.8M6.5 9.5l-3.7 3.7",
  fit: "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3",
  table: "M3.5 3h9A1.5 1.5 0 0 1 14 4.5v7a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 2 11.5v-7A1.5 1.5 0 0 1 3.5 3ZM2 6.5h12M6.5 6.5V13",
  code: "M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5",
  launch: "M9 3h4v4M13 3 7.5 8.5M6.5 4H3.5v8.5H12V9.5",
  filter: "M2.5 4h11M4.5 8h7M6.5 12h3",
  plus: "M8 3.5v9M3.5 8h9",
  minus: "M3.5 8h9",
  x: "m4.5 4.5 7 7M11.5 4.5l-7 7",
  check: "m3.5 8.5 3 3 6-7",
  why: "M13.75 8a5.75 5.75 0 1 1-11.5 0 5.75 5.75 0 0 1 11.5 0ZM6.4 6.5a1.7 1.7 0 1 1 2.4 1.5c-.5.25-.8.6-.8 1.2M8 11.2h.01",
  calendar: "M4 3.5h8A1.5 1.5 0 0 1 13.5 5v7a1.5 1.5 0 0 1-1.5 1.5H4A1.5 1.5 0 0 1 2.5 12V5A1.5 1.5 0 0 1 4 3.5ZM2.5 6.5h11M5.5 2v3M10.5 2v3",
  copy: "M7 5.5h5A1.5 1.5 0 0 1 13.5 7v5a1.5 1.5 0 0 1-1.5 1.5H7A1.5 1.5 0 0 1 5.5 12V7A1.5 1.5 0 0 1 7 5.5ZM3.5 10.5h-1v-8h8v1",
  refresh: "M13 8a5 5 0 1 1-1.5-3.55M13 2.5v3h-3",
  download: "M8 3v7M5 7.5 8 10.5l3-3M3 13h10",
  clock: "M13.75 8a5.75 5.75 0 1 1-11.5 0 5.75 5.75 0 0 1 11.5 0ZM8 4.8V8l2.2 1.5",
  graph: "M3 6h2a1 1 0 0 1 1 1v2a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1ZM11 2h2a1 1 0 0 1 1 1v2a1 1 0 0 1-1 1h-2a1 1 0 0 1-1-1V3a1 1 0 0 1 1-1ZM11 10h2a1 1 0 0 1 1 1v2a1 1 0 0 1-1 1h-2a1 1 0 0 1-1-1v-2a1 1 0 0 1 1-1ZM6 8h2m2-4H9a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h1",
  home: "M2.5 7.5 8 3l5.5 4.5M4 6.5V13h8V6.5",
  list: "M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.01M2.5 8h.01M2.5 12h.01",
  cube: "m8 2 5 2.8v6.4L8 14l-5-2.8V4.8L8 2ZM3.2 5 8 7.7 12.8 5M8 7.7V14",
  bars: "M2.5 4h5M5.5 8h6M9 12h4.5",
  layers: "m8 2.5 6 3-6 3-6-3 6-3ZM2 8.5l6 3 6-3",
  bell: "M4.5 11V7a3.5 3.5 0 0 1 7 0v4l1 1h-9l1-1ZM7 13.5h2",
  folder: "M2 4.5h4l1.5 1.5H14v6.5H2v-8Z",
  term: "M3.5 3h9A1.5 1.5 0 0 1 14 4.5v7a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 2 11.5v-7A1.5 1.5 0 0 1 3.5 3ZM4.8 6l2 2-2 2M8 10.2h3",
  sun: "M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6ZM8 1.8v1.4M8 12.8v1.4M1.8 8h1.4M12.8 8h1.4M3.6 3.6l1 1M11.4 11.4l1 1M3.6 12.4l1-1M11.4 4.6l1-1",
  moon: "M13 9.6A5.5 5.5 0 0 1 6.4 3a5.5 5.5 0 1 0 6.6 6.6Z",
  contrast: "M13.75 8a5.75 5.75 0 1 1-11.5 0 5.75 5.75 0 0 1 11.5 0ZM8 2.5v11",
  trash: "M3.5 4.5h9M6.5 4.5v-1.5h3v1.5M5 4.5l.5 8.5h5l.5-8.5",
  link: "M6.5 9.5 9.5 6.5M7 5l1.5-1.5a2.5 2.5 0 0 1 3.5 3.5L10.5 8.5M9 11l-1.5 1.5A2.5 2.5 0 0 1 4 9l1.5-1.5",
} as const;

export type IconName = keyof typeof ICONS;
