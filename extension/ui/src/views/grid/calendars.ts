// Calendars: a year of days as weeks side by side, months in a row of twelve, hours as a line for each day, weeks as a line a year.

import type { Keys, TimeLine } from "../../client/keys";
import { DAY, HOUR } from "../../client/keys";
import type { Spans } from "../../client/wire.gen";
import { monthName } from "../../ui/format";
import type { Label, Layout, Rect } from "./layout";

const CELL = 10;
const PITCH = 12;
const LEFT = 26;
const TOP = 18;
const WEEKDAYS = ["Mon", "", "Wed", "", "Fri", "", "Sun"];
const YEAR_GAP = 14;

/** Cells that are periods of time, in order: what all calendars share. */
interface Periods {
  readonly count: number;
  /** The local time at which the period begins; `count` gives the end of the last. */
  start(cell: number): number;
  cellAt(ms: number): number;
  name(cell: number): string;
}

function shared(keys: Keys, time: TimeLine, periods: Periods): Pick<Layout, "cells" | "spans" | "cellOf" | "range" | "name"> {
  const firstOf = (cell: number): number => (cell <= 0 ? 0 : cell >= periods.count ? keys.count : time.first(periods.start(cell)));
  return {
    cells: periods.count,
    spans: (cell) => {
      const [start, stop] = [firstOf(cell), firstOf(cell + 1)];
      return start < stop ? [[start, stop]] : [];
    },
    cellOf: (position) => Math.max(0, Math.min(periods.count - 1, periods.cellAt(time.at(position)))),
    range: (from, to) => {
      const [start, stop] = [firstOf(Math.min(from, to)), firstOf(Math.max(from, to) + 1)];
      return start < stop ? [[start, stop]] : [];
    },
    name: periods.name,
  };
}

// -- Days: weeks as columns, Monday at the top, a block for each year ----------------------------------------------------------

export function calendar(keys: Keys, time: TimeLine, width: number): Layout {
  const firstDay = dayOf(time.at(0));
  const lastDay = dayOf(time.at(Math.max(0, keys.count - 1)));
  const periods: Periods = {
    count: lastDay - firstDay + 1,
    start: (cell) => (firstDay + cell) * DAY,
    cellAt: (ms) => dayOf(ms) - firstDay,
    name: (cell) => isoDay((firstDay + cell) * DAY),
  };
  const years = yearsBetween(firstDay * DAY, lastDay * DAY);
  const block = TOP + 7 * PITCH + YEAR_GAP;
  const several = years.length > 1;
  const pitch = Math.max(7, Math.min(14, Math.floor((width - LEFT) / 53)));
  const cellWidth = Math.max(5, Math.min(12, pitch - 2));
  const place = (cell: number): { readonly block: number; readonly column: number; readonly row: number } => {
    const day = firstDay + cell;
    const year = new Date(day * DAY).getUTCFullYear();
    return { block: year - (years[0] ?? year), column: weekColumn(day, year), row: weekday(day) };
  };
  const rect = (cell: number): Rect => {
    const { block: at, column, row } = place(cell);
    return { x: LEFT + column * pitch, y: at * block + TOP + row * PITCH, width: cellWidth, height: CELL };
  };
  const cellFor = (year: number, column: number, row: number): number | null => {
    const monday = dayOf(Date.UTC(year, 0, 1)) - weekday(dayOf(Date.UTC(year, 0, 1)));
    const day = monday + column * 7 + row;
    const isIn = new Date(day * DAY).getUTCFullYear() === year && day >= firstDay && day <= lastDay;
    return isIn ? day - firstDay : null;
  };
  return {
    ...shared(keys, time, periods),
    width: LEFT + 53 * pitch,
    height: years.length * block - YEAR_GAP + 2,
    isWide: false,
    rect,
    at: (x, y) => {
      const at = Math.floor(y / block);
      const [column, row] = [Math.floor((x - LEFT) / pitch), Math.floor((y - at * block - TOP) / PITCH)];
      const year = years[at];
      if (year === undefined || column < 0 || column > 53 || row < 0 || row > 6) return null;
      return cellFor(year, column, row);
    },
    between: (top, bottom) => {
      const [from, to] = [years[Math.max(0, Math.floor(top / block))], years[Math.min(years.length - 1, Math.floor(bottom / block))]];
      if (from === undefined || to === undefined) return [0, 0];
      const [start, stop] = [dayOf(Date.UTC(from, 0, 1)) - firstDay, dayOf(Date.UTC(to + 1, 0, 1)) - firstDay];
      return [Math.max(0, start), Math.min(periods.count, stop)];
    },
    step: (cell, arrow) => {
      const by = { ArrowLeft: -7, ArrowRight: 7, ArrowUp: -1, ArrowDown: 1 }[arrow];
      return Math.max(0, Math.min(periods.count - 1, cell + by));
    },
    totals: () => [],
    labels: (top, bottom) => {
      const out: Label[] = [];
      for (const [at, year] of years.entries()) {
        const y = at * block;
        if (y + block < top || y > bottom) continue;
        if (several) out.push({ text: String(year), x: 0, y: y + 12, anchor: "start", spans: yearSpans(keys, time, year), isInk: true });
        for (const [row, text] of WEEKDAYS.entries()) if (text !== "") out.push({ text, x: 0, y: y + TOP + row * PITCH + 9, anchor: "start" });
        for (let month = 0; month < 12; month += 1) {
          const spans = monthSpans(keys, time, year, month);
          if (spans.length === 0) continue;
          const column = weekColumn(dayOf(Date.UTC(year, month, 7)), year);
          out.push({ text: monthName(month), x: LEFT + column * pitch, y: y + 12, anchor: "start", spans });
        }
      }
      return out;
    },
  };
}

