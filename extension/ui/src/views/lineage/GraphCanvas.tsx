// The drawing in its window: pan, zoom, keys, pointer. It owns where one looks and which node has the focus; nothing else.

import type { JSX } from "preact";
import { useEffect, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Ref } from "preact";
import type { LineageView } from "../../client/wire.gen";
import { useLatest, useSize } from "../../ui/hooks";
import type { DrawnNode } from "./drawing";
import { definitions, light, patchGroup, patchNode, readDrawing } from "./drawing";
import { pictureOf } from "./export";
import { MiniMap } from "./MiniMap";
import { inOrder, isArrow, step } from "./walk";
import type { Look } from "./viewport";
import { detail, fitted, kept, moved, opened, showing, zoomed } from "./viewport";
import { countNodes, wordsOf } from "./words";

export interface Canvas {
  zoom(factor: number): void;
  fit(): void;
  /** Bring a node to the middle and give it the focus. */
  show(key: string, takeFocus: boolean): void;
  /** The drawing as it stands, as text of a file. */
  picture(): string;
}

export interface CanvasProps {
  readonly canvas: Ref<Canvas>;
  readonly view: LineageView;
  readonly now: number;
  /** In pixels; null takes the height there is. */
  readonly height: number | null;
  readonly selected: ReadonlySet<string>;
  readonly hits: ReadonlySet<string>;
  readonly isFull: boolean;
  readonly onSelect: (key: string | null, adds: boolean) => void;
  readonly onOpen: (key: string) => void;
  readonly onFold: (group: string, fold: boolean) => void;
  readonly onHover: (key: string | null, anchor: DOMRect | null, now: boolean) => void;
  readonly onLook: (scale: number) => void;
  readonly onSearch: () => void;
}

