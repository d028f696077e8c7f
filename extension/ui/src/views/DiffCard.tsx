// Two versions of an asset: rows, columns and cells that differ, and the way back.

import type { JSX } from "preact";
import type { ColumnDiff, DiffView } from "../client/wire.gen";
import { Button } from "../ui/Button";
import { grouped, moment } from "../ui/format";
import { useNow } from "../ui/hooks";
import { useDesk } from "./host";

export function DiffCard({ view }: { readonly view: DiffView }): JSX.Element {
  const desk = useDesk();
  const now = useNow(60_000);
  const [before, after] = [view.before.version.slice(0, 6), view.after.version.slice(0, 6)];
  return (
    <section class="nb-card" role="group" aria-label={`Versions of ${view.asset}`}>
      <header class="nb-head">
        <h3 class="nb-key nb-title">{view.asset}</h3>
        {view.partition !== null && <span class="nb-mono nb-2 nb-nowrap">{view.partition}</span>}
        <span class="nb-small nb-2">
          <span class="nb-mono">{before}</span>, {moment(view.before.at, now)}, to <span class="nb-mono">{after}</span>, {moment(view.after.at, now)}
        </span>
        <span class="nb-push nb-row nb-gap-3">
          <Button kind="quiet" icon="clock" onClick={() => desk.open({ type: "fetch_history", asset: view.asset, partition: view.partition })}>
            Versions
          </Button>
          <Button
            disabled={!desk.canRun}
            onClick={() => desk.open({ type: "roll_back", asset: view.asset, partition: view.partition, version: view.before.version })}
          >
            {`Roll back to ${before}`}
          </Button>
        </span>
      </header>
      <dl class="nb-body nb-facts">
        {view.facts.map((fact) => (
          <div key={fact.label}>
            <dt>{fact.label}</dt>
            <dd class={fact.sign === "+" ? "nb-plus" : fact.sign === "-" ? "nb-minus" : undefined}>
              {fact.before !== "" && fact.before !== fact.after && (
                <>
                  {fact.before} <span class="nb-2">to</span>{" "}
                </>
              )}
              <span class={fact.before !== "" && fact.before !== fact.after ? "nb-strong" : undefined}>{fact.after}</span>
            </dd>
          </div>
        ))}
      </dl>
      {view.columns.length > 0 && (
        <div class="nb-scroll nb-line-top">
          <table class="nb-t">
            <thead>
              <tr>
                <th>Column</th>
                <th>Type</th>
                <th class="nb-num" colSpan={2}>
                  Null, before / after
                </th>
                <th class="nb-num" colSpan={2}>
                  Mean, before / after
                </th>
                <th class="nb-num">Cells changed</th>
                <th>Null share</th>
              </tr>
            </thead>
            <tbody>
              {view.columns.map((column) => (
                <ColumnRow key={column.name} column={column} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {(view.rows.length > 0 || view.note !== "") && (
        <div class="nb-rows">
          {view.rows.map((row, at) => (
            <div key={at} class={row.sign === "+" ? "nb-plus-row" : row.sign === "-" ? "nb-minus-row" : undefined}>
              {row.sign} {row.text}
            </div>
          ))}
          {view.note !== "" && <div class="nb-micro">{view.note}</div>}
        </div>
      )}
    </section>
  );
}

function ColumnRow({ column }: { readonly column: ColumnDiff }): JSX.Element {
  const [was, is] = column.null_share;
  return (
    <tr>
      <td class="nb-mono">{column.name}</td>
      <td class="nb-2">{column.type}</td>
      <td class="nb-num nb-2">{column.nulls[0]}</td>
      <td class="nb-num">{column.nulls[1]}</td>
      <td class="nb-num nb-2">{column.mean[0]}</td>
      <td class="nb-num">{column.mean[1]}</td>
      <td class="nb-num">{column.changed === null ? "–" : grouped(column.changed)}</td>
      <td>
        <svg width="100" height="14" viewBox="0 0 100 14" role="img" aria-label={`null share ${percent(was)} before, ${percent(is)} after`}>
          <rect x="0" y="1" width={was * 100} height="5" fill="var(--nb-missing-fill)" />
          <rect x="0" y="8" width={is * 100} height="5" fill="var(--nb-bar)" />
        </svg>
      </td>
    </tr>
  );
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}
