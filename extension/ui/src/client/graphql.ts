// Questions to the server in GraphQL. Documents come from `documents/*.graphql`, each with its types, written by generate_documents.py.

/** A question: its text, the types of what it is asked with and of what comes back, and the last answers, each by its variables. */
export interface Document<Data, Variables> {
  readonly name: string;
  readonly text: string;
  readonly kept: Map<string, Data>;
  /** For the compiler alone. */
  readonly asks?: (variables: Variables) => void;
}

const ANSWERS_KEPT = 30;

export function documentOf<Data, Variables>(name: string, text: string): Document<Data, Variables> {
  return { name, text, kept: new Map() };
}

/** Keep an answer for whoever comes back; the oldest goes when there are too many. */
export function keepAnswer<Data, Variables>(document: Document<Data, Variables>, key: string, data: Data): void {
  document.kept.delete(key);
  document.kept.set(key, data);
  const [oldest] = document.kept.keys();
  if (document.kept.size > ANSWERS_KEPT && oldest !== undefined) document.kept.delete(oldest);
}

export interface Server {
  /** What the server answers. Rejected with a `ServerError` when it refuses, or cannot be reached. */
  ask<Data, Variables>(document: Document<Data, Variables>, variables: Variables): Promise<Data>;
}

export type Failure = "unreachable" | "signed-out" | "refused";

export class ServerError extends Error {
  override readonly name = "ServerError";
  constructor(
    readonly kind: Failure,
    message: string,
  ) {
    super(message);
  }
}

interface Body<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly { readonly message: string }[];
}

/** What Jupyter Server wants to see of a page of its own, where it is in front. */
function pageProof(): Readonly<Record<string, string>> {
  const found = typeof document === "undefined" ? null : /(?:^|; )_xsrf=([^;]+)/.exec(document.cookie);
  return found?.[1] === undefined ? {} : { "x-xsrftoken": found[1] };
}

export function httpServer(base: string, send: typeof fetch = (input, init) => fetch(input, init)): Server {
  return {
    ask: async <Data, Variables>(document: Document<Data, Variables>, variables: Variables): Promise<Data> => {
      const query = { operationName: document.name, query: document.text, variables };
      let response: Response;
      try {
        response = await send(`${base}/graphql`, {
          method: "POST",
          credentials: "same-origin",
          headers: { "content-type": "application/json", accept: "application/json", ...pageProof() },
          body: JSON.stringify(query),
        });
      } catch {
        throw new ServerError("unreachable", "The server cannot be reached. Is `nbasset ui` still running?");
      }
      if (response.status === 401 || response.status === 403) throw new ServerError("signed-out", "The server asks for its token.");
      let body: Body<Data>;
      try {
        body = await response.json();
      } catch {
        throw new ServerError("refused", `The server answered ${response.status} and no data.`);
      }
      const [error] = body.errors ?? [];
      if (error !== undefined) throw new ServerError("refused", error.message);
      if (body.data === undefined || body.data === null) throw new ServerError("refused", `The server answered ${response.status} and no data.`);
      return body.data;
    },
  };
}
