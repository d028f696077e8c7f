// Numbers, sizes and times as people read them. Pure: the time is an argument.

const THIN = "\u2009";

/** 12 345: thousands parted by a thin space. */
export function grouped(value: number): string {
  const [whole = "", rest] = Math.abs(value).toString().split(".");
  const parted = whole.length > 3 ? whole.replace(/\B(?=(\d{3})+(?!\d))/g, THIN) : whole;
  return `${value < 0 ? "−" : ""}${parted}${rest === undefined ? "" : `.${rest}`}`;
}

/** At most about four digits: 0.0312, 9.31, 152.6, 1 341. */
export function brief(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1000 || Number.isInteger(value)) return size >= 1e7 ? `${Number((value / 1e6).toPrecision(3))} M` : grouped(Math.round(value));
  return String(Number(value.toPrecision(size >= 100 ? 4 : 3)));
}

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = count / 1000;
  let at = 0;
  while (value >= 999.5 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  return `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)} ${units[at]}`;
}

/** A duration: 0.4 s, 52 s, 3 min 02 s, 2 h 05 min. */
export function duration(seconds: number): string {
  if (seconds < 0.0995) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return parted(seconds, 60, "min", "s");
  if (seconds < 86_400) return parted(seconds / 60, 60, "h", "min");
  return parted(seconds / 3600, 24, "d", "h");
}

/** An estimate: about 40 s, about 2 min. Never more exact than it can be. */
export function about(seconds: number): string {
  if (seconds < 1) return "less than 1 s";
  if (seconds < 10) return `about ${Math.ceil(seconds)} s`;
  if (seconds < 90) return `about ${Math.round(seconds / 5) * 5} s`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `about ${Number((seconds / 3600).toFixed(seconds < 36_000 ? 1 : 0))} h`;
  return `about ${Math.round(seconds / 86_400)} d`;
}

/** How long ago, in one short piece: 4 s, 6 min, 2 h; a date after a day. */
export function age(at: number, now: number): string {
  const seconds = Math.max(0, now - at);
  if (seconds < 60) return seconds < 5 ? "now" : `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return moment(at, now);
}

/** An age with no more room than a word: 6 min, 2 h, 3 d, Nov 2013. */
export function briefAge(at: number, now: number): string {
  const days = Math.floor((now - at) / 86_400);
  if (days < 1) return age(at, now);
  if (days < 60) return `${days} d`;
  const date = new Date(at * 1000);
  return `${MONTHS[date.getMonth()]} ${date.getFullYear()}`;
}

/** "4 min ago" below a day, "19 Nov 14:20" after. */
export function ago(at: number, now: number): string {
  const short = age(at, now);
  return now - at >= 86_400 ? short : short === "now" ? "just now" : `${short} ago`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** 19 Nov 14:20, with the year when it is not this one. Local time. */
export function moment(at: number, now: number): string {
  const date = new Date(at * 1000);
  const year = date.getFullYear() === new Date(now * 1000).getFullYear() ? "" : ` ${date.getFullYear()}`;
  return `${date.getDate()} ${MONTHS[date.getMonth()]}${year} ${clock(at).slice(0, 5)}`;
}

/** 10:51:58, local time. */
export function clock(at: number): string {
  const date = new Date(at * 1000);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

/** The full time with its zone, for a hover. */
export function fullTime(at: number): string {
  const date = new Date(at * 1000);
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? "-" : "+"}${String(Math.floor(Math.abs(offset) / 60)).padStart(2, "0")}:${String(Math.abs(offset) % 60).padStart(2, "0")}`;
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(at)} ${zone}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

export function monthName(month: number): string {
  return MONTHS[month] ?? "";
}

function parted(value: number, base: number, unit: string, rest: string): string {
  const total = Math.round(value);
  const small = total % base;
  return small === 0 ? `${Math.floor(total / base)} ${unit}` : `${Math.floor(total / base)} ${unit} ${String(small).padStart(2, "0")} ${rest}`;
}
