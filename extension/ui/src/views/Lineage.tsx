// The lineage: what the kernel drew, live. Search and select above, the graph, one asset beside it, counts of states below.

import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { LineageView, NodeFacts } from "../client/wire.gen";
import { Button } from "../ui/Button";
import { StateCounts } from "../ui/Glyph";
import { plural } from "../ui/format";
import { useLoaded, useNow, useSize } from "../ui/hooks";
import { Empty, Note, Voice, Waiting } from "../ui/Notes";
import { MenuButton, useHover } from "../ui/Pop";
import type { Anchor } from "../ui/Pop";
import { ResizeHandle } from "../ui/Resize";
import { AssetPanel } from "./AssetPanel";
import { only, useDesk, useKept } from "./host";
import { GraphCanvas } from "./lineage/GraphCanvas";
import type { Canvas } from "./lineage/GraphCanvas";
import { pixelsOf } from "./lineage/export";
import { forKernel, isPlain, search, select } from "./lineage/language";
import { NodeTip } from "./lineage/NodeTip";
import { Query } from "./lineage/Query";
import type { QueryField } from "./lineage/Query";
import { changesIn, countNodes } from "./lineage/words";
import { useFullScreen } from "./lineage/fullscreen";

const WIDE = 560;
const NONE: ReadonlySet<string> = new Set();

