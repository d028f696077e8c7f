// Runs over time: what ran, what runs, and what schedules will start. Runs of notebooks and of schedules stand in one picture.

import type { JSX } from "preact";
import { useMemo, useRef } from "preact/hooks";
import type { TimelineData } from "../client/documents/timeline.gen";
import { TimelineDocument } from "../client/documents/timeline.gen";
import { pathOf, withParams } from "../client/route";
import { Button, Segments } from "../ui/Button";
import { Glyph, StateWord } from "../ui/Glyph";
import { duration, fullTime, grouped, moment, plural } from "../ui/format";
import { useNow, useSize } from "../ui/hooks";
import { Empty, Note } from "../ui/Notes";
import { Tip, useHover } from "../ui/Pop";
import type { Anchor } from "../ui/Pop";
import { shortRun } from "../views/Words";
import { PageHead } from "./frame/Frame";
import { Await, useQuery } from "./frame/query";
import { A, useGo, useRoute } from "./frame/route";
import { runLook } from "./parts/runStates";
import type { Bar, Coming, Mark, Span, TimedRun, TimeRow } from "./timeline/layout";
import { SPANS, spanAround, timeRows, timeTicks } from "./timeline/layout";

type ServerRun = Extract<TimelineData["runsOrError"], { readonly __typename: "Runs" }>["results"][number];
type Hovered = { readonly anchor: Anchor; readonly runs: readonly TimedRun[]; readonly coming: readonly Coming[] };

const MOST = 1_000;
const LABEL = 190;
const ROW = 32;

export default function Timeline(): JSX.Element {
  const place = useRoute();
  const go = useGo();
  const size = SPANS.some(({ value }) => value === place.query.get("span")) ? (place.query.get("span") ?? "24h") : "24h";
  const shift = Number(place.query.get("back") ?? 0) || 0;
  const now = useNow(size === "1h" ? 1_000 : 10_000);
  // The question moves on every minute, the picture more often.
  const asked = spanAround(Math.floor(now / 60) * 60, size, shift);
  const query = useQuery(
    TimelineDocument,
    { filter: { updatedAfter: asked.from, createdBefore: asked.to }, limit: MOST, after: Math.max(asked.from, Math.floor(now / 60) * 60), until: asked.to },
    { keep: true, on: ({ runs, other }) => runs.length > 0 || other.length > 0 },
  );
  const span = spanAround(now, size, shift);
  const set = (params: { readonly [name: string]: string | null }): void => go(withParams(place, params));
  return (
    <PageHead
      title="Timeline"
      above={`${moment(span.from, now)} to ${moment(span.to, now)}`}
      actions={
        <>
          <Button kind="icon" icon="left" label="Earlier" onClick={() => set({ back: String(shift - 1) })} />
          <Button disabled={shift === 0} onClick={() => set({ back: null })}>
            Now
          </Button>
          <Button kind="icon" icon="right" label="Later" disabled={shift >= 2} onClick={() => set({ back: shift + 1 === 0 ? null : String(shift + 1) })} />
          <Segments label="Length" choices={SPANS} value={size} onChange={(value) => set({ span: value === "24h" ? null : value })} />
        </>
      }
    >
      <Await query={query} what="the timeline">
        {(data) =>
          data.runsOrError.__typename === "Runs" ? (
            <Picture runs={data.runsOrError.results} active={data.active.__typename === "Runs" ? data.active.results : []} coming={comingOf(data)} count={data.runsOrError.count} span={span} now={now} />
          ) : (
            <Note state="failed">The runs could not be read: {data.runsOrError.message}</Note>
          )
        }
      </Await>
    </PageHead>
  );
}

function timedRun(run: ServerRun): TimedRun {
  // A run of one asset stands in the row of that asset, one of several in a row of its own words.
  const asset = run.assetSelection?.length === 1 ? run.assetSelection[0]?.path.join("/") : undefined;
  const isAdHoc = run.jobName === "" || run.jobName.startsWith("__");
  return {
    id: run.runId,
    row: isAdHoc ? (asset === undefined ? run.title : asset) : run.jobName,
    state: runLook(run.status).state,
    from: run.startTime ?? run.creationTime,
    to: run.endTime,
  };
}

