// The partitions of an asset: seen as a calendar, a matrix or a list; chosen by pointer, keys, text or one of the quick picks;
// run from the bar below, whose button says how many runs and how long.

import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Keys } from "../client/keys";
import { keyName, keysOf } from "../client/keys";
import { formatRanges, parseRanges } from "../client/ranges";
import { countStates, lengthOf, positionsIn } from "../client/runs";
import { NONE, same, size } from "../client/spans";
import type { GridView, Spans } from "../client/wire.gen";
import { Chip, Segments } from "../ui/Button";
import { Icon, StateCounts } from "../ui/Glyph";
import { brief, grouped, plural } from "../ui/format";
import { useLoaded, useSize } from "../ui/hooks";
import { Empty, Voice } from "../ui/Notes";
import { MenuButton, useHover } from "../ui/Pop";
import type { Anchor } from "../ui/Pop";
import { useTheme } from "../ui/theme";
import { CellTip } from "./grid/CellTip";
import { GridCanvas } from "./grid/GridCanvas";
import { KeyTable } from "./grid/KeyTable";
import { LaunchBar, ProgressBar } from "./grid/LaunchBar";
import type { Axes, Zoom } from "./grid/layout";
import { firstZoom, layoutFor, zoomsOf } from "./grid/layout";
import { scaleOf } from "./grid/summary";
import { useDesk, useKept } from "./host";

const ZOOM_NAMES: { readonly [zoom in Zoom]: string } = { month: "Month", day: "Day", hour: "Hour", week: "Week", list: "Keys", matrix: "Matrix" };

export function PartitionGrid({ view }: { readonly view: GridView }): JSX.Element {
  const desk = useDesk();
  const body = useRef<HTMLDivElement>(null);
  const { width } = useSize(body, { width: 674, height: 200 });
  const dimensions = useMemo(() => view.dimensions.map(keysOf), [view.dimensions]);
  const zooms = zoomsOf(dimensions);
  const [wanted, setZoom] = useKept("zoom", firstZoom(dimensions));
  const zoom = zooms.find((known) => known === wanted) ?? firstZoom(dimensions);
  const [axes, setAxes] = useState<Axes | null>(() => firstAxes(dimensions));
  const [colour, setColour] = useKept("colour", "");
  const [shape, setShape] = useKept("as", "grid");
  const isTable = shape === "table";
  const [selected, setSelected] = useSelected(dimensions, view.selected);
  const [tip, setTip] = useHover<{ readonly cell: number; readonly anchor: Anchor }>();
  const theme = useTheme(body);
  const layout = useMemo(() => layoutFor(dimensions, zoom, width, axes), [dimensions, zoom, width, axes]);
  const counts = useMemo(() => countStates(view.states), [view.states]);
  const total = lengthOf(view.states);
  const [metric, again] = useLoaded(colour === "" ? null : () => desk.store.ask({ type: "fetch_metric", asset: view.asset, metric: colour }), [colour, view.asset]);
  const scale = useMemo(() => (colour !== "" && metric.state === "done" && metric.value.type === "metric" ? scaleOf(metric.value.values) : null), [metric, colour]);
  useEffect(() => {
    if (colour !== "" && view.progress === null) again();
  }, [view.progress === null]);

  const metricInfo = view.metrics.find(({ name }) => name === colour);
  const open = (cell: number): void => {
    const spans = layout.spans(cell);
    const [first] = spans;
    if (first === undefined) return;
    if (size(spans) === 1) desk.open({ type: "fetch_history", asset: view.asset, partition: keyName(dimensions, first[0]) });
    else {
      const finer = zooms[zooms.indexOf(zoom) + 1];
      setSelected(spans);
      if (finer !== undefined) setZoom(finer);
    }
  };
  return (
    <section class="nb-card" role="group" aria-label={`Partitions of ${view.asset}`}>
      <header class="nb-head">
        <h3 class="nb-key nb-title">{view.asset}</h3>
        <span class="nb-micro">{subtitle(dimensions, total, view.unit)}</span>
        <span class="nb-push nb-row nb-wrap nb-gap-3">
          {axes !== null && <AxesButtons dimensions={dimensions} axes={axes} onChange={setAxes} />}
          {zooms.length > 1 && !isTable && <Segments label="Zoom" choices={zooms.map((value) => ({ value, label: ZOOM_NAMES[value] }))} value={zoom} onChange={setZoom} />}
          {view.metrics.length > 0 && !isTable && (
            <Segments
              label="Colour by"
              choices={[{ value: "", label: "State" }, ...view.metrics.slice(0, 3).map(({ name, label }) => ({ value: name, label }))]}
              value={colour}
              onChange={setColour}
            />
          )}
          {view.metrics.length > 3 && !isTable && (
            <MenuButton
              kind="icon"
              icon="dots"
              label="More numbers to colour by"
              items={view.metrics.slice(3).map(({ name, label }) => ({ label, checked: name === colour, onPick: () => setColour(name) }))}
            />
          )}
          <Segments label="Show as" choices={[{ value: "grid", label: "Grid" }, { value: "table", label: "Table" }]} value={isTable ? "table" : "grid"} onChange={setShape} />
        </span>
      </header>
      {total === 0 && <Empty title="No partition yet">Partitions of this asset are added while it is used; there are none so far.</Empty>}
      {view.progress !== null && <ProgressBar progress={view.progress} />}
      <div class="nb-body" hidden={total === 0}>
        <div class="nb-choose">
          <RangeField dimensions={dimensions} selected={selected} onSelect={setSelected} />
          <Picks view={view} counts={counts} selected={selected} onSelect={setSelected} />
        </div>
        <div ref={body} class="nb-grid-box">
          {isTable ? (
            <KeyTable dimensions={dimensions} runs={view.states} selected={selected} onSelect={setSelected} onOpen={(position) => desk.open({ type: "fetch_history", asset: view.asset, partition: keyName(dimensions, position) })} />
          ) : (
            <GridCanvas
              layout={layout}
              runs={view.states}
              scale={scale}
              selected={selected}
              label={`${view.asset}, ${plural(total, "partition")}`}
              tallest={desk.host.holder === "server" ? 760 : 420}
              theme={theme}
              onSelect={setSelected}
              onHover={(cell, anchor, isNow) => setTip(cell === null || anchor === null ? null : { cell, anchor }, isNow)}
              onOpen={open}
            />
          )}
        </div>
        <div class="nb-row nb-wrap nb-small nb-legend-row">
          {scale !== null && metricInfo !== undefined ? (
            <span class="nb-row nb-micro nb-gap-3">
              {brief(scale.low)} {metricInfo.unit}
              {[1, 2, 3, 4, 5].map((step) => (
                <i key={step} class="nb-swatch" style={{ background: `var(--nb-seq-${step})` }} />
              ))}
              {brief(scale.high)} {metricInfo.unit}
              <span class="nb-ring-note">ring: outlier, hollow: none</span>
            </span>
          ) : (
            <StateCounts counts={[...counts].map(([state, count]) => ({ state, count }))} />
          )}
          {colour !== "" && metric.state === "failed" && <span class="nb-2">{metric.why}</span>}
          <span class="nb-push nb-micro">Shift extends, Enter opens</span>
        </div>
      </div>
      {tip !== null && !isTable && (
        <CellTip view={view} dimensions={dimensions} layout={layout} scale={scale} cell={tip.cell} anchor={tip.anchor} onEnter={() => setTip(tip, true)} onLeave={() => setTip(null)} />
      )}
      {selected.length > 0 && <LaunchBar view={view} selected={selected} text={formatRanges(dimensions, selected)} />}
      <Voice says={view.progress === null ? "" : `${view.asset}: ${view.progress.done} of ${view.progress.total} done${view.progress.failed > 0 ? `, ${view.progress.failed} failed` : ""}`} />
    </section>
  );
}

