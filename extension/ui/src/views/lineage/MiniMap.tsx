// All of the drawing in a corner, with a frame around what is in sight. Drag the frame, or click where to look.

import type { JSX } from "preact";
import { useMemo, useRef } from "preact/hooks";
import type { NodeFacts } from "../../client/wire.gen";
import type { Size } from "../../ui/hooks";
import type { Drawing } from "./drawing";
import type { Look } from "./viewport";

const WIDEST = 132;
const TALLEST = 88;

export function MiniMap(props: {
  readonly drawing: Drawing;
  readonly nodes: readonly NodeFacts[];
  readonly look: Look;
  readonly view: Size;
  readonly onMove: (look: Look) => void;
}): JSX.Element {
  const isDown = useRef(false);
  const { bounds } = props.drawing;
  const { look, view } = props;
  const scale = Math.min(WIDEST / bounds.width, TALLEST / bounds.height);
  const [width, height] = [bounds.width * scale, bounds.height * scale];
  const frame = {
    x: (-look.x / look.scale - bounds.x) * scale,
    y: (-look.y / look.scale - bounds.y) * scale,
    width: (view.width / look.scale) * scale,
    height: (view.height / look.scale) * scale,
  };
  // Moving about draws the frame only; a thousand nodes would be felt.
  const shapes = useMemo(
    () =>
      props.drawing.nodes.map(({ key, box, element }) => (
        <rect
          key={key}
          data-state={element.getAttribute("data-state")}
          x={(box.x - bounds.x) * scale}
          y={(box.y - bounds.y) * scale}
          width={Math.max(1.5, box.width * scale)}
          height={Math.max(1, box.height * scale)}
        />
      )),
    [props.drawing, props.nodes, scale],
  );
  const go = (event: PointerEvent & { readonly currentTarget: SVGSVGElement }): void => {
    const at = event.currentTarget.getBoundingClientRect();
    const x = (event.clientX - at.left) / scale + bounds.x;
    const y = (event.clientY - at.top) / scale + bounds.y;
    props.onMove({ scale: look.scale, x: view.width / 2 - x * look.scale, y: view.height / 2 - y * look.scale });
  };
  return (
    <svg
      class="nb-minimap"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      aria-hidden="true"
      onPointerDown={(event) => {
        event.stopPropagation();
        isDown.current = true;
        event.currentTarget.setPointerCapture(event.pointerId);
        go(event);
      }}
      onPointerMove={(event) => {
        event.stopPropagation();
        if (isDown.current) go(event);
      }}
      onPointerUp={(event) => {
        event.stopPropagation();
        isDown.current = false;
      }}
    >
      {shapes}
      <path
        class="nb-shade"
        fill-rule="evenodd"
        d={`M0 0H${width}V${height}H0ZM${frame.x} ${frame.y}h${frame.width}v${frame.height}h${-frame.width}Z`}
      />
      <rect class="nb-window" {...frame} />
    </svg>
  );
}
