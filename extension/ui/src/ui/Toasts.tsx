// Sentences that come up in a corner and go by themselves: what was done, what was refused. Failures stay until they are closed.

import type { ComponentChildren, JSX } from "preact";
import { createContext } from "preact";
import { useCallback, useContext, useEffect, useState } from "preact/hooks";
import type { State } from "../client/wire.gen";
import { Button } from "./Button";
import { Glyph } from "./Glyph";

export interface Toast {
  readonly id: number;
  readonly text: ComponentChildren;
  readonly state: State | null;
}

export type Tell = (text: ComponentChildren, state?: State) => void;

const TellContext = createContext<Tell>(() => undefined);
const SHOWN_MS = 6_000;
const MOST = 4;

export function useToast(): Tell {
  return useContext(TellContext);
}

/** Everything inside can tell. */
export function Toasts({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const tell = useCallback<Tell>((text, state) => {
    setToasts((old) => [...old, { id: (old.at(-1)?.id ?? 0) + 1, text, state: state ?? null }].slice(-MOST));
  }, []);
  const close = useCallback((id: number) => setToasts((old) => old.filter((toast) => toast.id !== id)), []);
  return (
    <TellContext.Provider value={tell}>
      {children}
      <div class="nb-toasts" role="region" aria-live="polite" aria-label="Messages">
        {toasts.map((toast) => (
          <ToastCard key={toast.id} toast={toast} onClose={close} />
        ))}
      </div>
    </TellContext.Provider>
  );
}

function ToastCard({ toast, onClose }: { readonly toast: Toast; readonly onClose: (id: number) => void }): JSX.Element {
  const stays = toast.state === "failed";
  const [isHeld, setHeld] = useState(false);
  useEffect(() => {
    if (stays || isHeld) return undefined;
    const timer = setTimeout(() => onClose(toast.id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [stays, isHeld]);
  return (
    <div class="nb-toast" data-state={toast.state ?? undefined} onPointerEnter={() => setHeld(true)} onPointerLeave={() => setHeld(false)}>
      {toast.state !== null && <Glyph state={toast.state} />}
      <span>{toast.text}</span>
      <Button kind="icon" icon="x" label="Close" onClick={() => onClose(toast.id)} />
    </div>
  );
}