/** The chosen partitions; where the view's place keeps them, as ranges in text. */
function useSelected(dimensions: readonly Keys[], first: Spans): readonly [Spans, (spans: Spans) => void] {
  const [kept, keep] = useKept("keys", "");
  const [own, setOwn] = useState(first);
  const { host } = useDesk();
  const read = useMemo(() => (kept === "" ? NONE : parseRanges(dimensions, kept).spans), [dimensions, kept]);
  if (host.kept === undefined) return [own, setOwn];
  return [read, (spans) => keep(formatRanges(dimensions, spans))];
}

function subtitle(dimensions: readonly Keys[], total: number, unit: string): string {
  if (dimensions.length < 2) return `${grouped(total)} ${unit}`;
  return `${dimensions.map(({ name }) => name).join(" × ")}, ${plural(total, "partition")}`;
}

/** The longer dimension goes down. */
function firstAxes(dimensions: readonly Keys[]): Axes | null {
  if (dimensions.length < 2) return null;
  const order = [...dimensions.keys()].toSorted((a, b) => (dimensions[b]?.count ?? 0) - (dimensions[a]?.count ?? 0));
  return { rows: order[0] ?? 0, columns: order[1] ?? 1, others: dimensions.map(() => null) };
}

function AxesButtons(props: { readonly dimensions: readonly Keys[]; readonly axes: Axes; readonly onChange: (axes: Axes) => void }): JSX.Element {
  const { dimensions, axes } = props;
  const name = (at: number): string => dimensions[at]?.name ?? "";
  return (
    <>
      <MenuButton
        after="down"
        items={dimensions.map((keys, at) => ({
          label: keys.name,
          checked: at === axes.rows,
          onPick: () => props.onChange({ ...axes, rows: at, columns: at === axes.columns ? axes.rows : axes.columns }),
        }))}
      >
        Rows: {name(axes.rows)}
      </MenuButton>
      {dimensions.length > 2 && (
        <MenuButton
          after="down"
          items={dimensions.map((keys, at) => ({
            label: keys.name,
            checked: at === axes.columns,
            onPick: () => props.onChange({ ...axes, columns: at, rows: at === axes.rows ? axes.columns : axes.rows }),
          }))}
        >
          Columns: {name(axes.columns)}
        </MenuButton>
      )}
      {dimensions.map((keys, at) =>
        at === axes.rows || at === axes.columns ? null : (
          <MenuButton
            key={keys.name}
            after="down"
            items={[
              { label: "all", checked: axes.others[at] === null, onPick: () => props.onChange({ ...axes, others: axes.others.with(at, null) }) },
              ...Array.from({ length: Math.min(keys.count, 200) }, (_, digit) => ({
                label: keys.key(digit),
                checked: axes.others[at] === digit,
                onPick: () => props.onChange({ ...axes, others: axes.others.with(at, digit) }),
              })),
            ]}
          >
            {keys.name}: {keyOrAll(keys, axes.others[at] ?? null)}
          </MenuButton>
        ),
      )}
      <button type="button" class="nb-b" onClick={() => props.onChange({ ...axes, rows: axes.columns, columns: axes.rows })}>
        Swap
      </button>
    </>
  );
}

