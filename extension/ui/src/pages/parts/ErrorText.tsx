// An error of the user's code in a page: the place first, then what it says; the lines of code on request.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "../../ui/Glyph";
import { OutputText } from "../../views/run/Failure";

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
  return (
    <div class="nb-error" data-state="failed">
      <div>
        {error.place !== "" && <b>{error.place} </b>}
        <span class="nb-mono nb-error-text">{named}</span>
      </div>
      {text !== "" && text !== named && (
        <button type="button" class="nb-link nb-row nb-gap-3 nb-small" aria-expanded={shows} onClick={() => setShows(!shows)}>
          <Icon name={shows ? "down" : "right"} /> {shows ? "Hide the lines" : "Show the lines"}
        </button>
      )}
      {shows && text !== "" && <OutputText text={text} label="Error" />}
    </div>
  );
}