export function GraphCanvas(props: CanvasProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  const size = useSize(box, { width: 426, height: props.height ?? 400 });
  const drawing = useMemo(() => readDrawing(props.view.svg), [props.view.svg]);
  const [look, setLook] = useState<Look | null>(null);
  const [focus, setFocus] = useState<string | null>(null);
  const latest = useLatest({ ...props, drawing, size, look, focus });
  const patched = useRef(new WeakMap<DrawnNode, string>());
  const before = useRef({ drawing, width: size.width });
  const shown = look ?? opened(drawing.bounds, size);
  const turn = (next: Look): void => setLook(kept(next, drawing.bounds, size));

  useLayoutEffect(() => {
    const host = svg.current;
    if (host === null) return undefined;
    host.append(definitions(), drawing.root);
    return () => host.replaceChildren();
  }, [drawing]);

  useLayoutEffect(() => {
    const facts = new Map(props.view.nodes.map((node) => [node.key, node]));
    for (const drawn of drawing.nodes) {
      const node = facts.get(drawn.key);
      if (node !== undefined) {
        const words = wordsOf(node, props.now);
        const said = `${words.state} ${words.label}`;
        if (patched.current.get(drawn) === said) continue;
        patched.current.set(drawn, said);
        patchNode(drawn, node, words);
      } else if (drawn.group !== null) patchGroup(drawn, countNodes(props.view.nodes.filter((member) => member.group === drawn.group)));
    }
  }, [drawing, props.view.nodes, props.now]);

  // A panel that opens beside the graph takes its room: what one reads stays as large as it was, and what is chosen in sight.
  useLayoutEffect(() => {
    const { drawing: old, width } = before.current;
    before.current = { drawing, width: size.width };
    if (old !== drawing || size.width === width) return;
    const [first] = props.selected;
    const was = look ?? opened(drawing.bounds, { ...size, width });
    const node = drawing.nodes[drawing.at.get(first ?? "") ?? -1];
    if (size.width < width && node !== undefined) setLook(kept(showing(was, node.box, size, false), drawing.bounds, size));
    else if (node === undefined) setLook(null);
  }, [size.width, drawing]);

  useLayoutEffect(() => light(drawing, props.selected, props.hits), [drawing, props.selected, props.hits]);

  useLayoutEffect(() => {
    drawing.root.setAttribute("transform", `translate(${Math.round(shown.x) + 0.5} ${Math.round(shown.y) + 0.5}) scale(${shown.scale})`);
    svg.current?.style.setProperty("--nb-zoom", String(shown.scale));
  }, [drawing, shown]);
  useEffect(() => props.onLook(shown.scale), [shown.scale]);

  useLayoutEffect(() => {
    const first = focus !== null && drawing.at.has(focus) ? focus : (drawing.nodes[inOrder(drawing, props.view.direction)[0] ?? 0]?.key ?? null);
    for (const node of drawing.nodes) node.element.setAttribute("tabindex", node.key === first ? "0" : "-1");
  }, [drawing, focus]);

  const show = (key: string, takeFocus: boolean, centre = true): void => {
    const node = drawing.nodes[drawing.at.get(key) ?? drawing.at.get(`group:${props.view.nodes.find((known) => known.key === key)?.group ?? ""}`) ?? -1];
    if (node === undefined) return;
    turn(showing(shown, node.box, size, centre));
    setFocus(node.key);
    if (takeFocus) node.element.focus({ preventScroll: true });
  };
  useImperativeHandle(props.canvas, () => ({
    zoom: (factor) => turn(zoomed(shown, factor, size.width / 2, size.height / 2)),
    fit: () => setLook(fitted(drawing.bounds, size)),
    show,
    picture: () => pictureOf(svg.current, drawing.bounds),
  }));

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const wheel = (event: WheelEvent): void => {
      const { size: now, look: where, drawing: drawn, isFull } = latest.current;
      const from = where ?? opened(drawn.bounds, now);
      if (!event.ctrlKey && !event.metaKey && !isFull) return;
      event.preventDefault();
      const frame = element.getBoundingClientRect();
      const next =
        event.ctrlKey || event.metaKey
          ? zoomed(from, Math.exp(-event.deltaY / 300), event.clientX - frame.left, event.clientY - frame.top)
          : moved(from, -event.deltaX, -event.deltaY);
      setLook(kept(next, drawn.bounds, now));
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, []);

  const drag = usePan(shown, turn);
  const nodeOf = (target: EventTarget | null): DrawnNode | null => {
    const element = target instanceof Element ? target.closest("g.node") : null;
    return drawing.nodes[drawing.at.get(element?.getAttribute("data-key") ?? "") ?? -1] ?? null;
  };
  const open = (node: DrawnNode, adds: boolean): void => {
    setFocus(node.key);
    if (node.group !== null) props.onFold(node.group, false);
    else if (adds) props.onSelect(node.key, true);
    else {
      props.onSelect(node.key, false);
      props.onOpen(node.key);
    }
  };

  return (
    <div
      ref={box}
      class="nb-graph"
      style={props.height === null ? {} : { height: `${props.height}px` }}
      data-detail={detail(shown.scale)}
      onPointerDown={(event) => {
        if (nodeOf(event.target) === null) drag.start(event);
      }}
      onPointerMove={(event) => {
        if (drag.move(event)) return;
        const node = nodeOf(event.target);
        props.onHover(node?.key ?? null, node?.element.getBoundingClientRect() ?? null, false);
      }}
      onPointerLeave={() => props.onHover(null, null, false)}
      onPointerUp={(event) => {
        const wasDrag = drag.end(event);
        const node = nodeOf(event.target);
        if (node !== null) open(node, event.shiftKey || event.ctrlKey || event.metaKey);
        else if (!wasDrag) clickGround(event, drawing.groups, props);
      }}
    >
      <svg
        ref={svg}
        class="nb-lineage"
        role="tree"
        aria-multiselectable="true"
        aria-label={`${props.view.title}, ${props.view.nodes.length} assets`}
        width={size.width}
        height={props.height ?? size.height}
        onKeyDown={(event) => {
          const node = nodeOf(event.target);
          if (node === null) return;
          const at = drawing.at.get(node.key) ?? 0;
          const to = (index: number): void => show(drawing.nodes[index]?.key ?? node.key, true, false);
          const order = inOrder(drawing, props.view.direction);
          if (isArrow(event.key)) to(step(drawing, at, event.key, props.view.direction));
          else if (event.key === "Home") to(order[0] ?? at);
          else if (event.key === "End") to(order.at(-1) ?? at);
          else if (event.key === "Enter") open(node, event.shiftKey);
          else if (event.key === " ") props.onSelect(node.key, true);
          else if (event.key === "Escape") props.onSelect(null, false);
          else if (event.key === "+" || event.key === "=") turn(zoomed(shown, 1.25, size.width / 2, size.height / 2));
          else if (event.key === "-") turn(zoomed(shown, 0.8, size.width / 2, size.height / 2));
          else if (event.key === "0") setLook(fitted(drawing.bounds, size));
          else if (event.key === "/") props.onSearch();
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
        onFocusIn={(event) => {
          const node = nodeOf(event.target);
          if (node === null) return;
          setFocus(node.key);
          if (node.element.matches(":focus-visible")) props.onHover(node.key, node.element.getBoundingClientRect(), false);
        }}
        onFocusOut={() => props.onHover(null, null, true)}
      />
      {(shown.scale * drawing.bounds.width > size.width + 40 || shown.scale * drawing.bounds.height > size.height + 40) && (
        <MiniMap drawing={drawing} nodes={props.view.nodes} look={shown} view={size} onMove={turn} />
      )}
    </div>
  );
}

function clickGround(event: PointerEvent, groups: readonly { readonly name: string; readonly element: SVGElement }[], props: CanvasProps): void {
  const label = event.target instanceof Element ? event.target.closest("text.gn") : null;
  const group = groups.find(({ element }) => element === label);
  if (group !== undefined) props.onFold(group.name, true);
  else props.onSelect(null, false);
}

/** Dragging the ground moves the picture; a press that does not move is a click. */
function usePan(look: Look, turn: (look: Look) => void): {
  start(event: PointerEvent & { readonly currentTarget: HTMLElement }): void;
  move(event: PointerEvent): boolean;
  end(event: PointerEvent): boolean;
} {
  const from = useRef<{ readonly x: number; readonly y: number; readonly look: Look; isDrag: boolean } | null>(null);
  return {
    start: (event) => {
      if (event.button !== 0) return;
      from.current = { x: event.clientX, y: event.clientY, look, isDrag: false };
    },
    move: (event) => {
      const start = from.current;
      if (start === null) return false;
      const [dx, dy] = [event.clientX - start.x, event.clientY - start.y];
      if (!start.isDrag && Math.hypot(dx, dy) > 4) {
        start.isDrag = true;
        if (event.currentTarget instanceof Element) event.currentTarget.setPointerCapture(event.pointerId);
      }
      if (start.isDrag) turn(moved(start.look, dx, dy));
      return start.isDrag;
    },
    end: () => {
      const wasDrag = from.current?.isDrag ?? false;
      from.current = null;
      return wasDrag;
    },
  };
}