// -- Months: a row of twelve for each year ----------------------------------------------------------------------------------------

export function months(keys: Keys, time: TimeLine, width: number): Layout {
  const first = monthOf(time.at(0));
  const last = monthOf(time.at(Math.max(0, keys.count - 1)));
  const periods: Periods = {
    count: last - first + 1,
    start: (cell) => Date.UTC(Math.floor((first + cell) / 12), (first + cell) % 12),
    cellAt: (ms) => monthOf(ms) - first,
    name: (cell) => `${monthName((first + cell) % 12)} ${Math.floor((first + cell) / 12)}`,
  };
  const firstYear = Math.floor(first / 12);
  const rows = Math.floor(last / 12) - firstYear + 1;
  const several = rows > 1;
  const left = several ? 34 : 0;
  const pitch = Math.floor((width - left) / 12);
  const rowHeight = several ? 40 : 54;
  const head = several ? TOP : 17;
  const rect = (cell: number): Rect => {
    const month = first + cell;
    return { x: left + (month % 12) * pitch, y: head + (Math.floor(month / 12) - firstYear) * rowHeight, width: pitch - 4, height: 17 };
  };
  return {
    ...shared(keys, time, periods),
    width: left + 12 * pitch,
    height: head + rows * rowHeight - (several ? 4 : 14),
    isWide: true,
    rect,
    at: (x, y) => {
      const [column, row] = [Math.floor((x - left) / pitch), Math.max(0, Math.floor((y - head) / rowHeight))];
      const month = (firstYear + row) * 12 + column;
      return column < 0 || column > 11 || month < first || month > last ? null : month - first;
    },
    between: (top, bottom) => [
      Math.max(0, (firstYear + Math.floor((top - head) / rowHeight)) * 12 - first),
      Math.max(0, Math.min(periods.count, (firstYear + Math.floor((bottom - head) / rowHeight) + 1) * 12 - first)),
    ],
    step: (cell, arrow) => {
      const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -12, ArrowDown: 12 }[arrow];
      const next = cell + by;
      return next < 0 || next >= periods.count ? cell : next;
    },
    totals: () => [],
    labels: (top, bottom) => {
      const out: Label[] = [];
      for (let row = Math.max(0, Math.floor((top - head) / rowHeight)); several && row < rows && row * rowHeight <= bottom; row += 1) {
        const year = firstYear + row;
        out.push({ text: String(year), x: 0, y: head + row * rowHeight + 13, anchor: "start", isInk: true, spans: yearSpans(keys, time, year) });
      }
      for (let month = 0; top <= head && month < 12; month += 1) {
        const isHere = several || (firstYear * 12 + month >= first && firstYear * 12 + month <= last);
        if (isHere) out.push({ text: monthName(month), x: left + month * pitch, y: 11, anchor: "start", isInk: true });
      }
      return out;
    },
  };
}

