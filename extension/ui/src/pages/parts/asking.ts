// What comes back from a mutation: a name of a type, and words where it was refused.

import { useCallback } from "preact/hooks";
import type { Document } from "../../client/graphql";
import { isFields } from "../../client/read";
import { useToast } from "../../ui/Toasts";
import { useAct } from "../frame/query";

/** Why an answer is a refusal, or null. The first field of the answer decides. */
export function refusalOf(data: unknown): string | null {
  if (!isFields(data)) return "The server answered nothing.";
  const [first] = Object.values(data);
  if (!isFields(first)) return null;
  const type = typeof first["__typename"] === "string" ? first["__typename"] : "";
  if (!/Error|NotFound|Invalid|NotSupported|Failure$|Conflict/.test(type)) return null;
  const errors = Array.isArray(first["errors"]) ? first["errors"] : [];
  const inner = errors.flatMap((one) => (isFields(one) && typeof one["message"] === "string" ? [one["message"]] : []));
  if (inner.length > 0) return inner.join(" ");
  return typeof first["message"] === "string" && first["message"] !== "" ? first["message"] : `Refused: ${type}.`;
}

/** Ask for something to be done; what was done is told, and so is a refusal. Null when it was not done. */
export function useDo(): <Data, Variables>(document: Document<Data, Variables>, variables: Variables, done?: string) => Promise<Data | null> {
  const act = useAct();
  const toast = useToast();
  return useCallback(
    async <Data, Variables>(document: Document<Data, Variables>, variables: Variables, done?: string) => {
      const data = await act(document, variables);
      if (data === null) return null;
      const refusal = refusalOf(data);
      if (refusal !== null) {
        toast(refusal, "failed");
        return null;
      }
      if (done !== undefined) toast(done, "fresh");
      return data;
    },
    [act, toast],
  );
}
