// Asking the server from a page. What was answered before stands until the new answer comes, so that a page never goes blank; what the
// socket tells makes a question be asked again, at most once a second, and only while somebody looks.

import type { JSX } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Document } from "../../client/graphql";
import { keepAnswer, ServerError } from "../../client/graphql";
import type { Changed } from "../../client/socket";
import type { Loaded } from "../../ui/hooks";
import { useLatest } from "../../ui/hooks";
import { Waiting } from "../../ui/Notes";
import { useToast } from "../../ui/Toasts";
import { useSite } from "./context";

export interface Query<Data> {
  /** The newest answer; null while there is none. */
  readonly data: Data | null;
  readonly error: string | null;
  readonly isLoading: boolean;
  again(): void;
}

export interface QueryOptions {
  /** Whether a change makes it worth asking again; any change does, unless it says otherwise. */
  readonly on?: (changed: Changed) => boolean;
  /** Do not ask now. */
  readonly skip?: boolean;
  /** Let the last answer stand while the question is asked with other variables. */
  readonly keep?: boolean;
}

interface Current<Data> {
  readonly key: string;
  readonly error: string | null;
  readonly isLoading: boolean;
  readonly data: Data | null;
}

const LEAST_PAUSE_MS = 1_000;

export function useQuery<Data, Variables>(document: Document<Data, Variables>, variables: Variables, options: QueryOptions = {}): Query<Data> {
  const { server, socket } = useSite();
  const key = JSON.stringify(variables);
  const [, draw] = useState(0);
  const [round, setRound] = useState(0);
  const state = useRef<Current<Data>>({ key: "", error: null, isLoading: false, data: null });
  const latest = useLatest({ options, variables });
  if (state.current.key !== key) {
    // The answer with other variables stands until the new one is there, if the page wants it so.
    const old = options.keep === true ? state.current.data : null;
    state.current = { key, error: null, isLoading: options.skip !== true, data: document.kept.get(key) ?? old };
  }
  useEffect(() => {
    if (options.skip === true) return undefined;
    let isNewest = true;
    state.current = { ...state.current, isLoading: true };
    draw((old) => old + 1);
    server.ask(document, latest.current.variables).then(
      (data) => {
        keepAnswer(document, key, data);
        if (!isNewest) return;
        state.current = { key, error: null, isLoading: false, data };
        draw((old) => old + 1);
      },
      (error: unknown) => {
        if (!isNewest) return;
        state.current = { ...state.current, isLoading: false, error: wordsOf(error) };
        draw((old) => old + 1);
      },
    );
    return () => {
      isNewest = false;
    };
  }, [key, round, options.skip === true, server]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    let asked = 0;
    const again = (): void => {
      timer = null;
      if (window.document.hidden) return;
      asked = performance.now();
      setRound((old) => old + 1);
    };
    let isDue = false;
    const stop = socket.onChange((changed) => {
      const { on } = latest.current.options;
      if (!isEverything(changed) && on !== undefined && !on(changed)) return;
      isDue = window.document.hidden;
      timer ??= setTimeout(again, Math.max(60, asked + LEAST_PAUSE_MS - performance.now()));
    });
    const seen = (): void => {
      if (!window.document.hidden && isDue) again();
      isDue = false;
    };
    window.document.addEventListener("visibilitychange", seen);
    return () => {
      stop();
      if (timer !== null) clearTimeout(timer);
      window.document.removeEventListener("visibilitychange", seen);
    };
  }, [socket]);
  const again = useCallback(() => setRound((old) => old + 1), []);
  return { data: state.current.data, error: state.current.error, isLoading: state.current.isLoading, again };
}

/** Ask for something to be done. A failure is told and gives null. */
export function useAct(): <Data, Variables>(document: Document<Data, Variables>, variables: Variables) => Promise<Data | null> {
  const { server } = useSite();
  const toast = useToast();
  return useCallback(
    async <Data, Variables>(document: Document<Data, Variables>, variables: Variables) => {
      try {
        return await server.ask(document, variables);
      } catch (error) {
        toast(wordsOf(error), "failed");
        return null;
      }
    },
    [server, toast],
  );
}

/** What a query brings; until then the shape of it, and when it failed, why. */
export function Await<Data>(props: { readonly query: Query<Data>; readonly what: string; readonly children: (data: Data) => JSX.Element }): JSX.Element {
  const { query } = props;
  const loaded: Loaded<Data> =
    query.data !== null ? { state: "done", value: query.data } : query.error !== null ? { state: "failed", why: query.error } : { state: "loading" };
  return (
    <>
      <Waiting loaded={loaded} what={props.what} until="the server loads the code when it is first asked" again={query.again}>
        {props.children}
      </Waiting>
      {query.data !== null && query.error !== null && <Stale why={query.error} again={query.again} />}
    </>
  );
}

function Stale({ why, again }: { readonly why: string; readonly again: () => void }): JSX.Element {
  return (
    <div class="nb-note nb-page-stale" data-state="warned" role="status">
      <span>{why} What is shown is the last that was read.</span>
      <button type="button" class="nb-link nb-push" onClick={again}>
        Try again
      </button>
    </div>
  );
}

export function wordsOf(error: unknown): string {
  if (error instanceof ServerError) return error.message;
  return error instanceof Error ? error.message : String(error);
}

function isEverything(changed: Changed): boolean {
  return changed.other.includes("*");
}