export function Lineage(props: {
  readonly view: LineageView;
  readonly at: number;
  readonly aside: { readonly key: string; readonly round: number } | null;
}): JSX.Element {
  const { view } = props;
  const desk = useDesk();
  const now = useNow(20_000);
  const card = useRef<HTMLElement>(null);
  const canvas = useRef<Canvas>(null);
  const field = useRef<QueryField>(null);
  const size = useSize(card, { width: 700, height: 520 });
  const [isFull, setFull] = useFullScreen(card);
  const [height, setHeight] = useState(() => heightFor(view));
  const [text, setText] = useKept("find", "");
  const [walked, setWalked] = useState(-1);
  const [selected, setSelected] = useState<ReadonlySet<string>>(view.selected === null ? NONE : new Set([view.selected]));
  const [kept, setKept] = useKept("open", view.selected ?? "");
  const opened = kept === "" ? null : kept;
  const setOpened = (key: string | null): void => setKept(key ?? "");
  const [scale, setScale] = useState(1);
  const [tip, setTip] = useHover<{ readonly node: NodeFacts; readonly anchor: Anchor }>();
  const says = useChanges(view.nodes);

  const found = useMemo(() => (text.trim() === "" ? null : isPlain(text) ? search(view, text) : select(view, text)), [text, view.nodes, view.edges]);
  const hits = found?.keys ?? NONE;
  const counts = useMemo(() => countNodes(view.nodes), [view.nodes]);
  const attention = counts.filter(({ state }) => state === "failed" || state === "stale" || state === "checkfailed").reduce((sum, { count }) => sum + count, 0);

  useEffect(() => {
    if (props.aside === null) return;
    setSelected(new Set([props.aside.key]));
    setOpened(props.aside.key);
    canvas.current?.show(props.aside.key, false);
  }, [props.aside]);

  const walk = (by: 1 | -1): void => {
    const keys = view.nodes.filter(({ key }) => hits.has(key)).map(({ key }) => key);
    if (keys.length === 0) return;
    const next = (walked + by + keys.length) % keys.length;
    setWalked(next);
    const key = keys[next];
    if (key === undefined) return;
    canvas.current?.show(key, false);
    setSelected(new Set([key]));
  };
  const pick = (key: string | null, adds: boolean): void => {
    setTip(null, true);
    if (key === null) {
      setSelected(NONE);
      setOpened(null);
    } else if (adds) {
      const next = new Set(selected);
      if (!next.delete(key)) next.add(key);
      setSelected(next);
    } else setSelected(new Set([key]));
  };
  const [, keepDirection] = useKept("direction", "");
  const draw = (change: { readonly selection?: string; readonly folded?: readonly string[]; readonly direction?: "down" | "right" }): void => {
    if (change.direction !== undefined) keepDirection(change.direction);
    desk.open({ type: "draw", selection: view.selection, direction: view.direction, folded: view.groups.filter((group) => group.folded).map(({ name }) => name), ...change });
  };
  const fold = (group: string, isFolded: boolean): void => {
    const folded = new Set(view.groups.filter((known) => known.folded).map(({ name }) => name));
    if (isFolded) folded.add(group);
    else folded.delete(group);
    draw({ folded: [...folded] });
  };
  const exportPixels = async (): Promise<void> => {
    const pixels = await pixelsOf(canvas.current?.picture() ?? "").catch(() => null);
    if (pixels === null) desk.store.tell("The browser cannot draw this picture as PNG. Save it as SVG.", "warning");
    else desk.host.save("lineage.png", pixels, "image/png");
  };
  const exportText = async (form: "dot" | "mmd"): Promise<void> => {
    const result = await desk.store.ask({ type: "fetch_dot", form });
    if (result.type === "dot") desk.host.save(`lineage.${form}`, result.text, form === "dot" ? "text/vnd.graphviz" : "text/vnd.mermaid");
    else if (result.type === "refused") desk.store.tell(result.text, "warning");
  };

  if (view.nodes.length === 0) {
    return (
      <section ref={card} class="nb-card" role="group" aria-label={view.title}>
        {view.selection === "" ? (
          <Empty title="No asset yet">
            Write <span class="nb-mono">@asset</span> above a function, or begin a cell with <span class="nb-mono">%%asset NAME</span>, and run the cell.
          </Empty>
        ) : (
          <Empty title="Nothing is selected">
            No asset matches <span class="nb-mono">{view.selection}</span>.{" "}
            <button type="button" class="nb-link" onClick={() => draw({ selection: "" })}>
              Show all assets
            </button>
          </Empty>
        )}
      </section>
    );
  }
  const isBeside = size.width >= WIDE;
  const fills = isFull || desk.host.fills === true;
  const graphHeight = fills ? null : height;
  const chosen = selected.size > 1 ? selected : !isPlain(text) && found?.keys !== undefined && found.keys !== null && found.keys.size > 0 ? found.keys : NONE;
  const askDraw = chosen.size > 0 && chosen === found?.keys;
  return (
    <section ref={card} class="nb-card nb-lineage-card" role="group" data-full={isFull || undefined} data-fills={desk.host.fills || undefined} aria-label={view.title}>
      <div class="nb-tools">
        <Query field={field} view={view} text={text} found={found === null ? null : hits.size} problem={found?.problem ?? null} onText={(next) => { setText(next); setWalked(-1); }} onWalk={walk} />
        {attention > 0 && (
          <Button icon="filter" pressed={text === ATTENTION} onClick={() => setText(text === ATTENTION ? "" : ATTENTION)}>
            {`${attention} stale or failed`}
          </Button>
        )}
        <span class="nb-row nb-zoom">
          <Button kind="icon" icon="minus" label="Smaller (-)" onClick={() => canvas.current?.zoom(0.8)} />
          <button type="button" class="nb-micro nb-percent" title="Show all (0)" aria-label={`Show all, now at ${Math.round(scale * 100)} %`} onClick={() => canvas.current?.fit()}>
            {Math.round(scale * 100)} %
          </button>
          <Button kind="icon" icon="plus" label="Larger (+)" onClick={() => canvas.current?.zoom(1.25)} />
          <Button kind="icon" icon={isFull ? "small" : "full"} label={isFull ? "Leave full screen" : "Full screen"} onClick={() => setFull(!isFull)} />
          <MenuButton
            kind="icon"
            icon="dots"
            label="Direction, groups, export"
            items={[
              { label: "Top to bottom", checked: view.direction === "down", onPick: () => draw({ direction: "down" }) },
              { label: "Left to right", checked: view.direction === "right", onPick: () => draw({ direction: "right" }) },
              { label: "Fold all groups", line: true, disabled: view.groups.length < 2, onPick: () => draw({ folded: view.groups.map(({ name }) => name) }) },
              { label: "Unfold all groups", disabled: !view.groups.some(({ folded }) => folded), onPick: () => draw({ folded: [] }) },
              ...(view.selection === "" ? [] : [{ label: "Show all assets", onPick: () => draw({ selection: "" }) }]),
              { label: "Save as SVG", line: true, onPick: () => desk.host.save("lineage.svg", canvas.current?.picture() ?? "", "image/svg+xml") },
              { label: "Save as PNG", onPick: () => void exportPixels() },
              { label: "Save as DOT", onPick: () => void exportText("dot") },
              { label: "Save as Mermaid", onPick: () => void exportText("mmd") },
            ]}
          />
        </span>
      </div>
      {found !== null && found.problem !== null && <Note state="failed">{found.problem}</Note>}
      <div class="nb-split-view" data-beside={isBeside || undefined}>
        <GraphCanvas
          canvas={canvas}
          view={view}
          now={now}
          height={graphHeight}
          selected={selected}
          hits={hits}
          isFull={fills}
          onSelect={pick}
          onOpen={setOpened}
          onFold={fold}
          onHover={(key, anchor, isNow) => {
            const node = key === null ? undefined : view.nodes.find((known) => known.key === key);
            setTip(node === undefined || anchor === null ? null : { node, anchor }, isNow);
          }}
          onLook={setScale}
          onSearch={() => field.current?.focus()}
        />
        {opened !== null && <Side key={opened} asset={opened} height={isBeside && !fills ? height : null} node={view.nodes.find(({ key }) => key === opened)} onClose={() => pick(null, false)} />}
      </div>
      {tip !== null && <NodeTip node={tip.node} anchor={tip.anchor} now={now} onEnter={() => setTip(tip, true)} onLeave={() => setTip(null)} />}
      {chosen.size > 0 && (
        <div class="nb-action nb-small">
          <span>
            <b>{plural(chosen.size, "asset")}</b> {askDraw ? "found" : "selected"}
          </span>
          <span class="nb-push nb-row nb-gap-3">
            {askDraw && <Button onClick={() => draw({ selection: forKernel(text, chosen) })}>Show only these</Button>}
            <Button
              kind="main"
              icon="play"
              disabled={!desk.canRun}
              onClick={() => desk.propose({ selection: askDraw ? forKernel(text, chosen) : [...chosen].map(only).join(" or ") })}
            >
              {`Materialize ${chosen.size}`}
            </Button>
          </span>
        </div>
      )}
      <footer class="nb-foot nb-legend">
        <StateCounts counts={counts} />
        {view.caption !== "" && <span class="nb-push nb-2">{view.caption}</span>}
      </footer>
      {view.problems.map((problem) => (
        <Note key={problem} state="problem">
          {problem}
        </Note>
      ))}
      <Voice says={says} />
      {!fills && <ResizeHandle height={height} least={160} most={1200} onChange={setHeight} />}
    </section>
  );
}

