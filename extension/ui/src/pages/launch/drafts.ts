// Drafts of launches: what is to run, with which config, tags and partitions. They stay in the browser until they are closed.

import { isFields } from "../../client/read";

export interface LaunchDraft {
  readonly id: number;
  /** Empty: named for what it launches. */
  readonly name: string;
  /** The job, or "" for assets. */
  readonly job: string;
  readonly location: string;
  readonly assets: string;
  readonly ops: string;
  readonly partitions: string;
  readonly tags: string;
  readonly config: string;
}

export interface Drafts {
  readonly open: number;
  readonly all: readonly LaunchDraft[];
}

export const BLANK: Omit<LaunchDraft, "id"> = { name: "", job: "", location: "", assets: "", ops: "", partitions: "", tags: "", config: "" };
const KEPT = "nbasset-drafts";
const MOST = 12;

export function addDraft(drafts: Drafts, given: Partial<LaunchDraft>): Drafts {
  const id = Math.max(0, ...drafts.all.map((draft) => draft.id)) + 1;
  return { open: id, all: [...drafts.all, { ...BLANK, ...given, id }].slice(-MOST) };
}

export function changeDraft(drafts: Drafts, id: number, next: Partial<LaunchDraft>): Drafts {
  return { ...drafts, all: drafts.all.map((draft) => (draft.id === id ? { ...draft, ...next } : draft)) };
}

/** Without one; a new one takes its place when it was the last. */
export function closeDraft(drafts: Drafts, id: number): Drafts {
  const at = drafts.all.findIndex((draft) => draft.id === id);
  const all = drafts.all.filter((draft) => draft.id !== id);
  if (all.length === 0) return addDraft({ open: 0, all: [] }, {});
  return { open: drafts.open === id ? (all[Math.max(0, at - 1)]?.id ?? drafts.open) : drafts.open, all };
}

export function titleOf(draft: LaunchDraft): string {
  if (draft.name !== "") return draft.name;
  if (draft.job !== "") return draft.job;
  const [first, ...more] = namesOf(draft.assets);
  return first === undefined ? "New" : more.length === 0 ? first : `${first} and ${more.length} more`;
}

/** Names parted by commas or spaces. */
export function namesOf(text: string): readonly string[] {
  return [...new Set(text.split(/[\s,]+/).filter((name) => name !== ""))];
}

export interface TagsRead {
  readonly tags: readonly { readonly key: string; readonly value: string }[];
  readonly problem: string | null;
}

/** `ticket: DATA-412, team: a`; an equals sign does as well as the colon. */
export function tagsOf(text: string): TagsRead {
  const tags: { key: string; value: string }[] = [];
  for (const piece of text.split(/[,\n]/)) {
    if (piece.trim() === "") continue;
    const match = /^\s*([^\s:=]+)\s*[:=]\s*(.*?)\s*$/.exec(piece);
    if (match === null) return { tags, problem: `“${piece.trim()}” has no value; write ${piece.trim()}: VALUE.` };
    const [, key = "", value = ""] = match;
    tags.push({ key, value: value.replace(/^(["'])(.*)\1$/, "$2") });
  }
  return { tags, problem: null };
}

export interface KeysRead {
  readonly keys: readonly string[];
  readonly problem: string | null;
}

/** Keys by their names, by ranges `[a...b]`, `all`, or `latest`; in the order of the definition. */
export function keysOf(text: string, all: readonly string[]): KeysRead {
  const at = new Map(all.map((key, index) => [key, index]));
  const chosen = new Set<number>();
  for (const piece of text.split(/,(?![^[]*\])/).map((one) => one.trim())) {
    if (piece === "") continue;
    const range = /^\[?\s*(.+?)\s*\.\.\.\s*(.+?)\s*\]?$/.exec(piece);
    const ends = range === null ? [piece, piece] : [range[1] ?? "", range[2] ?? ""];
    if (range === null && piece === "all") for (const index of all.keys()) chosen.add(index);
    else if (range === null && piece === "latest") {
      if (all.length > 0) chosen.add(all.length - 1);
    } else {
      const unknown = ends.find((end) => !at.has(end));
      if (unknown !== undefined) return { keys: [], problem: `There is no partition ${unknown}.${nearest(unknown, all)}` };
      const [from, to] = ends.map((end) => at.get(end) ?? 0);
      for (let index = from ?? 0; index <= (to ?? 0); index += 1) chosen.add(index);
    }
  }
  return { keys: [...chosen].sort((a, b) => a - b).flatMap((index) => all[index] ?? []), problem: null };
}

function nearest(text: string, all: readonly string[]): string {
  const near = all.find((key) => key.startsWith(text)) ?? all.find((key) => key.includes(text)) ?? all.at(-1);
  return near === undefined ? "" : ` The nearest is ${near}.`;
}

export function readDrafts(): Drafts {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEPT) ?? "null");
    if (isFields(kept) && Array.isArray(kept["all"])) {
      const all = kept["all"].flatMap((one): LaunchDraft[] => (isFields(one) && typeof one["id"] === "number" ? [draftFrom(one, one["id"])] : []));
      if (all.length > 0) return { open: typeof kept["open"] === "number" && all.some(({ id }) => id === kept["open"]) ? kept["open"] : (all[0]?.id ?? 1), all };
    }
  } catch {
    // Nothing kept, or nothing that can be read: begin anew.
  }
  return addDraft({ open: 0, all: [] }, {});
}

export function keepDrafts(drafts: Drafts): void {
  try {
    localStorage.setItem(KEPT, JSON.stringify(drafts));
  } catch {
    // A browser that keeps nothing: the drafts live as long as the page.
  }
}

function draftFrom(one: { readonly [key: string]: unknown }, id: number): LaunchDraft {
  const text = (key: string): string => (typeof one[key] === "string" ? one[key] : "");
  return { id, name: text("name"), job: text("job"), location: text("location"), assets: text("assets"), ops: text("ops"), partitions: text("partitions"), tags: text("tags"), config: text("config") };
}