function keyOrAll(keys: Keys, digit: number | null): string {
  return digit === null ? "all" : keys.key(digit);
}

/** The selection as text, both ways: what is drawn is written, what is typed is drawn. */
function RangeField(props: { readonly dimensions: readonly Keys[]; readonly selected: Spans; readonly onSelect: (spans: Spans) => void }): JSX.Element {
  const [typed, setTyped] = useState<string | null>(null);
  const parsed = typed === null ? null : parseRanges(props.dimensions, typed);
  const shown = typed ?? formatRanges(props.dimensions, props.selected);
  useEffect(() => {
    if (parsed !== null && parsed.problem === null && !same(parsed.spans, props.selected)) setTyped(null);
  }, [props.selected]);
  const [first] = props.dimensions;
  const hint = props.dimensions.length > 1 ? `${first?.name ?? ""}=..., or a key` : `[${first?.key(0) ?? ""}...${first?.key((first?.count ?? 1) - 1) ?? ""}]`;
  return (
    <div class="nb-range">
      <label class="nb-field" data-bad={(parsed?.problem ?? null) !== null || undefined}>
        <Icon name="calendar" />
        <input
          type="text"
          class="nb-mono"
          aria-label="Selected partitions, as ranges"
          aria-invalid={(parsed?.problem ?? null) !== null}
          aria-describedby="nb-range-problem"
          placeholder={hint}
          spellcheck={false}
          autocomplete="off"
          value={shown}
          onInput={(event) => {
            const next = event.currentTarget.value;
            setTyped(next);
            const read = parseRanges(props.dimensions, next);
            if (read.problem === null) props.onSelect(read.spans);
          }}
          onKeyDown={(event) => {
            event.stopPropagation();
            if (event.key === "Escape") {
              setTyped(null);
              props.onSelect(NONE);
            }
          }}
          onBlur={() => {
            if (parsed === null || parsed.problem === null) setTyped(null);
          }}
        />
      </label>
      <div id="nb-range-problem" role="alert" class="nb-small nb-range-problem">
        {parsed?.problem}
      </div>
    </div>
  );
}

function Picks(props: { readonly view: GridView; readonly counts: ReturnType<typeof countStates>; readonly selected: Spans; readonly onSelect: (spans: Spans) => void }): JSX.Element {
  const { view, counts } = props;
  const total = lengthOf(view.states);
  const count = (...states: readonly Parameters<typeof counts.get>[0][]): number => states.reduce((sum, state) => sum + (counts.get(state) ?? 0), 0);
  const both = positionsIn(view.states, "failed", "missing");
  const picks: readonly { readonly label: string; readonly spans: Spans; readonly count: number }[] = [
    { label: "Latest", spans: total > 0 ? [[total - 1, total]] : [], count: 0 },
    { label: "Missing", spans: positionsIn(view.states, "missing"), count: count("missing") },
    { label: "Stale", spans: positionsIn(view.states, "stale"), count: count("stale") },
    { label: "Failed", spans: positionsIn(view.states, "failed"), count: count("failed") },
    ...(count("failed") > 0 && count("missing") > 0 ? [{ label: "Failed or missing", spans: both, count: size(both) }] : []),
    ...view.picks.map(({ label, spans }) => ({ label, spans, count: size(spans) })),
    { label: "All", spans: total > 0 ? [[0, total]] : [], count: 0 },
  ];
  return (
    <div class="nb-row nb-wrap nb-gap-3 nb-picks" role="group" aria-label="Quick picks">
      <span class="nb-small nb-2">Pick</span>
      {picks.map((pick) => {
        const isOn = pick.spans.length > 0 && same(pick.spans, props.selected);
        return (
          <Chip key={pick.label} pressed={isOn} disabled={pick.spans.length === 0} onClick={() => props.onSelect(isOn ? NONE : pick.spans)}>
            {pick.label}
            {pick.count > 0 && <span class="nb-count">{grouped(pick.count)}</span>}
          </Chip>
        );
      })}
    </div>
  );
}

