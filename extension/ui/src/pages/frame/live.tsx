// Panels of this page: opened while something shows them, closed with it. After a cut they go on from where they were.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Link } from "../../client/link";
import { pathOf, withParams } from "../../client/route";
import type { Panel, Wanted } from "../../client/socket";
import type { Store } from "../../client/store";
import { createStore } from "../../client/store";
import { readMessage } from "../../client/wire.gen";
import { Dialog } from "../../ui/Dialog";
import type { Host } from "../../views/host";
import { browserHost } from "./browser";
import { useSite } from "./context";

export interface Live {
  /** Null until the panel is there. */
  readonly store: Store | null;
  /** Why there is none. */
  readonly why: string | null;
  again(): void;
}

export function useLive(view: Wanted): Live {
  const { socket } = useSite();
  const asked = JSON.stringify(view);
  const [opened, setOpened] = useState<{ readonly asked: string; readonly store: Store } | null>(null);
  const [why, setWhy] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    setWhy(null);
    let store: Store | null = null;
    const panel: Panel = socket.open(view, (text) => {
      setWhy(text);
      setOpened(null);
    });
    const stop = panel.subscribe(
      (raw) => {
        const whole = store === null ? wholeOf(raw) : null;
        if (whole === null) return;
        store = createStore(whole, linkOf(panel));
        setOpened({ asked, store });
        stop();
      },
      () => undefined,
    );
    return () => {
      store?.close();
      panel.close();
    };
  }, [asked, socket, round]);
  return { store: opened?.asked === asked ? opened.store : null, why, again: () => setRound((old) => old + 1) };
}

export interface HostWishes {
  /** Links to assets open them here, beside what is shown, not on their page. */
  readonly opensHere?: boolean;
  readonly fills?: boolean;
  /** Keep the state of the view in the address, under names that begin so. */
  readonly keeps?: string;
}

/** What the site offers to views. */
export function useHost(wishes: HostWishes): Host {
  const { go, place } = useSite();
  return useMemo((): Host => {
    const toAsset = (key: string): void => go(pathOf("assets", key));
    const { keeps } = wishes;
    return {
      ...browserHost,
      holder: "server",
      fills: wishes.fills ?? false,
      openRun: (run) => go(pathOf("runs", run)),
      ...(wishes.opensHere === true ? { assetPage: toAsset } : { openAsset: toAsset }),
      answerFrame: AnswerDialog,
      ...(keeps === undefined
        ? {}
        : {
            kept: {
              read: (name: string) => place.query.get(`${keeps}${name}`),
              write: (name: string, value: string | null) => go(withParams(place, { [`${keeps}${name}`]: value }), "replace"),
            },
          }),
    };
  }, [go, place, wishes.opensHere, wishes.fills, wishes.keeps]);
}

function AnswerDialog(props: { readonly title: string; readonly children: ComponentChildren; readonly onClose: () => void }): JSX.Element {
  return (
    <Dialog title={props.title} onClose={props.onClose} wide>
      {props.children}
    </Dialog>
  );
}

function linkOf(panel: Panel): Link {
  return { send: (message) => panel.send(message), subscribe: (listener, onLost) => panel.subscribe(listener, onLost) };
}

/** The panel in a first message, still as it came: the store reads it. */
function wholeOf(raw: unknown): unknown {
  try {
    if (readMessage(raw).type !== "replaced") return null;
  } catch (error) {
    console.error("nbasset: a view could not be read", error);
    return null;
  }
  return typeof raw === "object" && raw !== null && "panel" in raw ? raw.panel : null;
}