function comingOf(data: TimelineData): readonly Coming[] {
  if (data.repositoriesOrError.__typename !== "RepositoryConnection") return [];
  return data.repositoriesOrError.nodes.flatMap(({ schedules }) =>
    schedules.flatMap((schedule) =>
      schedule.scheduleState.status !== "RUNNING"
        ? []
        : schedule.futureTicks.results.flatMap(({ timestamp }) =>
            timestamp === null ? [] : [{ row: schedule.pipelineName === "" || schedule.pipelineName.startsWith("__") ? schedule.name : schedule.pipelineName, at: timestamp, by: schedule.name }],
          ),
    ),
  );
}

function Picture(props: {
  readonly runs: readonly ServerRun[];
  readonly active: readonly ServerRun[];
  readonly coming: readonly Coming[];
  readonly count: number;
  readonly span: Span;
  readonly now: number;
}): JSX.Element {
  const { span, now } = props;
  const box = useRef<HTMLDivElement>(null);
  const { width } = useSize(box, { width: 1_000, height: 300 });
  const label = width < 620 ? 120 : LABEL;
  const plot = Math.max(120, width - label - 14);
  const known = useMemo(() => new Map([...props.runs, ...props.active].map((run) => [run.runId, run])), [props.runs, props.active]);
  const runs = useMemo(() => [...known.values()].map(timedRun), [known]);
  const rows = timeRows(runs, props.coming, span, plot, now);
  const ticks = timeTicks(span, plot);
  const [hovered, hover] = useHover<Hovered>(120, 160);
  const x = (at: number): number => ((at - span.from) / (span.to - span.from)) * plot;
  const counts = countsOf(runs, span, now);
  return (
    <>
      <div class="nb-bar-row nb-small">
        {counts.map(({ state, count, word }) => (
          <StateWord key={state} state={state}>
            {grouped(count)} {word}
          </StateWord>
        ))}
        {counts.length === 0 && <span class="nb-2">Nothing ran in this time.</span>}
        <span class="nb-push nb-row nb-gap-3 nb-2">
          <i class="nb-coming" aria-hidden="true" /> to come
        </span>
      </div>
      {props.count > MOST && (
        <Note>
          The newest {grouped(MOST)} of {grouped(props.count)} runs are drawn. A shorter time shows all of its own.
        </Note>
      )}
      <section ref={box} class="nb-card nb-timeline" role="group" aria-label="Runs over time">
        <div class="nb-tl-axis" style={{ paddingLeft: `${label}px` }} aria-hidden="true">
          {ticks.map((tick) => (
            <span key={tick.at} class={tick.isDay ? "nb-strong" : undefined} style={{ left: `${label + tick.x}px` }}>
              {tick.text}
            </span>
          ))}
        </div>
        {rows.length === 0 ? (
          <Empty title="Nothing here">
            No run and no tick falls into this time. Look further back, or see <A to="/runs">all runs</A>.
          </Empty>
        ) : (
          <ul class="nb-tl-rows">
            {rows.map((row) => (
              <Row key={row.name} row={row} label={label} plot={plot} ticks={ticks.map(({ x: at }) => at)} nowAt={now >= span.from && now <= span.to ? x(now) : null} onHover={hover} />
            ))}
          </ul>
        )}
      </section>
      {hovered !== null && (
        <Tip anchor={hovered.anchor} side="below" onEnter={() => hover(hovered, true)} onLeave={() => hover(null)}>
          <Told hovered={hovered} known={known} now={now} />
        </Tip>
      )}
    </>
  );
}

