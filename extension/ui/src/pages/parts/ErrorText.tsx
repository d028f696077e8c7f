// An error of the user's code in a page: the place first, then what it says; the lines of code on request.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { FailedLines } from "../../ui/Code";
import { Icon } from "../../ui/Glyph";
import { OutputText } from "../../views/run/Failure";
import { errorPieces } from "./errorPieces";

export interface ShownError {
  readonly message: string;
  readonly place: string;
  readonly text?: string;
  readonly className?: string | null;
}

export function ErrorText({ error, isOpen = false }: { readonly error: ShownError; readonly isOpen?: boolean }): JSX.Element {
  const [shows, setShows] = useState(isOpen);
  const { text = "", className = null } = error;
  const named = className === null || className === "" || error.message.startsWith(className) ? error.message : `${className}: ${error.message}`;
  const pieces = errorPieces(text, [error.place, named.trim(), error.message.trim()]);
  return (
    <div class="nb-error" data-state="failed">
      <div class="nb-row nb-wrap nb-error-head">
        <span>
          {error.place !== "" && <b>{error.place} </b>}
          <span class="nb-mono nb-error-text">{named}</span>
        </span>
        {pieces.length > 0 && (
          <button type="button" class="nb-link nb-row nb-small nb-lines-link" aria-expanded={shows} onClick={() => setShows(!shows)}>
            <Icon name={shows ? "down" : "right"} /> {shows ? "hide the lines" : "show the lines"}
          </button>
        )}
      </div>
      {shows &&
        pieces.map((piece, at) =>
          "code" in piece ? (
            <div key={at} class="nb-framed">
              <FailedLines lines={piece.code} label="The lines at the error" />
            </div>
          ) : /^ {2}in \S+, /.test(piece.text) && !piece.text.includes("\n") ? (
            <div key={at} class="nb-micro nb-error-in">
              {piece.text.trim()}
            </div>
          ) : (
            <OutputText key={at} text={piece.text} label="More of the error" />
          ),
        )}
    </div>
  );
}
