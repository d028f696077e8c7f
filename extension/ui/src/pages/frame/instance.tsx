// What the whole site knows of its server: asked once, for the navigation and for whatever may be off because this server only shows.

import type { ComponentChildren, JSX } from "preact";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { InstanceData } from "../../client/documents/frame.gen";
import { InstanceDocument } from "../../client/documents/frame.gen";
import { useQuery } from "./query";

const InstanceContext = createContext<InstanceData | null>(null);

export function InstanceFacts({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const { data } = useQuery(InstanceDocument, {}, { on: ({ runs, other }) => runs.length > 0 || other.length > 0 });
  return <InstanceContext.Provider value={data}>{children}</InstanceContext.Provider>;
}

/** Null until it is known. */
export function useInstance(): InstanceData | null {
  return useContext(InstanceContext);
}

/** Why nothing can be started or changed here; undefined where it can. */
export function useWhyNot(): string | undefined {
  const refused = useInstance()?.permissions.find(({ value }) => !value);
  if (refused === undefined) return undefined;
  const reason = refused.disabledReason ?? "this server only shows";
  return `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`;
}
