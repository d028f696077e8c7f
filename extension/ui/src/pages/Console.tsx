// Questions to the server by hand: a query, its variables, the answer. Names are completed from what the server says of itself.

import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { documentOf } from "../client/graphql";
import { Button } from "../ui/Button";
import { Editor } from "../ui/Editor";
import { duration } from "../ui/format";
import { jsonLines, queryLines } from "../ui/markup";
import { Note } from "../ui/Notes";
import { MenuButton } from "../ui/Pop";
import type { SchemaFacts } from "./console/complete";
import { complete, factsOf, INTROSPECTION } from "./console/complete";
import { EXAMPLES, operationOf, variablesOf } from "./console/text";
import { useSite } from "./frame/context";
import { PageHead } from "./frame/Frame";
import { wordsOf } from "./frame/query";
import { useParam } from "./frame/route";

const KEPT = "nbasset-console";
const SchemaDocument = documentOf<unknown, Record<string, never>>("Schema", INTROSPECTION);

interface Asked {
  readonly answer: string;
  readonly seconds: number;
  readonly problem: string | null;
}

export default function Console(): JSX.Element {
  const { server } = useSite();
  const [shared, share] = useParam("query", "");
  const [given, setGiven] = useParam("variables", "");
  const [text, setText] = useState(() => (shared === "" ? (kept() ?? EXAMPLES[0]?.text ?? "") : shared));
  const [variables, setVariables] = useState(given);
  const [schema, setSchema] = useState<SchemaFacts | null>(null);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    server.ask(SchemaDocument, {}).then(
      (data) => setSchema(factsOf(data)),
      () => undefined, // Without it names are not completed; everything else works.
    );
  }, [server]);
  const parsed = useMemo(() => variablesOf(variables), [variables]);
  const run = async (): Promise<void> => {
    if (parsed.problem !== null || isBusy) return;
    setBusy(true);
    keep(text);
    const begun = performance.now();
    const document = documentOf<unknown, unknown>(operationOf(text), text);
    try {
      const data = await server.ask(document, parsed.value);
      setAsked({ answer: JSON.stringify(data, null, 2), seconds: (performance.now() - begun) / 1000, problem: null });
    } catch (error) {
      setAsked({ answer: "", seconds: (performance.now() - begun) / 1000, problem: wordsOf(error) });
    }
    setBusy(false);
  };
  return (
    <PageHead
      title="GraphQL"
      above="The interface that scripts and other tools use"
      actions={
        <>
          <MenuButton after="down" items={EXAMPLES.map(({ name, text: example }) => ({ label: name, onPick: () => setText(example) }))}>
            Examples
          </MenuButton>
          <Button
            icon="link"
            onClick={() => {
              share(text, "replace");
              if (variables !== "") setGiven(variables, "replace");
            }}
          >
            Put it into the address
          </Button>
          <Button kind="main" icon="play" disabled={isBusy || parsed.problem !== null} title="Ctrl + Enter" onClick={() => void run()}>
            {isBusy ? "Asking" : "Ask"}
          </Button>
        </>
      }
    >
      <div class="nb-console">
        <section class="nb-card" role="group" aria-label="Question">
          <div class="nb-label nb-console-label">Query</div>
          <Editor
            label="Query"
            value={text}
            onChange={setText}
            lines={queryLines}
            minRows={18}
            onRun={() => void run()}
            {...(schema === null ? {} : { complete: (value: string, cursor: number) => complete(schema, value, cursor) })}
          />
          <div class="nb-label nb-console-label nb-line-top">Variables</div>
          <Editor label="Variables, as JSON" value={variables} onChange={setVariables} lines={jsonLines} minRows={4} onRun={() => void run()} />
          {parsed.problem !== null && <Note state="failed">{parsed.problem}</Note>}
        </section>
        <section class="nb-card" role="group" aria-label="Answer" aria-busy={isBusy}>
          <div class="nb-label nb-console-label">
            <span>Answer</span>
            {asked !== null && <span class="nb-push">{duration(asked.seconds)}{asked.problem === null ? `, ${asked.answer.length.toLocaleString("en").replaceAll(",", "\u2009")} characters` : ""}</span>}
          </div>
          {asked === null && <p class="nb-sec nb-small nb-2">Ask with Ctrl + Enter. Ctrl + Space completes a name.</p>}
          {asked?.problem !== null && asked?.problem !== undefined && <Note state="failed">{asked.problem}</Note>}
          {asked !== null && asked.problem === null && <Editor label="Answer" value={shortened(asked.answer)} onChange={() => undefined} lines={jsonLines} readOnly minRows={18} />}
        </section>
      </div>
    </PageHead>
  );
}

const MOST_SHOWN = 120_000;

/** An answer of megabytes is cut: what is shown has to stay quick. */
function shortened(answer: string): string {
  return answer.length <= MOST_SHOWN ? answer : `${answer.slice(0, answer.lastIndexOf("\n", MOST_SHOWN))}\n… and ${answer.length - MOST_SHOWN} characters more`;
}

function kept(): string | null {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

function keep(text: string): void {
  try {
    localStorage.setItem(KEPT, text);
  } catch {
    // A browser that keeps nothing: the text is still in the page.
  }
}