const ATTENTION = "status:failed or status:checkfailed or status:stale";

function Side(props: { readonly asset: string; readonly height: number | null; readonly node: NodeFacts | undefined; readonly onClose: () => void }): JSX.Element {
  const desk = useDesk();
  // A state that changed means that more has: the panel is asked for anew.
  const [loaded, again] = useLoaded(() => desk.store.ask({ type: "fetch_asset", asset: props.asset }), [props.asset, props.node?.state, props.node?.at, props.node?.counts]);
  return (
    <aside class="nb-side" aria-label={props.asset} style={props.height === null ? {} : { height: `${props.height}px` }}>
      <Waiting loaded={loaded} what={props.asset} again={again}>
        {(result) =>
          result.type === "asset" ? (
            <AssetPanel view={result} isSide onClose={props.onClose} />
          ) : (
            <Note state="failed" onClose={props.onClose}>
              {result.type === "refused" ? result.text : "The kernel gave another answer."}
            </Note>
          )
        }
      </Waiting>
    </aside>
  );
}

/** What changed since the last drawing, as a sentence for those who hear it. */
function useChanges(nodes: readonly NodeFacts[]): string {
  const before = useRef(nodes);
  const [says, setSays] = useState("");
  useEffect(() => {
    const sentence = changesIn(before.current, nodes);
    before.current = nodes;
    if (sentence !== "") setSays(sentence);
  }, [nodes]);
  return says;
}

/** As tall as the drawing, up to what a cell output may take. */
function heightFor(view: LineageView): number {
  const drawn = /viewBox="0 0 [\d.]+ ([\d.]+)"/.exec(view.svg)?.[1];
  return Math.round(Math.max(180, Math.min(516, drawn === undefined ? 420 : Number(drawn))));
}
