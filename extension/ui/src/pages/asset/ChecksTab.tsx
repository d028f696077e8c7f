// The checks of an asset: how each went last, and before.

import type { JSX } from "preact";
import type { AssetView, CheckFacts } from "../../client/wire.gen";
import { CheckHistoryDocument } from "../../client/documents/assets.gen";
import { StateWord } from "../../ui/Glyph";
import { ago, fullTime, moment } from "../../ui/format";
import { WORDS } from "../../ui/glyphs";
import { useNow } from "../../ui/hooks";
import { RunLink } from "../../views/Words";
import { checkState } from "../catalogue/rows";
import { useQuery } from "../frame/query";

const SHOWN = 10;

export function ChecksTab({ view }: { readonly view: AssetView }): JSX.Element {
  return (
    <div class="nb-stack">
      {view.checks.map((check) => (
        <CheckCard key={check.name} asset={view.key} check={check} />
      ))}
    </div>
  );
}

function CheckCard({ asset, check }: { readonly asset: string; readonly check: CheckFacts }): JSX.Element {
  const now = useNow(30_000);
  const query = useQuery(CheckHistoryDocument, { asset: { path: asset.split("/") }, check: check.name, limit: SHOWN }, { on: ({ assets }) => assets.includes(asset) || assets.includes("*") });
  const past = query.data?.assetCheckExecutions ?? [];
  return (
    <section class="nb-card" role="group" aria-label={`Check ${check.name}`}>
      <header class="nb-head">
        <StateWord state={check.state} />
        <h2 class="nb-plain-h nb-mono">{check.name}</h2>
        {check.blocking && <span class="nb-tag">blocking</span>}
        <span class="nb-push nb-small nb-2">{check.at === null ? "not run yet" : <span title={fullTime(check.at)}>{ago(check.at, now)}</span>}</span>
      </header>
      {(check.note !== "" || check.description !== "") && (
        <div class="nb-body">
          {check.note !== "" && <p>{check.note}</p>}
          {check.description !== "" && <p class="nb-small nb-2">{check.description}</p>}
        </div>
      )}
      {past.length > 0 && (
        <div class="nb-scroll nb-line-top">
          <table class="nb-t">
            <thead>
              <tr>
                <th>Result</th>
                <th>Partition</th>
                <th>What it said</th>
                <th>Run</th>
                <th class="nb-num">When</th>
              </tr>
            </thead>
            <tbody>
              {past.map((one) => (
                <tr key={one.id}>
                  <td>
                    <StateWord state={checkState(one)}>{WORDS[checkState(one)].replace("check ", "")}</StateWord>
                  </td>
                  <td class="nb-mono">{one.partition ?? "–"}</td>
                  <td class="nb-2">{one.evaluation?.description ?? ""}</td>
                  <td>
                    <RunLink run={one.runId} />
                  </td>
                  <td class="nb-num nb-2" title={fullTime(one.timestamp)}>
                    {moment(one.timestamp, now)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
