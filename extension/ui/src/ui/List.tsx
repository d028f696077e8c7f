// Rows of equal height of which only those in sight exist.

import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

export interface ListProps {
  readonly count: number;
  readonly rowHeight: number;
  readonly height: number;
  readonly row: (index: number) => ComponentChildren;
  readonly label: string;
  readonly role?: "list" | "log" | "rowgroup";
  /** Keep the last row in sight while rows are added and the reader is at the end. */
  readonly follow?: boolean;
  /** Bring this row into sight. */
  readonly show?: number | null;
  readonly onFollow?: (isAtEnd: boolean) => void;
}

export function VirtualList(props: ListProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const total = props.count * props.rowHeight;
  const height = Math.min(props.height, Math.max(total, props.rowHeight));
  useLayoutEffect(() => {
    if (props.follow === true && box.current !== null) box.current.scrollTop = total;
  }, [total, props.follow]);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || props.show === null || props.show === undefined) return;
    const at = props.show * props.rowHeight;
    if (at < element.scrollTop || at + props.rowHeight > element.scrollTop + height) element.scrollTop = at - height / 2;
  }, [props.show]);
  const first = Math.max(0, Math.floor(top / props.rowHeight) - 6);
  const last = Math.min(props.count, Math.ceil((top + height) / props.rowHeight) + 6);
  return (
    <div
      ref={box}
      class="nb-list"
      role={props.role ?? "list"}
      aria-label={props.label}
      tabIndex={0}
      style={{ height: `${height}px` }}
      onScroll={(event) => {
        const element = event.currentTarget;
        setTop(element.scrollTop);
        props.onFollow?.(element.scrollTop + element.clientHeight >= element.scrollHeight - props.rowHeight);
      }}
    >
      <div role="presentation" style={{ height: `${total}px` }}>
        {Array.from({ length: Math.max(0, last - first) }, (_, at) => (
          <div
            key={first + at}
            role={(props.role ?? "list") === "list" ? "listitem" : undefined}
            style={{ top: `${(first + at) * props.rowHeight}px`, height: `${props.rowHeight}px` }}
          >
            {props.row(first + at)}
          </div>
        ))}
      </div>
    </div>
  );
}
