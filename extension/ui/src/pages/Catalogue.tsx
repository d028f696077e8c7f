// The catalogue: every asset in one table, filtered by words, by the selection language and by state; what is picked can be run.

import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { CatalogueData } from "../client/documents/catalogue.gen";
import { CatalogueDocument } from "../client/documents/catalogue.gen";
import { Button, Chip } from "../ui/Button";
import type { Sorting } from "../ui/DataTable";
import { ColumnsButton, csvOf, DataTable, inOrder } from "../ui/DataTable";
import { StateCounts, StateWord } from "../ui/Glyph";
import { grouped, plural } from "../ui/format";
import { WORDS } from "../ui/glyphs";
import { useNow } from "../ui/hooks";
import { Note } from "../ui/Notes";
import { MenuButton } from "../ui/Pop";
import { only } from "../views/host";
import { Query } from "../views/lineage/Query";
import { columnsFor } from "./catalogue/columns";
import type { Row } from "./catalogue/rows";
import { brokenOf, filtered, graphOf, rowsOf, staleOf, tally } from "./catalogue/rows";
import { Broken, NothingYet } from "./catalogue/Nothing";
import { PlanDialog } from "./catalogue/PlanDialog";
import { saveFile } from "./frame/browser";
import { PageHead } from "./frame/Frame";
import { Await, useQuery } from "./frame/query";
import { useGo, useParam } from "./frame/route";
import { pathOf } from "../client/route";
import { useChoice } from "./frame/choice";

export default function Catalogue(): JSX.Element {
  const query = useQuery(CatalogueDocument, {});
  const rows = useMemo(() => (query.data === null ? [] : rowsOf(query.data)), [query.data]);
  const groups = new Set(rows.map(({ group }) => group)).size;
  return (
    <PageHead title="Catalogue" above={query.data === null ? "" : `${plural(rows.length, "asset")} in ${plural(groups, "group")}`} fills>
      <Await query={query} what="the assets">
        {(data) => <Table data={data} rows={rows} />}
      </Await>
    </PageHead>
  );
}

function Table({ data, rows }: { readonly data: CatalogueData; readonly rows: readonly Row[] }): JSX.Element {
  const go = useGo();
  const now = useNow(30_000);
  const [text, setText] = useParam("q", "");
  const [state, setState] = useParam("state", "");
  const [sort, setSort] = useParam("sort", "");
  const [shown, setShown] = useChoice("catalogue-columns");
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const [plan, setPlan] = useState<{ readonly rows: readonly Row[]; readonly only: "all" | "stale"; readonly upstream: boolean } | null>(null);
  const graph = useMemo(() => graphOf(rows), [rows]);
  const found = useMemo(() => filtered(rows, graph, text, state), [rows, graph, text, state]);
  const columns = useMemo(() => columnsFor(rows, now), [rows, now]);
  const sorting = sortingOf(sort);
  const chosen = rows.filter(({ key }) => picked.has(key));
  const counts = useMemo(() => tally(rows), [rows]);
  const broken = brokenOf(data);
  if (rows.length === 0) return <NothingYet broken={broken} />;
  return (
    <>
      {broken.map(({ name, message }) => (
        <Broken key={name} name={name} message={message} />
      ))}
      <div class="nb-bar-row">
        <span class="nb-catalogue-find">
          <Query field={null} view={graph} text={text} found={text === "" ? null : found.rows.length} problem={found.problem} onText={(next) => setText(next, "replace")} onWalk={() => undefined} />
        </span>
        <span class="nb-row nb-gap-3 nb-wrap" role="group" aria-label="Filter by state">
          <Chip pressed={state === ""} onClick={() => setState("")}>
            All {grouped(rows.length)}
          </Chip>
          {counts.map((count) => (
            <Chip key={count.state} pressed={state === count.state} onClick={() => setState(state === count.state ? "" : count.state)}>
              <StateWord state={count.state}>{`${WORDS[count.state]} ${grouped(count.count)}`}</StateWord>
            </Chip>
          ))}
        </span>
        <span class="nb-push nb-row nb-gap-3">
          <ColumnsButton columns={columns} shown={shown} onChange={setShown} />
          <MenuButton
            after="down"
            items={[
              { label: "Save as CSV", detail: plural(found.rows.length, "row"), onPick: () => saveFile("assets.csv", csvOf(columns, inOrder(found.rows, columns, sorting)), "text/csv") },
            ]}
          >
            Export
          </MenuButton>
        </span>
      </div>
      {found.problem !== null && <Note state="failed">{found.problem}</Note>}
      <DataTable
        label="Assets"
        columns={columns}
        rows={found.rows}
        keyOf={keyOf}
        shown={shown}
        sorting={sorting}
        onSort={(next) => setSort(`${next.column}${next.isDown ? "-down" : ""}`, "replace")}
        selected={picked}
        onSelect={setPicked}
        onOpen={(row) => go(pathOf("assets", row.key))}
        empty={
          <>
            No asset is meant by this.{" "}
            <button type="button" class="nb-link" onClick={() => go("/assets", "replace")}>
              Show all {grouped(rows.length)}
            </button>
          </>
        }
      />
      {chosen.length > 0 && (
        <div class="nb-action nb-small nb-catalogue-action" role="region" aria-label="What is picked">
          <span>
            <b>{plural(chosen.length, "asset")}</b>
          </span>
          <StateCounts counts={summed(chosen)} />
          <span class="nb-push nb-row nb-gap-3">
            <Button kind="quiet" onClick={() => setPicked(new Set())}>
              Clear
            </Button>
            <Button icon="graph" onClick={() => go(`/lineage?${new URLSearchParams({ q: chosen.map(({ key }) => only(key)).join(" or ") }).toString()}`)}>
              Lineage
            </Button>
            <Button onClick={() => setPlan({ rows: chosen, only: "all", upstream: true })}>With upstream</Button>
            <Button onClick={() => setPlan({ rows: chosen, only: "all", upstream: false })}>{`Materialize (${chosen.length})`}</Button>
            {staleOf(chosen) > 0 && (
              <Button kind="main" icon="play" onClick={() => setPlan({ rows: chosen, only: "stale", upstream: false })}>
                {`Materialize stale (${grouped(staleOf(chosen))})`}
              </Button>
            )}
          </span>
        </div>
      )}
      {plan !== null && <PlanDialog rows={plan.rows} only={plan.only} upstream={plan.upstream} onClose={() => setPlan(null)} />}
    </>
  );
}

function keyOf(row: Row): string {
  return row.key;
}

function sortingOf(text: string): Sorting | null {
  if (text === "") return null;
  return text.endsWith("-down") ? { column: text.slice(0, -5), isDown: true } : { column: text, isDown: false };
}

function summed(rows: readonly Row[]): Row["counts"] {
  const counts = new Map<Row["state"], number>();
  for (const { counts: own } of rows) for (const { state, count } of own) counts.set(state, (counts.get(state) ?? 0) + count);
  return [...counts].map(([state, count]) => ({ state, count }));
}
