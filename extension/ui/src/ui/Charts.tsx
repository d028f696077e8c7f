// Small pictures of numbers: a histogram, a spark-line, a line over time whose points can be opened.

import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Series } from "../client/wire.gen";
import { brief } from "./format";
import { useSize } from "./hooks";

export function Histogram({ bins, width = 66, height = 24 }: { readonly bins: readonly number[]; readonly width?: number; readonly height?: number }): JSX.Element {
  const most = Math.max(...bins, 1e-9);
  const step = width / bins.length;
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {bins.map((bin, at) => {
        const tall = bin <= 0 ? 0 : Math.max(1, (bin / most) * (height - 1));
        return <rect key={at} x={at * step} y={height - tall} width={Math.max(1, step - 1)} height={tall} fill="var(--nb-bar)" />;
      })}
    </svg>
  );
}

export function Spark({ series, width = 96, height = 22 }: { readonly series: Series; readonly width?: number; readonly height?: number }): JSX.Element {
  const last = series.values.findLast((value) => value !== null) ?? null;
  return (
    <svg
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={`${series.label}: latest ${last === null ? "none" : brief(last)}, ${series.values.length} values`}
    >
      <path d={linePath(series.values, width - 4, height - 4, 2)} fill="none" stroke="var(--nb-bar)" stroke-width="1.5" stroke-linejoin="round" />
      {lastPoint(series.values, width - 4, height - 4, 2)}
    </svg>
  );
}

/** A line over materializations; arrows walk its points, Enter opens one. */
export function Plot({ series, onOpen, height = 64 }: { readonly series: Series; readonly onOpen?: (name: string) => void; readonly height?: number }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const { width } = useSize(box, { width: 240, height });
  const [at, setAt] = useState<number | null>(null);
  const { values, names } = series;
  const [low, high] = domain(values);
  const inner = Math.max(40, width - 8);
  const x = (index: number): number => 4 + (values.length < 2 ? inner / 2 : (index / (values.length - 1)) * inner);
  const y = (value: number): number => 6 + (1 - (high === low ? 0.5 : (value - low) / (high - low))) * (height - 12);
  const value = at === null ? null : (values[at] ?? null);
  const walk = (event: KeyboardEvent): void => {
    const last = values.length - 1;
    const to = { ArrowRight: Math.min(last, (at ?? -1) + 1), ArrowLeft: Math.max(0, (at ?? last + 1) - 1), Home: 0, End: last }[event.key];
    if (event.key === "Enter" && at !== null) onOpen?.(names[at] ?? "");
    else if (to !== undefined) setAt(to);
    else return;
    event.preventDefault();
  };
  return (
    <div ref={box}>
      <div class="nb-label">
        <span>{series.label}</span>
        <span class="nb-push">
          {value === null ? `${brief(low)} to ${brief(high)}` : `${at === null ? "" : (names[at] ?? "")} ${brief(value)}`} {series.unit}
        </span>
      </div>
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="application"
        aria-roledescription="plot"
        aria-label={`${series.label}, ${values.length} values from ${brief(low)} to ${brief(high)}${value === null ? "" : `; ${names[at ?? 0] ?? ""} ${brief(value)}`}`}
        tabIndex={0}
        onKeyDown={walk}
        onBlur={() => setAt(null)}
        onPointerLeave={() => setAt(null)}
        onPointerMove={(event) => {
          const left = event.currentTarget.getBoundingClientRect().left;
          setAt(Math.max(0, Math.min(values.length - 1, Math.round(((event.clientX - left - 4) / inner) * (values.length - 1)))));
        }}
        onClick={() => at !== null && onOpen?.(names[at] ?? "")}
      >
        <path d={`M4 ${height - 0.5}H${width - 4}`} stroke="var(--nb-line)" />
        <path d={linePath(values, inner, height - 12, 6, 4)} fill="none" stroke="var(--nb-bar)" stroke-width="1.5" stroke-linejoin="round" />
        {values.length <= 60 && values.map((v, i) => (v === null ? null : <circle key={i} cx={x(i)} cy={y(v)} r="1.8" fill="var(--nb-bar)" />))}
        {at !== null && value !== null && <circle cx={x(at)} cy={y(value)} r="3.5" fill="var(--nb-surface)" stroke="var(--nb-select)" stroke-width="1.5" />}
      </svg>
    </div>
  );
}

function domain(values: readonly (number | null)[]): readonly [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low > high ? [0, 0] : [low, high];
}

function linePath(values: readonly (number | null)[], width: number, height: number, top: number, left = 2): string {
  const [low, high] = domain(values);
  let path = "";
  let isDown = false;
  for (const [at, value] of values.entries()) {
    if (value === null) {
      isDown = false;
      continue;
    }
    const x = left + (values.length < 2 ? width / 2 : (at / (values.length - 1)) * width);
    const y = top + (1 - (high === low ? 0.5 : (value - low) / (high - low))) * height;
    path += `${isDown ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    isDown = true;
  }
  return path;
}

function lastPoint(values: readonly (number | null)[], width: number, height: number, top: number): JSX.Element | null {
  const at = values.findLastIndex((value) => value !== null);
  const value = values[at] ?? null;
  if (value === null) return null;
  const [low, high] = domain(values);
  const x = 2 + (values.length < 2 ? width / 2 : (at / (values.length - 1)) * width);
  return <circle cx={x} cy={top + (1 - (high === low ? 0.5 : (value - low) / (high - low))) * height} r="2.2" fill="var(--nb-select)" />;
}
