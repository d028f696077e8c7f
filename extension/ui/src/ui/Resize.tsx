// A handle at the foot of a card: drag it or use the arrow keys.

import type { JSX } from "preact";
import { useRef } from "preact/hooks";

export function ResizeHandle(props: {
  readonly height: number;
  readonly least: number;
  readonly most: number;
  readonly onChange: (height: number) => void;
}): JSX.Element {
  const drag = useRef<{ readonly y: number; readonly height: number } | null>(null);
  const set = (height: number): void => props.onChange(Math.round(Math.max(props.least, Math.min(props.most, height))));
  return (
    <div
      class="nb-resize"
      role="separator"
      aria-orientation="horizontal"
      aria-label="Height"
      aria-valuenow={props.height}
      aria-valuemin={props.least}
      aria-valuemax={props.most}
      tabIndex={0}
      onKeyDown={(event) => {
        const by = { ArrowDown: 24, ArrowUp: -24 }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        set(props.height + by);
      }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        drag.current = { y: event.clientY, height: props.height };
      }}
      onPointerMove={(event) => {
        if (drag.current !== null) set(drag.current.height + event.clientY - drag.current.y);
      }}
      onPointerUp={() => {
        drag.current = null;
      }}
    />
  );
}