// -- Hours: a line for each day, 24 columns ------------------------------------------------------------------------------------------

export function hours(keys: Keys, time: TimeLine, width: number): Layout {
  const firstDay = dayOf(time.at(0));
  const days = dayOf(time.at(Math.max(0, keys.count - 1))) - firstDay + 1;
  const left = 74;
  const pitch = Math.max(10, Math.min(24, Math.floor((width - left) / 24)));
  // An hour that the clocks repeat shares its cell with the hour before, as its local time does.
  const startOf = (cell: number): number => (firstDay + Math.floor(cell / 24)) * DAY + (cell % 24) * HOUR;
  const periods: Periods = {
    count: days * 24,
    start: startOf,
    cellAt: (ms) => (dayOf(ms) - firstDay) * 24 + Math.floor((ms % DAY) / HOUR),
    name: (cell) => `${isoDay(startOf(cell))} ${String(cell % 24).padStart(2, "0")}:00`,
  };
  return {
    ...shared(keys, time, periods),
    width: left + 24 * pitch,
    height: TOP + days * PITCH,
    isWide: false,
    rect: (cell) => ({ x: left + (cell % 24) * pitch, y: TOP + Math.floor(cell / 24) * PITCH, width: pitch - 2, height: CELL }),
    at: (x, y) => {
      const [column, row] = [Math.floor((x - left) / pitch), Math.floor((y - TOP) / PITCH)];
      return column < 0 || column > 23 || row < 0 || row >= days ? null : row * 24 + column;
    },
    between: (top, bottom) => [
      Math.max(0, Math.floor((top - TOP) / PITCH)) * 24,
      Math.min(days, Math.max(0, Math.ceil((bottom - TOP) / PITCH) + 1)) * 24,
    ],
    step: (cell, arrow) => {
      const next = cell + { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -24, ArrowDown: 24 }[arrow];
      return next < 0 || next >= days * 24 ? cell : next;
    },
    totals: () => [],
    labels: (top, bottom) => {
      const out: Label[] = [];
      if (top <= TOP) for (let hour = 0; hour < 24; hour += 3) out.push({ text: String(hour), x: left + hour * pitch, y: 12, anchor: "start" });
      const from = Math.max(0, Math.floor((top - TOP) / PITCH));
      for (let row = from; row < days && TOP + row * PITCH <= bottom; row += 1) {
        const date = (firstDay + row) * DAY;
        const isMonday = weekday(firstDay + row) === 0;
        if (!isMonday && row !== from && row !== 0) continue;
        out.push({ text: isoDay(date), x: 0, y: TOP + row * PITCH + 9, anchor: "start", spans: [[time.first(date), time.first(date + DAY)]] });
      }
      return out;
    },
  };
}

// -- Weeks: a line for each year -------------------------------------------------------------------------------------------------------

