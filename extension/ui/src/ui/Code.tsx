// Python source with line numbers, and a diff of it.

import type { JSX } from "preact";
import type { CodeLine, DiffLine } from "../client/wire.gen";
import type { Token } from "./python";
import { pythonLines } from "./python";

export function Code({ text, firstLine, label }: { readonly text: string; readonly firstLine: number; readonly label: string }): JSX.Element {
  return (
    <pre class="nb-code" tabIndex={0} role="region" aria-label={label}>
      {pythonLines(text).map((tokens, at) => (
        <div key={at}>
          <span>{firstLine + at}</span>
          <Tokens tokens={tokens} />
        </div>
      ))}
    </pre>
  );
}

export function FailedLines({ lines, label }: { readonly lines: readonly CodeLine[]; readonly label: string }): JSX.Element {
  return (
    <pre class="nb-code" tabIndex={0} role="region" aria-label={label}>
      {lines.map((line) => (
        <div key={line.number} class={line.hit ? "nb-hit" : undefined}>
          <span>{line.number}</span>
          <Tokens tokens={pythonLines(line.text)[0] ?? []} />
          {line.hit && <span class="nb-unseen"> failed here</span>}
        </div>
      ))}
    </pre>
  );
}

export function Diff({ lines }: { readonly lines: readonly DiffLine[] }): JSX.Element {
  return (
    <pre class="nb-code" tabIndex={0} role="region" aria-label="What changed in the code">
      {lines.map((line, at) => (
        <div key={at} class={line.sign === "+" ? "nb-add" : line.sign === "-" ? "nb-del" : undefined}>
          <span>{line.after ?? line.before}</span>
          <b>{line.sign}</b>
          <Tokens tokens={pythonLines(line.text)[0] ?? []} />
        </div>
      ))}
    </pre>
  );
}

function Tokens({ tokens }: { readonly tokens: readonly Token[] }): JSX.Element {
  return (
    <span>
      {tokens.map(({ text, kind }, at) => (kind === "" ? text : <span key={at} class={`nb-t${kind}`}>{text}</span>))}
    </span>
  );
}
