// What breaks says so in its place; the rest of the page lives on.

import type { ComponentChildren } from "preact";
import { Component } from "preact";
import { Note } from "./Notes";

interface Props {
  readonly what: "page" | "view";
  /** The class of the box that the message stands in. */
  readonly box: string;
  readonly children: ComponentChildren;
}

export class Guard extends Component<Props, { readonly broken: string | null }> {
  override state = { broken: null };

  static override getDerivedStateFromError(error: unknown): { readonly broken: string } {
    return { broken: error instanceof Error ? error.message : String(error) };
  }

  override componentDidCatch(error: unknown): void {
    console.error(`nbasset: a ${this.props.what} broke`, error);
  }

  override render(): ComponentChildren {
    if (this.state.broken === null) return this.props.children;
    return (
      <div class={this.props.box} role="group">
        <Note state="failed">
          This {this.props.what} broke: {this.state.broken}.{" "}
          <button type="button" class="nb-link" onClick={() => this.setState({ broken: null })}>
            Try again
          </button>
        </Note>
      </div>
    );
  }
}
