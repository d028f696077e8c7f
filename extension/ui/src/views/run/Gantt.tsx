// Steps over time: waiting, starting, loading, working and writing told apart; what is expected as an outline.
// Only the rows in sight exist. Ctrl-wheel zooms, dragging moves, arrows walk the rows.

import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { RunView, StepFacts } from "../../client/wire.gen";
import { Button } from "../../ui/Button";
import { GlyphShapes } from "../../ui/Glyph";
import { duration } from "../../ui/format";
import { useLatest, useSize } from "../../ui/hooks";
import type { Row, Span } from "./rows";
import { columnsOf, isMoving, partsOf, rowsOf, secondsOf, spanOf, tickName, ticksOf, wordsOf } from "./rows";

const ROW = 22;
const LABEL = 168;
/** Pixels of a letter in the names: the mean of the wider of the usual interface fonts, so that names are cut before they reach the bars. */
const WIDE = 6.9;
const RIGHT = 60;
const TALLEST = 15 * ROW;
const MOST_BARS = 40;

export function Gantt(props: {
  readonly view: RunView;
  readonly now: number;
  readonly chosen: string | null;
  readonly onChoose: (step: string | null) => void;
}): JSX.Element {
  const { view, now } = props;
  const box = useRef<HTMLDivElement>(null);
  const { width } = useSize(box, { width: 674, height: 200 });
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const [top, setTop] = useState(0);
  const [zoom, setZoom] = useState<Span | null>(null);
  const rows = useMemo(() => rowsOf(view.steps, opened), [view.steps, opened]);
  const whole = spanOf(view, now);
  const span = zoom ?? whole;
  const plot = Math.max(80, width - LABEL - RIGHT);
  const x = (at: number): number => LABEL + ((at - span.from) / (span.to - span.from)) * plot;
  const origin = whole.from;
  const height = Math.min(TALLEST, rows.length * ROW);
  const first = Math.max(0, Math.floor(top / ROW) - 4);
  const last = Math.min(rows.length, Math.ceil((top + height) / ROW) + 4);
  const latest = useLatest({ span, whole, plot });

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const wheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const { span: now_, whole: all, plot: room } = latest.current;
      const share = (event.clientX - element.getBoundingClientRect().left - LABEL) / room;
      setZoom(zoomedSpan(now_, all, Math.exp(event.deltaY / 300), Math.max(0, Math.min(1, share))));
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, []);

  const toggle = (row: Row): void => {
    if (!row.isGroup) {
      props.onChoose(props.chosen === row.key ? null : row.key);
      return;
    }
    const next = new Set(opened);
    if (!next.delete(row.key)) next.add(row.key);
    setOpened(next);
  };
  return (
    <div class="nb-gantt-box">
      <svg class="nb-gantt" width={width} height="16" viewBox={`0 0 ${width} 16`} aria-hidden="true">
        {ticksOf({ from: span.from - origin, to: span.to - origin }).map((tick) => (
          <text key={tick} class="axis" x={x(tick + origin)} y="11" text-anchor="middle">
            {tickName(tick)}
          </text>
        ))}
      </svg>
      <div ref={box} class="nb-list" role="table" aria-label={`Steps of the run, ${rows.length} rows`} style={{ height: `${height}px` }} onScroll={(event) => setTop(event.currentTarget.scrollTop)}>
        <div role="rowgroup" style={{ height: `${rows.length * ROW}px` }}>
          {rows.slice(first, last).map((row, index) => (
            <div
              key={row.key}
              role="row"
              tabIndex={0}
              class="nb-gantt-row"
              aria-rowindex={first + index + 1}
              aria-selected={props.chosen === row.key}
              style={{ top: `${(first + index) * ROW}px`, height: `${ROW}px` }}
              onClick={() => toggle(row)}
              onKeyDown={(event) => walkRows(event, () => toggle(row))}
            >
              <span role="cell" class="nb-unseen">
                {spokenRow(row, now)}
              </span>
              <svg class="nb-gantt" width={width} height={ROW} viewBox={`0 0 ${width} ${ROW}`} aria-hidden="true">
                {ticksOf({ from: span.from - origin, to: span.to - origin }).map((tick) => (
                  <path key={tick} class="grid" d={`M${x(tick + origin)} 0v${ROW}`} />
                ))}
                <RowLabel row={row} />
                <svg x={LABEL} width={plot} height={ROW} overflow="hidden">
                  <g transform={`translate(${-LABEL} 0)`}>
                    <Bars row={row} span={span} x={x} plot={plot} now={now} isLive={view.ended_at === null} />
                  </g>
                </svg>
                <text class="axis" x={width} y="15" text-anchor="end">
                  {sideNote(row, now)}
                </text>
                {view.ended_at === null && <path class="now" d={`M${x(now)} 0v${ROW}`} />}
              </svg>
            </div>
          ))}
        </div>
      </div>
      <div class="nb-row nb-wrap nb-micro nb-gantt-legend">
        {(["wait", "start", "load", "work", "write"] as const).map((phase) => (
          <span key={phase} class="nb-row nb-gap-3">
            <svg class="nb-gantt" data-state="fresh" width="14" height="8" aria-hidden="true">
              {phase === "wait" ? <path class="wait" d="M0 4h14" /> : <rect class={phase} width="14" height="8" />}
            </svg>
            {PHASES[phase]}
          </span>
        ))}
        <span class="nb-row nb-gap-3">
          <svg class="nb-gantt" width="14" height="8" aria-hidden="true">
            <rect class="rest" x=".5" y=".5" width="13" height="7" rx="1.5" />
          </svg>
          expected
        </span>
        <span class="nb-push nb-row nb-zoom">
          <Button kind="icon" icon="minus" label="Show a longer time" onClick={() => setZoom(zoomedSpan(span, whole, 1.6, 0.5))} />
          <Button kind="icon" icon="plus" label="Show a shorter time" onClick={() => setZoom(zoomedSpan(span, whole, 0.6, 0.5))} />
          {zoom !== null && <Button kind="icon" icon="fit" label="Show all of the time" onClick={() => setZoom(null)} />}
        </span>
      </div>
    </div>
  );
}

