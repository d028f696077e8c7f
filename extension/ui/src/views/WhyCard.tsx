// Why an asset is stale (or failed, or missing): the chain from the root cause, with the code that changed.

import type { JSX } from "preact";
import type { WhyView } from "../client/wire.gen";
import { Diff } from "../ui/Code";
import { Glyph, Icon } from "../ui/Glyph";
import { about, plural } from "../ui/format";
import { only } from "./host";
import { RunButton } from "./RunButton";
import { Sentence } from "./Words";

export function WhyCard({ view }: { readonly view: WhyView }): JSX.Element {
  return (
    <section class="nb-card" role="group" aria-label={`Why ${view.asset} is ${view.state}`}>
      <header class="nb-head">
        <Glyph state={view.state} />
        <h3 class="nb-clip nb-plain-title">
          <span class="nb-key nb-title">{view.asset}</span> {view.headline}
        </h3>
        <span class="nb-push">
          <RunButton selection={only(view.asset)} asset={view.asset} stale={view.stale} />
        </span>
      </header>
      <div class="nb-body">
        <ol class="nb-chain">
          {view.chain.map((reason, at) => (
            <li key={at}>
              {reason.state === null ? <Icon name="code" /> : <Glyph state={reason.state} />}
              <Sentence words={reason.words} />
              {reason.diff.length > 0 && (
                <div class="nb-framed">
                  <Diff lines={reason.diff} />
                </div>
              )}
              {reason.note !== "" && <div class="nb-micro">{reason.note}</div>}
            </li>
          ))}
        </ol>
      </div>
      <footer class="nb-foot">
        {view.same.length > 0 && (
          <span>
            <span class="nb-2">Same: </span>
            <Sentence words={view.same} />
          </span>
        )}
        {view.stale > 0 && (
          <span class="nb-push nb-2">
            {plural(view.stale, "partition")}
            {view.seconds === null ? "" : `, ${about(view.seconds)}`}
          </span>
        )}
      </footer>
    </section>
  );
}
