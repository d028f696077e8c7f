// What an asset displayed while it ran: figures, tables, text; of its newest version in its panel, of any kept one in a card of its own.

import type { JSX } from "preact";
import type { Shown, ShownView } from "../client/wire.gen";
import { fullTime, moment } from "../ui/format";
import { useNow } from "../ui/hooks";

export function ShownCard({ view }: { readonly view: ShownView }): JSX.Element {
  const now = useNow(60_000);
  return (
    <section class="nb-card" role="group" aria-label={`What ${view.asset} displayed`}>
      <header class="nb-head">
        <h3 class="nb-key nb-title">{view.asset}</h3>
        {view.partition !== null && <span class="nb-mono nb-2 nb-nowrap">{view.partition}</span>}
        <span class="nb-small nb-2" title={fullTime(view.at)}>
          shown while version <span class="nb-mono">{view.version.slice(0, 6)}</span> was made, {moment(view.at, now)}
        </span>
      </header>
      {view.shown.length === 0 && <div class="nb-body nb-2">It displayed nothing, or what it displayed is no longer kept.</div>}
      {view.shown.map((shown, at) => (
        <div key={at} class="nb-body nb-line-top">
          <ShownOutput shown={shown} />
        </div>
      ))}
    </section>
  );
}

/** What a cell displayed. Pictures are pictures; HTML stands in a frame that can run nothing and load nothing. */
export function ShownOutput({ shown }: { readonly shown: Shown }): JSX.Element {
  if (shown.mime === "text/plain") return <pre class="nb-output">{shown.data}</pre>;
  if (shown.mime === "text/html") {
    const page = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">${shown.data}`;
    return <iframe class="nb-frame" title={shown.label === "" ? "Output" : shown.label} sandbox="" srcDoc={page} />;
  }
  const source = shown.mime === "image/svg+xml" ? `data:image/svg+xml;utf8,${encodeURIComponent(shown.data)}` : `data:${shown.mime};base64,${shown.data}`;
  return <img class="nb-picture" src={source} alt={shown.label === "" ? "Figure that the asset drew" : shown.label} />;
}
