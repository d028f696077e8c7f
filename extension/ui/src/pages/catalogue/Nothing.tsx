// A project without assets says what to do next; a location that cannot be loaded says why.

import type { JSX } from "preact";
import { Empty, Note } from "../../ui/Notes";

export interface BrokenLocation {
  readonly name: string;
  readonly message: string;
}

export function Broken({ name, message }: { readonly name: string; readonly message: string }): JSX.Element {
  return (
    <div class="nb-page-note">
      <Note state="failed">
        <b class="nb-mono">{name}</b> {message.trim().startsWith(name) ? message.trim().slice(name.length).trim() : message.trim()}
      </Note>
    </div>
  );
}

export function NothingYet({ broken }: { readonly broken: readonly BrokenLocation[] }): JSX.Element {
  return (
    <>
      {broken.map(({ name, message }) => (
        <Broken key={name} name={name} message={message} />
      ))}
      {broken.length === 0 && (
        <section class="nb-card" role="group" aria-label="No assets">
          <Empty title="No asset yet">
            Begin a cell of a notebook in this project with <span class="nb-mono">%%asset NAME</span>, or write <span class="nb-mono">@asset</span> above a function of a module, and save it. It appears here by
            itself.
          </Empty>
        </section>
      )}
    </>
  );
}
