// The columns of the catalogue.

import { pathOf } from "../../client/route";
import type { Column } from "../../ui/DataTable";
import { Spark } from "../../ui/Charts";
import { StateWord } from "../../ui/Glyph";
import { URGENCY } from "../../ui/glyphs";
import { briefAge, bytes, duration, fullTime, grouped } from "../../ui/format";
import { Pieces } from "../../ui/Strip";
import { A } from "../frame/route";
import type { Row } from "./rows";
import { median, stateText } from "./rows";

/** The columns at a moment; those of which nothing in these rows speaks are left out. */
export function columnsFor(rows: readonly Row[], now: number): readonly Column<Row>[] {
  const hasChecks = rows.some(({ checks }) => checks.length > 0);
  const places = new Set(rows.map(({ location }) => location));
  return columnsAt(now, places.size > 1).filter(({ id }) => id !== "checks" || hasChecks);
}

function columnsAt(now: number, areMany: boolean): readonly Column<Row>[] {
  return [
    {
      id: "asset", label: "Asset", width: "minmax(170px, 1.5fr)", sort: ({ key }) => key, text: ({ key }) => key,
      cell: (row) => <A to={pathOf("assets", row.key)} class="nb-key" title={row.description === "" ? row.key : `${row.key}: ${row.description}`}>{row.key}</A>,
    },
    { id: "group", label: "Group", width: "minmax(64px, .6fr)", from: 760, sort: ({ group }) => group, text: ({ group }) => group, cell: ({ group }) => <span class="nb-2">{group}</span> },
    {
      id: "place", label: "Defined in", width: areMany ? "minmax(130px, 1fr)" : "minmax(72px, .6fr)", from: 1040, sort: ({ shown, location }) => shown?.definedIn ?? location,
      text: ({ shown, location }) => shown?.definedIn ?? location, cell: ({ shown, location }) => <span class="nb-2" title={shown?.definedIn}>{shortPlace(shown?.definedIn ?? location, areMany)}</span>,
    },
    {
      id: "state", label: "State", width: "minmax(136px, 1fr)", sort: ({ state }) => URGENCY.indexOf(state), text: (row) => stateText(row),
      cell: (row) => <span title={row.shown?.reason}><StateWord state={row.counts[0]?.state ?? row.state}>{stateText(row)}</StateWord></span>,
    },
    {
      id: "partitions", label: "Partitions", width: "minmax(90px, .9fr)", from: 620, sort: (row) => (row.shown === null || row.shown.strip.length === 0 ? null : row.counts.reduce((sum, { count }) => sum + count, 0)),
      text: (row) => (row.shown === null || row.shown.strip.length === 0 ? null : row.counts.reduce((sum, { count }) => sum + count, 0)),
      cell: (row) => (row.shown === null || row.shown.strip.length === 0 ? <span class="nb-2">none</span> : <Pieces pieces={row.shown.strip} label={`${row.key}: ${stateText(row)}`} height={8} />),
    },
    {
      id: "checks", label: "Checks", width: "minmax(92px, .6fr)", from: 1100, sort: ({ checks }) => (checks[0] === undefined ? null : URGENCY.indexOf(checks[0].state)),
      text: ({ checks }) => checks.map(({ state, count }) => `${count} ${state}`).join(", "),
      cell: ({ checks }) => (checks[0] === undefined ? <span class="nb-2">none</span> : <StateWord state={checks[0].state}>{`${checks[0].count} ${CHECK_WORDS[checks[0].state] ?? checks[0].state}`}</StateWord>),
    },
    {
      id: "rows", label: "Rows", width: "78px", align: "right", from: 900, sort: ({ shown }) => shown?.rows ?? null, text: ({ shown }) => shown?.rows ?? null,
      cell: ({ shown }) => number(shown?.rows ?? null, grouped),
    },
    {
      id: "size", label: "Size", width: "64px", align: "right", from: 960, sort: ({ shown }) => shown?.sizeBytes ?? null, text: ({ shown }) => shown?.sizeBytes ?? null,
      cell: ({ shown }) => number(shown?.sizeBytes ?? null, bytes),
    },
    {
      id: "took", label: "Median", width: "60px", align: "right", from: 1040, sort: ({ shown }) => median(shown?.seconds ?? []), text: ({ shown }) => median(shown?.seconds ?? []),
      cell: ({ shown }) => number(median(shown?.seconds ?? []), duration),
    },
    {
      id: "durations", label: "Last 12", width: "92px", from: 1040,
      cell: ({ shown }) => (shown === null || shown.seconds.length < 2 ? <span class="nb-2">–</span> : <Spark series={{ label: "Duration", values: shown.seconds, names: [], unit: "s" }} width={90} height={18} />),
    },
    {
      id: "made", label: "Made", width: "68px", align: "right", sort: ({ shown }) => shown?.madeAt ?? null, text: ({ shown }) => (shown === null || shown.madeAt === null ? null : new Date(shown.madeAt * 1000).toISOString()),
      cell: ({ shown }) => (shown === null || shown.madeAt === null ? <span class="nb-2">never</span> : <span class="nb-2" title={fullTime(shown.madeAt)}>{briefAge(shown.madeAt, now)}</span>),
    },
    { id: "reason", label: "Why", width: "minmax(200px, 2fr)", isExtra: true, text: ({ shown }) => shown?.reason ?? "", cell: ({ shown }) => <span class="nb-2" title={shown?.reason}>{shown?.reason}</span> },
    { id: "description", label: "Description", width: "minmax(200px, 2fr)", isExtra: true, text: ({ description }) => description, cell: ({ description }) => <span class="nb-2" title={description}>{description}</span> },
    { id: "kinds", label: "Kinds", width: "minmax(80px, .6fr)", isExtra: true, text: ({ kinds }) => kinds.join(" "), cell: ({ kinds }) => <span class="nb-2">{kinds.join(", ")}</span> },
    { id: "owners", label: "Owners", width: "minmax(100px, 1fr)", isExtra: true, text: ({ owners }) => owners.join(" "), cell: ({ owners }) => <span class="nb-2">{owners.join(", ")}</span> },
    { id: "tags", label: "Tags", width: "minmax(100px, 1fr)", isExtra: true, text: ({ tags }) => tags.join(" "), cell: ({ tags }) => <span class="nb-2">{tags.join(", ")}</span> },
    { id: "location", label: "Location", width: "minmax(100px, 1fr)", isExtra: true, sort: ({ location }) => location, text: ({ location }) => location, cell: ({ location }) => <span class="nb-2">{location}</span> },
  ];
}

const CHECK_WORDS: { readonly [state: string]: string } = { checkpassed: "passed", checkfailed: "failed", warned: "warned", missing: "not run" };

function number(value: number | null, say: (value: number) => string): string {
  return value === null ? "–" : say(value);
}

/** "cell 10 of flights.ipynb, line 1" is told as "flights.ipynb, cell 10", or as the cell alone where there is one notebook. */
export function shortPlace(place: string, isFull = true): string {
  const cell = /^cell (\d+) of ([^,]+)/.exec(place);
  if (cell === null) return place.replace(/^.*\//, "");
  return isFull ? `${cell[2]}, cell ${cell[1]}` : `cell ${cell[1]}`;
}