function Row(props: {
  readonly row: TimeRow;
  readonly label: number;
  readonly plot: number;
  readonly ticks: readonly number[];
  readonly nowAt: number | null;
  readonly onHover: (hovered: Hovered | null, now?: boolean) => void;
}): JSX.Element {
  const { row, onHover } = props;
  const go = useGo();
  const open = (bar: Bar): void => {
    const [only] = bar.runs;
    if (bar.runs.length === 1 && only !== undefined) go(pathOf("runs", only.id));
    else go(`/runs?${new URLSearchParams({ q: row.name }).toString()}`);
  };
  const show = (target: EventTarget | null, runs: readonly TimedRun[], coming: readonly Coming[], isNow: boolean): void => {
    if (target instanceof HTMLElement) onHover({ anchor: target.getBoundingClientRect(), runs, coming }, isNow);
  };
  return (
    <li class="nb-tl-row" style={{ gridTemplateColumns: `${props.label}px 1fr`, height: `${ROW}px` }}>
      <span class="nb-tl-name">
        <A to={`/runs?${new URLSearchParams({ q: row.name }).toString()}`} class="nb-mono nb-clip" title={row.name}>
          {row.name}
        </A>
        {row.failed > 0 && (
          <span class="nb-state nb-micro" data-state="failed" title={plural(row.failed, "failed run")}>
            <Glyph state="failed" /> {grouped(row.failed)}
          </span>
        )}
      </span>
      <span class="nb-tl-plot" style={{ width: `${props.plot}px` }}>
        {props.ticks.map((at) => (
          <i key={at} class="nb-tl-tick" style={{ left: `${at}px` }} />
        ))}
        {row.bars.map((bar) => (
          <button
            key={bar.runs[0]?.id}
            type="button"
            class="nb-tl-bar"
            data-state={bar.state}
            style={{ left: `${bar.x}px`, width: `${bar.width}px` }}
            aria-label={spokenBar(row.name, bar)}
            onClick={() => open(bar)}
            onPointerEnter={(event) => show(event.currentTarget, bar.runs, [], false)}
            onPointerLeave={() => onHover(null)}
            onFocus={(event) => show(event.currentTarget, bar.runs, [], true)}
            onBlur={() => onHover(null, true)}
          >
            {bar.width > 16 && <span class="nb-tl-count">{bar.runs.length > 1 ? grouped(bar.runs.length) : bar.state === "failed" ? "×" : ""}</span>}
          </button>
        ))}
        {row.marks.map((mark) => (
          <i key={mark.x} class="nb-coming" style={{ left: `${mark.x}px` }} title={spokenMark(mark)} onPointerEnter={(event) => show(event.currentTarget, [], mark.coming, false)} onPointerLeave={() => onHover(null)} />
        ))}
        {props.nowAt !== null && <i class="nb-tl-now" style={{ left: `${props.nowAt}px` }} />}
      </span>
    </li>
  );
}

function spokenBar(name: string, bar: Bar): string {
  const [first] = bar.runs;
  const state = runLook("").state === bar.state ? "queued" : bar.state === "fresh" ? "succeeded" : bar.state;
  return bar.runs.length === 1 && first !== undefined ? `${name}: run ${shortRun(first.id)} ${state}, ${fullTime(first.from)}` : `${name}: ${bar.runs.length} runs, ${state}`;
}

function spokenMark(mark: Mark): string {
  const [first] = mark.coming;
  return first === undefined ? "" : mark.coming.length === 1 ? `${first.by} at ${fullTime(first.at)}` : `${mark.coming.length} ticks of ${first.by} from ${fullTime(first.at)}`;
}

const TOLD = 6;

function Told({ hovered, known, now }: { readonly hovered: Hovered; readonly known: ReadonlyMap<string, ServerRun>; readonly now: number }): JSX.Element {
  const runs = hovered.runs.flatMap(({ id }) => known.get(id) ?? []).toSorted((a, b) => Number(b.status === "FAILURE") - Number(a.status === "FAILURE") || b.creationTime - a.creationTime);
  return (
    <div class="nb-stack nb-tl-tip">
      {runs.slice(0, TOLD).map((run) => (
        <div key={run.runId}>
          <div class="nb-row">
            <StateWord state={runLook(run.status).state}>{runLook(run.status).word}</StateWord>
            <A to={pathOf("runs", run.runId)} class="nb-mono">{shortRun(run.runId)}</A>
            <span class="nb-2">
              {moment(run.startTime ?? run.creationTime, now)}, {duration(Math.max(0, (run.endTime ?? now) - (run.startTime ?? run.creationTime)))}
            </span>
          </div>
          <div class="nb-2 nb-clip">{run.failureText ?? `by ${run.startedBy}`}</div>
        </div>
      ))}
      {runs.length > TOLD && <div class="nb-2">and {grouped(runs.length - TOLD)} more</div>}
      {hovered.coming.slice(0, TOLD).map((one) => (
        <div key={one.at}>
          <span class="nb-mono">{one.by}</span> <span class="nb-2">{moment(one.at, now)}, in {duration(one.at - now)}</span>
        </div>
      ))}
    </div>
  );
}

function countsOf(runs: readonly TimedRun[], span: Span, now: number): readonly { readonly state: TimedRun["state"]; readonly count: number; readonly word: string }[] {
  const words: readonly (readonly [TimedRun["state"], string])[] = [["failed", "failed"], ["running", "running"], ["queued", "queued"], ["canceled", "canceled"], ["fresh", "succeeded"]];
  const inside = runs.filter(({ from, to }) => from <= span.to && (to ?? now) >= span.from);
  return words.map(([state, word]) => ({ state, word, count: inside.filter((run) => run.state === state).length })).filter(({ count }) => count > 0);
}
