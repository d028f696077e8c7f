// Where the reader is: all of it is in the address, so that a link shows the same and the way back works.

import type { ComponentChildren, JSX } from "preact";
import { useCallback } from "preact/hooks";
import type { Place } from "../../client/route";
import { withParams } from "../../client/route";
import { useSite } from "./context";

export interface PageProps {
  /** What the pattern of the page found in the path. */
  readonly params: ReadonlyMap<string, string>;
}

export function useRoute(): Place {
  return useSite().place;
}

/** One parameter of the view, kept in the address; the `otherwise` value is not written there. */
export function useParam(name: string, otherwise: string): readonly [string, (value: string, how?: "push" | "replace") => void] {
  const { place, go } = useSite();
  const set = useCallback(
    (value: string, how: "push" | "replace" = "push") => go(withParams(place, { [name]: value === otherwise ? null : value }), how),
    [place, go, name, otherwise],
  );
  return [place.query.get(name) ?? otherwise, set];
}

export function useGo(): (path: string, how?: "push" | "replace") => void {
  return useSite().go;
}

/** A link inside the site; with a modifier key the browser does what it always does. */
export function A(props: { readonly to: string; readonly children: ComponentChildren; readonly class?: string; readonly title?: string | undefined; readonly current?: boolean }): JSX.Element {
  const { base, go } = useSite();
  return (
    <a
      href={`${base}${props.to}`}
      class={props.class}
      title={props.title}
      aria-current={props.current === true ? "page" : undefined}
      onClick={(event) => {
        if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        go(props.to);
      }}
    >
      {props.children}
    </a>
  );
}