export function weeks(keys: Keys, time: TimeLine, width: number): Layout {
  const years = yearsBetween(time.at(0), time.at(Math.max(0, keys.count - 1)));
  const left = 40;
  const pitch = Math.max(7, Math.min(14, Math.floor((width - left) / 53)));
  const columnOf = (position: number): number => Math.floor((dayOf(time.at(position)) - dayOf(Date.UTC(yearOf(time.at(position)), 0, 1))) / 7);
  const firstOf = (year: number): number => time.first(Date.UTC(year, 0, 1));
  const rowHeight = 20;
  return {
    cells: keys.count,
    spans: (cell) => [[cell, cell + 1]],
    cellOf: (position) => position,
    range: (from, to) => [[Math.min(from, to), Math.max(from, to) + 1]],
    name: (cell) => `week of ${isoDay(time.at(cell))}`,
    width: left + 53 * pitch,
    height: TOP + years.length * rowHeight,
    isWide: false,
    rect: (cell) => ({ x: left + columnOf(cell) * pitch, y: TOP + (yearOf(time.at(cell)) - (years[0] ?? 0)) * rowHeight, width: pitch - 2, height: 14 }),
    at: (x, y) => {
      const year = years[Math.floor((y - TOP) / rowHeight)];
      if (year === undefined || x < left) return null;
      const column = Math.floor((x - left) / pitch);
      for (let cell = Math.max(0, firstOf(year) + column - 1); cell <= firstOf(year) + column && cell < keys.count; cell += 1) {
        if (yearOf(time.at(cell)) === year && columnOf(cell) === column) return cell;
      }
      return null;
    },
    between: (top, bottom) => {
      const from = years[Math.max(0, Math.floor((top - TOP) / rowHeight))];
      const to = years[Math.min(years.length - 1, Math.max(0, Math.floor((bottom - TOP) / rowHeight)))];
      return from === undefined || to === undefined ? [0, 0] : [firstOf(from), firstOf(to + 1)];
    },
    step: (cell, arrow) => {
      const next = cell + { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -52, ArrowDown: 52 }[arrow];
      return next < 0 || next >= keys.count ? cell : next;
    },
    totals: () => [],
    labels: () => [
      ...years.map((year, row) => ({ text: String(year), x: 0, y: TOP + row * rowHeight + 11, anchor: "start" as const, spans: yearSpans(keys, time, year) })),
      ...Array.from({ length: 12 }, (_, month) => ({ text: monthName(month), x: left + Math.floor((month * 30.4) / 7 + 0.9) * pitch, y: 12, anchor: "start" as const })),
    ],
  };
}

// -- Days and months -----------------------------------------------------------------------------------------------------------------------

function dayOf(ms: number): number {
  return Math.floor(ms / DAY);
}

/** 0 is Monday. 1 January 1970 was a Thursday. */
function weekday(day: number): number {
  return (((day + 3) % 7) + 7) % 7;
}

function weekColumn(day: number, year: number): number {
  const first = dayOf(Date.UTC(year, 0, 1));
  return Math.floor((day - (first - weekday(first))) / 7);
}

function yearOf(ms: number): number {
  return new Date(ms).getUTCFullYear();
}

function monthOf(ms: number): number {
  return yearOf(ms) * 12 + new Date(ms).getUTCMonth();
}

function yearsBetween(from: number, to: number): readonly number[] {
  return Array.from({ length: yearOf(to) - yearOf(from) + 1 }, (_, at) => yearOf(from) + at);
}

function isoDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function monthSpans(keys: Keys, time: TimeLine, year: number, month: number): Spans {
  return spansOf(time.first(Date.UTC(year, month, 1)), Math.min(keys.count, time.first(Date.UTC(year, month + 1, 1))));
}

function yearSpans(keys: Keys, time: TimeLine, year: number): Spans {
  return spansOf(time.first(Date.UTC(year, 0, 1)), Math.min(keys.count, time.first(Date.UTC(year + 1, 0, 1))));
}

function spansOf(start: number, stop: number): Spans {
  return start < stop ? [[start, stop]] : [];
}
