// A view that lives in this page: the same one that a notebook cell shows, fed by the socket.

import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Link } from "../../client/link";
import type { Panel, Wanted } from "../../client/socket";
import type { Store } from "../../client/store";
import { createStore } from "../../client/store";
import type { Message, Panel as PanelData } from "../../client/wire.gen";
import { readMessage } from "../../client/wire.gen";
import { Note } from "../../ui/Notes";
import { Waiting } from "../../ui/Notes";
import type { Host } from "../../views/host";
import { Shell } from "../../views/Shell";
import { pathOf } from "../../client/route";
import { useSite } from "./context";
import { browserHost } from "./browser";

export interface LiveViewProps {
  readonly view: Wanted;
  readonly what: string;
  /** What is done with links to assets in place of opening them here. */
  readonly opensAssets?: "page" | "here";
  readonly keeps?: (panel: PanelData) => void;
}

export function LiveView(props: LiveViewProps): JSX.Element {
  const site = useSite();
  const asked = JSON.stringify(props.view);
  const [opened, setOpened] = useState<{ readonly asked: string; readonly store: Store } | null>(null);
  const [why, setWhy] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    setWhy(null);
    let store: Store | null = null;
    const panel: Panel = site.socket.open(props.view, setWhy);
    const first = panel.subscribe(
      (raw) => {
        if (store !== null) return;
        const whole = wholeOf(raw);
        if (whole === null) return;
        store = createStore(whole, panelLink(panel));
        setOpened({ asked, store });
        first();
      },
      () => undefined,
    );
    return () => {
      store?.close();
      panel.close();
      setOpened((old) => (old?.asked === asked ? null : old));
    };
  }, [asked, site.socket, round]);
  const host = useMemo(
    (): Host => ({
      ...browserHost,
      holder: "server",
      openRun: (run) => site.go(pathOf("runs", run)),
      ...(props.opensAssets === "here" ? {} : { openAsset: (key: string) => site.go(pathOf("assets", key)) }),
      assetPage: (key) => site.go(pathOf("assets", key)),
    }),
    [site.go, props.opensAssets],
  );
  if (why !== null) {
    return (
      <Note state="failed">
        {props.what} cannot be shown: {why}{" "}
        <button type="button" class="nb-link" onClick={() => setRound(round + 1)}>
          Try again
        </button>
      </Note>
    );
  }
  if (opened === null || opened.asked !== asked) return <Waiting loaded={{ state: "loading" }} what={props.what} again={() => undefined}>{() => <></>}</Waiting>;
  return <Shell key={asked} store={opened.store} host={host} />;
}

function panelLink(panel: Panel): Link {
  return { send: (message) => panel.send(message), subscribe: (listener, onLost) => panel.subscribe(listener, onLost) };
}

/** The panel in a first message, still as it came: the store reads it. */
function wholeOf(raw: unknown): unknown {
  let message: Message;
  try {
    message = readMessage(raw);
  } catch {
    return null;
  }
  return message.type === "replaced" && typeof raw === "object" && raw !== null && "panel" in raw ? raw.panel : null;
}
