// YAML to be read: keys, texts and numbers told apart.

import type { JSX } from "preact";
import { yamlLines } from "../../ui/markup";

export function YamlText({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  return (
    <pre class="nb-code" tabIndex={0} role="region" aria-label={label}>
      {yamlLines(text.trimEnd()).map((tokens, at) => (
        <div key={at}>
          <span>{at + 1}</span>
          <span>
            {tokens.map(({ text, kind }, index) => (kind === "" ? text : <span key={index} class={`nb-t${kind}`}>{text}</span>))}
          </span>
        </div>
      ))}
    </pre>
  );
}
