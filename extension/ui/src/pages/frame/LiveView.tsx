// A view that lives in this page: the same one that a notebook cell shows, fed by the socket.

import type { JSX } from "preact";
import type { Wanted } from "../../client/socket";
import type { Panel } from "../../client/wire.gen";
import { Note, Waiting } from "../../ui/Notes";
import { Shell } from "../../views/Shell";
import type { HostWishes } from "./live";
import { useHost, useLive } from "./live";

export interface LiveViewProps extends HostWishes {
  readonly view: Wanted;
  /** What it shows, for the sentences about it. */
  readonly what: string;
  /** What is known before the view is there. */
  readonly meanwhile?: JSX.Element | null;
  /** In place of the view that the panel has. */
  readonly children?: ((panel: Panel) => JSX.Element) | undefined;
}

/** "The lineage" begins a sentence; inside one it is "the lineage". */
function lower(what: string): string {
  return what.startsWith("The ") ? `the ${what.slice(4)}` : what;
}

export function LiveView(props: LiveViewProps): JSX.Element {
  const { store, why, again } = useLive(props.view);
  const host = useHost(props);
  if (why !== null) {
    return (
      <section class="nb-card" role="group">
        <Note state="failed">
          {props.what} cannot be shown: {why}{" "}
          <button type="button" class="nb-link" onClick={again}>
            Try again
          </button>
        </Note>
      </section>
    );
  }
  if (store === null) {
    return (
      <section class="nb-card nb-live-wait" role="group">
        {props.meanwhile}
        <Waiting loaded={{ state: "loading" }} what={lower(props.what)} until="its code is being loaded" again={again}>
          {() => <></>}
        </Waiting>
      </section>
    );
  }
  return (
    <Shell store={store} host={host}>
      {props.children}
    </Shell>
  );
}
