// Sentences about the view itself: loading, empty, failed, out of date; and a voice for those who do not see it.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { State } from "../client/wire.gen";
import { Button } from "./Button";
import { Glyph } from "./Glyph";
import type { Loaded } from "./hooks";

export function Note(props: { readonly state?: State; readonly children: ComponentChildren; readonly onClose?: () => void }): JSX.Element {
  return (
    <div class="nb-note" data-state={props.state}>
      {props.state !== undefined && <Glyph state={props.state} />}
      <span>{props.children}</span>
      {props.onClose !== undefined && (
        <span class="nb-push">
          <Button kind="icon" icon="x" label="Close" onClick={props.onClose} />
        </span>
      )}
    </div>
  );
}

/** Nothing to show: what to do next, in one line. */
export function Empty({ title, children }: { readonly title: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <div class="nb-empty">
      <div class="nb-strong">{title}</div>
      <p class="nb-small nb-2">{children}</p>
    </div>
  );
}

/** What has not come yet keeps the shape of what comes: bars after 300 ms, and a name for what it waits for after 2 s. */
export function Waiting<T>(props: {
  readonly loaded: Loaded<T>;
  readonly what: string;
  /** What it waits for, when that is no kernel. */
  readonly until?: string;
  readonly again: () => void;
  readonly children: (value: T) => JSX.Element;
}): JSX.Element {
  const { loaded } = props;
  const [shown, setShown] = useState<"nothing" | "bars" | "words">("nothing");
  useEffect(() => {
    if (loaded.state !== "loading") {
      setShown("nothing");
      return undefined;
    }
    const timers = [setTimeout(() => setShown("bars"), 300), setTimeout(() => setShown("words"), 2000)];
    return () => timers.forEach(clearTimeout);
  }, [loaded.state]);
  if (loaded.state === "done") return props.children(loaded.value);
  if (loaded.state === "failed") {
    return (
      <div class="nb-note" data-state="failed">
        <Glyph state="failed" />
        <span>
          {props.what} could not be read: {loaded.why}
        </span>
        <span class="nb-push">
          <Button icon="refresh" onClick={props.again}>
            Try again
          </Button>
        </span>
      </div>
    );
  }
  return (
    <div style={{ padding: "4px 12px", minHeight: "72px" }} aria-busy="true">
      {shown !== "nothing" && [90, 100, 64].map((width) => <span key={width} class="nb-bone" style={{ width: `${width}%` }} />)}
      {shown === "words" && <div class="nb-micro">reading {props.what}; {props.until ?? "the kernel answers when its cell is done"}</div>}
    </div>
  );
}

const TELL_EVERY_MS = 5_000;

/** Tells changes politely, at most once in five seconds: the newest sentence wins. */
export function Voice({ says }: { readonly says: string }): JSX.Element {
  const [said, setSaid] = useState("");
  const last = useRef(0);
  useEffect(() => {
    if (says === "" || says === said) return undefined;
    const wait = Math.max(0, last.current + TELL_EVERY_MS - performance.now());
    const timer = setTimeout(() => {
      last.current = performance.now();
      setSaid(says);
    }, wait);
    return () => clearTimeout(timer);
  }, [says]);
  return (
    <div class="nb-unseen" role="status" aria-live="polite">
      {said}
    </div>
  );
}
