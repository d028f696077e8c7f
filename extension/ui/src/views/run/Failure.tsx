// Why a step failed: the cell and the line first, then the error, the user's own code and the names in it. The rest is folded.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ErrorFacts, Frame } from "../../client/wire.gen";
import { FailedLines } from "../../ui/Code";
import { Icon } from "../../ui/Glyph";
import { plural } from "../../ui/format";
import { settled, styled } from "../../ui/ansi";
import { useDesk } from "../host";
import { CellLink } from "../Words";

export function Failure({ error, isAlone }: { readonly error: ErrorFacts; readonly isAlone: boolean }): JSX.Element {
  const desk = useDesk();
  const [showsAll, setShowsAll] = useState(false);
  const [showsNames, setShowsNames] = useState(true);
  const own = error.frames.filter(({ user }) => user);
  const folded = error.frames.length - own.length;
  const variables = own.at(-1)?.variables ?? [];
  return (
    <section class="nb-failure" aria-label={`Failure of ${error.step}`}>
      <div class="nb-failure-head">
        {own.length > 0 && <Place frame={own.at(-1)} />}
        {!isAlone && <span class="nb-2 nb-mono"> {error.step}</span>}
        <div class="nb-mono nb-error-text">
          <b>{error.name}</b>
          {error.message === "" ? "" : `: ${error.message}`}
        </div>
        {error.hint !== "" && <div class="nb-small nb-2">{error.hint}</div>}
      </div>
      {own.map((frame, at) => (
        <div key={at}>
          {at < own.length - 1 && (
            <div class="nb-small nb-via">
              <Place frame={frame} /> called
            </div>
          )}
          {frame.lines.length > 0 && <FailedLines lines={frame.lines} label={frame.where} />}
        </div>
      ))}
      {showsNames && variables.length > 0 && (
        <table class="nb-t">
          <thead>
            <tr>
              <th style={{ width: "100px" }}>Variable</th>
              <th style={{ width: "150px" }}>Type</th>
              <th>Value at the failure</th>
            </tr>
          </thead>
          <tbody>
            {variables.map((variable) => (
              <tr key={variable.name}>
                <td class="nb-mono">{variable.name}</td>
                <td class="nb-2">{variable.type}</td>
                <td class="nb-mono nb-break">{variable.value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {showsAll && <OutputText text={error.text} label="Traceback" />}
      <div class="nb-foot">
        {error.text !== "" && (
          <button type="button" class="nb-link nb-row nb-gap-3" aria-expanded={showsAll} onClick={() => setShowsAll(!showsAll)}>
            <Icon name={showsAll ? "down" : "right"} />
            {folded > 0 ? `${plural(folded, "frame")} folded` : "Whole traceback"}
          </button>
        )}
        {variables.length > 0 && (
          <button type="button" class="nb-link" aria-expanded={showsNames} onClick={() => setShowsNames(!showsNames)}>
            {showsNames ? "Hide variables" : plural(variables.length, "variable")}
          </button>
        )}
        {error.text !== "" && (
          <button type="button" class="nb-link" onClick={() => desk.host.copy(error.text)}>
            Copy
          </button>
        )}
      </div>
    </section>
  );
}

function Place({ frame }: { readonly frame: Frame | undefined }): JSX.Element | null {
  if (frame === undefined) return null;
  return <span class="nb-strong">{frame.cell === null ? <span class="nb-mono">{frame.where}</span> : <CellLink cell={frame.cell} />}</span>;
}

/** Text as a terminal shows it. */
export function OutputText({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  return (
    <pre class="nb-output" tabIndex={0} role="region" aria-label={label}>
      {styled(settled(text)).map((piece, at) =>
        piece.tone === null && !piece.isBold ? (
          piece.text
        ) : (
          <span key={at} class={piece.isBold ? "nb-strong" : undefined} style={piece.tone === null ? {} : { color: `var(--nb-${piece.tone})` }}>
            {piece.text}
          </span>
        ),
      )}
    </pre>
  );
}
