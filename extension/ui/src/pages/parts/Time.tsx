// A moment in a page: how long ago in words, the full time with its zone on hover.

import type { JSX } from "preact";
import { ago, clock, duration, fullTime, moment } from "../../ui/format";

export function Ago({ at, now }: { readonly at: number; readonly now: number }): JSX.Element {
  return <Moment at={at}>{ago(at, now)}</Moment>;
}

/** How long until then: no more exact than one can wait for. */
export function Until({ at, now }: { readonly at: number; readonly now: number }): JSX.Element {
  return <Moment at={at}>{untilWords(at, now)}</Moment>;
}

export function untilWords(at: number, now: number): string {
  const seconds = at - now;
  if (seconds < 1) return "now";
  if (seconds < 60) return `in ${Math.round(seconds)} s`;
  if (seconds < 3_600) return `in ${Math.round(seconds / 60)} min`;
  if (seconds < 86_400) return `in ${duration(Math.round(seconds / 60) * 60)}`;
  return `in ${Math.round(seconds / 86_400)} d`;
}

/** "Thu 26 Nov 06:00" on the clock of a time zone; of this machine where there is none such. */
export function onClock(at: number, zone: string | null): string {
  const options = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  let parts: Intl.DateTimeFormatPart[];
  try {
    parts = new Intl.DateTimeFormat("en-GB", { ...options, ...(zone === null || zone === "" ? {} : { timeZone: zone }) }).formatToParts(at * 1000);
  } catch {
    parts = new Intl.DateTimeFormat("en-GB", options).formatToParts(at * 1000);
  }
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("weekday")} ${part("day")} ${part("month")} ${part("hour")}:${part("minute")}`;
}

/** A time of today by the clock, an older one by its day. */
export function When({ at, now }: { readonly at: number; readonly now: number }): JSX.Element {
  const isNear = Math.abs(now - at) < 43_200;
  return <Moment at={at}>{isNear ? clock(at) : moment(at, now)}</Moment>;
}

export function Moment({ at, children }: { readonly at: number; readonly children: string }): JSX.Element {
  return (
    <time class="nb-nowrap" title={fullTime(at)} dateTime={new Date(at * 1000).toISOString()}>
      {children}
    </time>
  );
}

/** How long a run took, or has taken so far. */
export function Took({ from, to, now }: { readonly from: number | null; readonly to: number | null; readonly now: number }): JSX.Element {
  return <>{from === null ? "" : duration(Math.max(0, (to ?? now) - from))}</>;
}
