// A plan: what would run, why, for how long, reading and writing what. Nothing runs until its one button is pressed.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { PlanView, Target } from "../client/wire.gen";
import { Button } from "../ui/Button";
import { StateWord } from "../ui/Glyph";
import { about, bytes, duration, grouped, plural } from "../ui/format";
import { useDesk } from "./host";
import { AssetLink } from "./Words";

const ROWS_SHOWN = 40;

export function PlanCard({ view, target }: { readonly view: PlanView; readonly target: Target | null }): JSX.Element {
  const desk = useDesk();
  const [isWhole, setWhole] = useState(false);
  const rows = isWhole ? view.rows : view.rows.slice(0, ROWS_SHOWN);
  const time = view.seconds === null ? "" : ` · ${about(view.seconds)}`;
  return (
    <section class="nb-card" role="group" aria-label="Plan">
      <header class="nb-head">
        <h3>Plan</h3>
        <span class="nb-mono nb-2 nb-clip">{view.selection}</span>
        <span class="nb-micro">nothing runs yet</span>
        <span class="nb-push nb-row nb-gap-3">
          {view.command !== "" && (
            <Button kind="quiet" icon="copy" onClick={() => desk.host.copy(view.command)} title={view.command}>
              Copy as command
            </Button>
          )}
          {target !== null && view.rows.length > 0 && (
            <Button
              kind="main"
              icon="play"
              disabled={!desk.canRun}
              title={desk.whyNot}
              onClick={() => desk.open({ type: "materialize", target, digest: view.digest })}
            >
              {`Run ${plural(view.rows.length, "asset")}${view.runs > 1 ? ` · ${plural(view.runs, "run")}` : ""}${time}`}
            </Button>
          )}
        </span>
      </header>
      {view.rows.length === 0 ? (
        <div class="nb-body nb-2">Nothing to run: all of it is fresh.</div>
      ) : (
        <div class="nb-scroll nb-line-top">
          <table class="nb-t">
            <thead>
              <tr>
                <th class="nb-num">
                  <span class="nb-unseen">Order</span>
                </th>
                <th>Asset</th>
                <th class="nb-num">Partitions</th>
                <th>Why</th>
                <th>Reads</th>
                <th class="nb-num">Time</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row, at) => (
                <tr key={row.asset}>
                  <td class="nb-num nb-2">{at + 1}</td>
                  <td>
                    <AssetLink asset={row.asset} />
                  </td>
                  <td class="nb-num" title={row.keys}>
                    {grouped(row.partitions)}
                  </td>
                  <td>
                    <StateWord state={row.state}>{row.why}</StateWord>
                  </td>
                  <td class="nb-2">{row.reads.length > 2 ? plural(row.reads.length, "asset") : row.reads.join(", ")}</td>
                  <td class="nb-num">{row.seconds === null ? "–" : duration(row.seconds)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {view.rows.length > rows.length && (
        <div class="nb-note">
          <button type="button" class="nb-link" onClick={() => setWhole(true)}>
            {plural(view.rows.length - rows.length, "more asset")}
          </button>
        </div>
      )}
      <footer class="nb-foot">
        <span class="nb-2">
          Times are medians of earlier runs; {view.at_once} at once.{view.notes.length > 0 && ` ${view.notes.join(" ")}`}
        </span>
        {view.files !== null && (
          <span class="nb-push">
            Writes {plural(view.files, "file")}
            {view.size_bytes !== null && `, about ${bytes(view.size_bytes)}`}
          </span>
        )}
      </footer>
    </section>
  );
}
