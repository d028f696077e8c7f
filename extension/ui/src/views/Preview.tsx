// First rows of a stored table, with what its profile knows about each column.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ColumnFacts, PreviewView } from "../client/wire.gen";
import { Button } from "../ui/Button";
import { Histogram } from "../ui/Charts";
import { bytes, grouped, plural } from "../ui/format";
import { useDesk } from "./host";

const COLUMNS_SHOWN = 8;

export function Preview({ view }: { readonly view: PreviewView }): JSX.Element {
  const desk = useDesk();
  const [isWide, setWide] = useState(false);
  const columns = isWide ? view.columns : view.columns.slice(0, COLUMNS_SHOWN);
  const facts = [view.row_count === null ? "" : plural(view.row_count, "row"), view.size_bytes === null ? "" : bytes(view.size_bytes)];
  return (
    <section class="nb-card" role="group" aria-label={`Rows of ${view.asset}`}>
      <header class="nb-head">
        <h3 class="nb-key nb-title">{view.asset}</h3>
        {view.partition !== null && <span class="nb-mono nb-2 nb-nowrap">{view.partition}</span>}
        <span class="nb-small nb-2 nb-nowrap">{facts.filter((fact) => fact !== "").join(", ")}</span>
        <span class="nb-push nb-row nb-gap-3">
          {view.columns.length > COLUMNS_SHOWN && (
            <Button kind="quiet" icon="table" pressed={isWide} onClick={() => setWide(!isWide)}>
              {isWide ? `all ${view.columns.length} columns` : `${COLUMNS_SHOWN} of ${view.columns.length} columns`}
            </Button>
          )}
          {view.path !== "" && (
            <Button kind="quiet" icon="copy" title={view.path} onClick={() => desk.host.copy(view.path)}>
              Path
            </Button>
          )}
        </span>
      </header>
      <PreviewTable columns={columns} rows={view.rows} height={420} />
      <footer class="nb-foot">
        <span class="nb-2">{view.note === "" ? `rows 1 to ${view.rows.length}` : view.note}</span>
        {view.code !== "" && (
          <button type="button" class="nb-link nb-mono nb-push" title="Copy" onClick={() => desk.host.copy(view.code)}>
            {view.code}
          </button>
        )}
      </footer>
    </section>
  );
}

export function PreviewTable(props: {
  readonly columns: readonly ColumnFacts[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly height: number;
  readonly plain?: boolean;
}): JSX.Element {
  return (
    <div class="nb-scroll nb-line-top" style={{ maxHeight: `${props.height}px` }} tabIndex={0} role="region" aria-label="Rows">
      <table class="nb-t nb-preview">
        <thead>
          <tr>
            {props.columns.map((column) => (
              <th key={column.name} class={column.numeric ? "nb-num" : undefined} title={column.description}>
                <span class="nb-mono nb-name">{column.name}</span> {props.plain !== true && column.type}
              </th>
            ))}
          </tr>
          {props.plain !== true && props.columns.some(hasProfile) && (
            <tr class="nb-profile">
              {props.columns.map((column) => (
                <td key={column.name} class={column.numeric ? "nb-num" : undefined}>
                  <Profile column={column} />
                </td>
              ))}
            </tr>
          )}
        </thead>
        <tbody>
          {props.rows.map((row, at) => (
            <tr key={at}>
              {props.columns.map((column, index) => (
                <Cell key={column.name} value={row[index] ?? null} isNumber={column.numeric} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ value, isNumber }: { readonly value: string | null; readonly isNumber: boolean }): JSX.Element {
  if (value === null) return <td class={`nb-null ${isNumber ? "nb-num" : ""}`}>null</td>;
  return <td class={isNumber ? "nb-num" : "nb-mono nb-clip nb-cell"} title={value.length > 24 ? value : undefined}>{value}</td>;
}

function hasProfile(column: ColumnFacts): boolean {
  return column.bins.length > 0 || column.top.length > 0 || column.distinct !== null || column.low !== null;
}

function Profile({ column }: { readonly column: ColumnFacts }): JSX.Element {
  return (
    <>
      {column.bins.length > 0 && <Histogram bins={column.bins} />}
      {column.bins.length === 0 && column.top.slice(0, 2).map(([value, count]) => <div key={value} class="nb-top nb-clip">{`${value} ${grouped(count)}`}</div>)}
      <div class="nb-micro">
        {column.low !== null && column.high !== null ? `${column.low} to ${column.high}` : column.distinct === null ? "" : plural(column.distinct, "value")}
      </div>
      <div class="nb-micro nb-nulls">{column.nulls === null || column.nulls === 0 ? "\u00a0" : `${grouped(column.nulls)} null`}</div>
    </>
  );
}