const PHASES = { wait: "waiting", start: "starting", load: "load", work: "work", write: "write" } as const;

function RowLabel({ row }: { readonly row: Row }): JSX.Element {
  const indent = row.depth * 14;
  const room = LABEL - 28 - indent - (row.isGroup ? 14 : 0);
  const [name, detail] = wordsOf(row, Math.floor(room / WIDE));
  return (
    <g data-state={row.state}>
      <svg class="nb-g" x={indent} y="5" width="12" height="12" viewBox="0 0 12 12">
        <g class={row.state === "running" ? "nb-turn" : undefined}>
          <GlyphShapes state={row.state} />
        </g>
      </svg>
      <text x={indent + 20} y="15">
        {name}
        {detail !== "" && <tspan class="axis">{` ${detail}`}</tspan>}
      </text>
      {row.isGroup && <path class="chevron" d={row.isOpen ? "m157 9 3.5 3.5 3.5-3.5" : "m159 7 3.5 3.5-3.5 3.5"} />}
    </g>
  );
}

function Bars(props: { readonly row: Row; readonly span: Span; readonly x: (at: number) => number; readonly plot: number; readonly now: number; readonly isLive: boolean }): JSX.Element {
  const { row, x, now } = props;
  const tries = row.steps.reduce((sum, step) => sum + step.attempts.length, 0);
  if (row.isGroup && tries > MOST_BARS) {
    return (
      <>
        {columnsOf(row.steps, props.span, props.plot, now).map((column) => (
          <g key={column.x} data-state={column.state}>
            <rect class="work" x={LABEL + column.x} y="5" width={column.width} height="12" />
          </g>
        ))}
      </>
    );
  }
  return (
    <>
      {row.steps.map((step) => (
        <StepBars key={step.key} step={step} x={x} now={now} isLive={props.isLive} isThin={row.isGroup} />
      ))}
    </>
  );
}

function StepBars({ step, x, now, isLive, isThin }: { readonly step: StepFacts; readonly x: (at: number) => number; readonly now: number; readonly isLive: boolean; readonly isThin: boolean }): JSX.Element {
  const last = step.attempts.at(-1);
  const begun = last?.started_at ?? null;
  const expectedEnd = begun !== null && isMoving(step.state) ? begun + (step.expected_s ?? 0) : null;
  return (
    <>
      {step.attempts.map((attempt, at) => (
        <g key={at} data-state={attempt.state}>
          {partsOf(attempt, now).map((part) =>
            part.phase === "wait" ? (
              <path key={part.phase} class="wait" d={`M${x(part.from)} 11H${x(part.to)}`} />
            ) : (
              <rect key={part.phase} class={part.phase} x={x(part.from)} y="5" width={Math.max(1.5, x(part.to) - x(part.from))} height="12" />
            ),
          )}
          {attempt.state === "failed" && attempt.ended_at !== null && !isThin && (
            <path class="cross" d={`m${Math.max(x(attempt.started_at ?? attempt.ended_at) + 1, x(attempt.ended_at) - 9)} 8.5 5 5m0-5-5 5`} />
          )}
        </g>
      ))}
      {isLive && expectedEnd !== null && expectedEnd > now && <rect class="rest" x={x(now)} y="5.5" width={x(expectedEnd) - x(now)} height="11" rx="2" />}
      {isLive && begun === null && step.expected_at !== null && step.expected_s !== null && (
        <rect class="rest" x={x(Math.max(now, step.expected_at))} y="5.5" width={Math.max(2, x(step.expected_at + step.expected_s) - x(step.expected_at))} height="11" rx="2" />
      )}
      {step.critical && begun !== null && <rect class="crit" x={x(begun) - 1.5} y="3.5" width={x(last?.ended_at ?? now) - x(begun) + 3} height="15" rx="2" />}
    </>
  );
}

function sideNote(row: Row, now: number): string {
  const [step] = row.steps;
  if (row.isGroup || step === undefined) return row.isGroup ? "" : "";
  if (step.note !== "") return step.note;
  const seconds = secondsOf(step, now);
  return seconds === null ? "" : duration(seconds);
}

function spokenRow(row: Row, now: number): string {
  const [step] = row.steps;
  const seconds = row.isGroup || step === undefined ? null : secondsOf(step, now);
  return [row.label, row.detail, row.state, seconds === null ? "" : duration(seconds), step !== undefined && step.attempts.length > 1 ? `${step.attempts.length} tries` : ""]
    .filter((part) => part !== "")
    .join(", ");
}

function walkRows(event: KeyboardEvent & { readonly currentTarget: HTMLElement }, open: () => void): void {
  const target = event.currentTarget;
  const next = event.key === "ArrowDown" ? target.nextElementSibling : event.key === "ArrowUp" ? target.previousElementSibling : null;
  if (next instanceof HTMLElement) next.focus();
  else if (event.key === "Enter" || event.key === " ") open();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function zoomedSpan(span: Span, whole: Span, factor: number, share: number): Span | null {
  const length = (span.to - span.from) * factor;
  if (length >= whole.to - whole.from) return null;
  const centre = span.from + (span.to - span.from) * share;
  const from = Math.max(whole.from, Math.min(whole.to - length, centre - length * share));
  return { from, to: from + Math.max(0.01, length) };
}
