// What stands around every page: navigation, search, messages, the state of the link. Pages are fetched when they are first shown.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Server } from "../../client/graphql";
import type { Place } from "../../client/route";
import { matchPath, placeOf } from "../../client/route";
import type { Socket, SocketState } from "../../client/socket";
import { Button } from "../../ui/Button";
import { Guard } from "../../ui/Guard";
import { Note } from "../../ui/Notes";
import { Toasts } from "../../ui/Toasts";
import type { Page } from "../registry";
import { MOVED, PAGES } from "../registry";
import type { Site } from "./context";
import { SiteContext } from "./context";
import { Help, useKeys } from "./Help";
import { InstanceFacts } from "./instance";
import { Nav } from "./Nav";
import { A } from "./route";
import { Search } from "./Search";

export function Frame(props: { readonly base: string; readonly server: Server; readonly socket: Socket }): JSX.Element {
  const { base, server, socket } = props;
  const [place, setPlace] = useState<Place>(() => placeOf(base, location));
  const go = useMemo(
    () =>
      (path: string, how: "push" | "replace" = "push"): void => {
        if (how === "push") history.pushState(null, "", `${base}${path}`);
        else history.replaceState(null, "", `${base}${path}`);
        setPlace(placeOf(base, location));
      },
    [base],
  );
  useEffect(() => {
    const back = (): void => setPlace(placeOf(base, location));
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, [base]);
  const moved = MOVED.find(({ from }) => from === place.path);
  useEffect(() => {
    if (moved !== undefined) go(`${moved.to}${location.search}`, "replace");
  }, [moved]);
  const site = useMemo((): Site => ({ base, server, socket, place, go }), [base, server, socket, place, go]);
  const [open, setOpen] = useState<"search" | "help" | null>(null);
  useKeys({ go, search: () => setOpen("search"), help: () => setOpen("help") });
  return (
    <SiteContext.Provider value={site}>
      <InstanceFacts>
        <Toasts>
          <div class="nb-site">
            <a class="nb-skip" href="#page" onClick={(event) => { event.preventDefault(); document.getElementById("page")?.focus(); }}>
              Skip to the page
            </a>
            <Nav onSearch={() => setOpen("search")} onHelp={() => setOpen("help")} />
            <main id="page" class="nb-main" tabIndex={-1}>
              <LinkState socket={socket} />
              {moved === undefined && <Shown place={place} />}
            </main>
            {open === "search" && <Search onClose={() => setOpen(null)} />}
            {open === "help" && <Help onClose={() => setOpen(null)} />}
          </div>
        </Toasts>
      </InstanceFacts>
    </SiteContext.Provider>
  );
}

/** The page of a place. While its code is on the way the page before stays. */
function Shown({ place }: { readonly place: Place }): JSX.Element {
  const found = find(place.path);
  const [shown, setShown] = useState<{ readonly path: string; readonly Page: Page } | null>(null);
  const [broken, setBroken] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  const last = useRef("");
  useEffect(() => {
    if (found === null) return undefined;
    let isWanted = true;
    setBroken(null);
    found.entry.load().then(
      (module) => isWanted && setShown({ path: found.entry.path, Page: module.default }),
      (error: unknown) => isWanted && setBroken(error instanceof Error ? error.message : String(error)),
    );
    return () => {
      isWanted = false;
    };
  }, [found?.entry, round]);
  useEffect(() => {
    if (last.current !== "" && last.current !== place.path) document.getElementById("page")?.scrollTo(0, 0);
    last.current = place.path;
  }, [place.path]);
  if (found === null) return <NoPage path={place.path} />;
  if (broken !== null) {
    return (
      <Note state="failed">
        This page could not be fetched: {broken}{" "}
        <button type="button" class="nb-link" onClick={() => setRound(round + 1)}>
          Try again
        </button>
      </Note>
    );
  }
  if (shown === null) return <div class="nb-page" aria-busy="true" />;
  const params = shown.path === found.entry.path ? found.params : (matchPath(shown.path, place.path) ?? new Map<string, string>());
  if (shown.path !== found.entry.path) return <div class="nb-page" aria-busy="true" />;
  return (
    <Guard what="page" box="nb-page" key={place.path}>
      <shown.Page params={params} />
    </Guard>
  );
}

function find(path: string): { readonly entry: (typeof PAGES)[number]; readonly params: ReadonlyMap<string, string> } | null {
  for (const entry of PAGES) {
    const params = matchPath(entry.path, path);
    if (params !== null) return { entry, params };
  }
  return null;
}

function NoPage({ path }: { readonly path: string }): JSX.Element {
  return (
    <PageHead title="No such page">
      <p>
        There is nothing at <span class="nb-mono">{path}</span>. Go to the <A to="/assets">catalogue</A>, or press <kbd>/</kbd> and type what you look for.
      </p>
    </PageHead>
  );
}

/** The head of a page: a line above, the title, what can be done; then the page itself. */
export function PageHead(props: {
  readonly title: string;
  readonly shown?: ComponentChildren;
  /** Beside the title: how it stands. */
  readonly beside?: ComponentChildren;
  readonly above?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly children?: ComponentChildren;
  /** The page is as tall as the window; what is inside scrolls for itself. */
  readonly fills?: boolean;
}): JSX.Element {
  useEffect(() => {
    document.title = `${props.title} · nbasset`;
  }, [props.title]);
  return (
    <div class="nb-page" data-fills={props.fills || undefined}>
      <header class="nb-ph">
        <div class="nb-ph-words">
          <div class="nb-micro nb-ph-above">{props.above}</div>
          <div class="nb-row nb-wrap nb-ph-title">
            <h1>{props.shown ?? props.title}</h1>
            {props.beside !== undefined && <div class="nb-row nb-wrap nb-small nb-ph-beside">{props.beside}</div>}
          </div>
        </div>
        {props.actions !== undefined && <div class="nb-push nb-row nb-gap-3 nb-wrap nb-ph-actions">{props.actions}</div>}
      </header>
      {props.children}
    </div>
  );
}

/** Says when the link is lost, after a moment: one that comes back at once is not worth a word. */
function LinkState({ socket }: { readonly socket: Socket }): JSX.Element | null {
  const [state, setState] = useState<SocketState>(socket.state());
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    setState(socket.state());
    return socket.onState(setState);
  }, [socket]);
  useEffect(() => {
    setLong(false);
    if (state === "live") return undefined;
    const timer = setTimeout(() => setLong(true), state === "lost" ? 800 : 3_000);
    return () => clearTimeout(timer);
  }, [state]);
  if (state === "live" || !isLong) return null;
  return (
    <div class="nb-banner" role="status" data-state="warned">
      The link to the server is lost. What is shown may be out of date; it is tried again by itself.
      <Button onClick={() => location.reload()} icon="refresh">
        Reload
      </Button>
    </div>
  );
}
