// Backfills: how far each is, and what of it failed.

import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { BackfillFacts } from "../client/documents/backfills.gen";
import { BackfillsDocument } from "../client/documents/backfills.gen";
import { pathOf } from "../client/route";
import type { Column } from "../ui/DataTable";
import { DataTable } from "../ui/DataTable";
import { StateCounts } from "../ui/Glyph";
import { about, grouped } from "../ui/format";
import { useNow } from "../ui/hooks";
import { Empty, Note } from "../ui/Notes";
import { shortRun } from "../views/Words";
import { targetWords } from "./backfills/words";
import { PageHead } from "./frame/Frame";
import { Await, useQuery } from "./frame/query";
import { A, useGo } from "./frame/route";
import { BackfillState, CountStrip, partsOfRuns } from "./parts/RunParts";
import { isBackfillOver } from "./parts/runStates";
import { useSorting } from "./parts/sorting";
import { Took, When } from "./parts/Time";

const PAGE = 60;

export default function Backfills(): JSX.Element {
  const [limit, setLimit] = useState(PAGE);
  const query = useQuery(BackfillsDocument, { limit }, { keep: true });
  return (
    <PageHead title="Backfills" fills>
      <Await query={query} what="the backfills">
        {({ partitionBackfillsOrError: answer }) =>
          answer.__typename === "PartitionBackfills" ? (
            <List backfills={answer.results} onMore={() => answer.results.length >= limit && setLimit(limit + PAGE)} />
          ) : (
            <Note state="failed">The backfills could not be read: {answer.message}</Note>
          )
        }
      </Await>
    </PageHead>
  );
}

function List({ backfills, onMore }: { readonly backfills: readonly BackfillFacts[]; readonly onMore: () => void }): JSX.Element {
  const go = useGo();
  const [sorting, setSorting] = useSorting();
  const now = useNow(backfills.some(({ endTimestamp }) => endTimestamp === null) ? 1_000 : 30_000);
  const columns = useMemo(() => columnsOf(now), [now]);
  return (
    <DataTable
      label="Backfills"
      columns={columns}
      sorting={sorting}
      onSort={setSorting}
      rows={backfills}
      keyOf={({ id }) => id}
      rowHeight={36}
      onOpen={({ id }) => go(pathOf("backfills", id))}
      onEnd={onMore}
      empty={
        <Empty title="No backfill yet">
          Pick partitions of an asset in the <A to="/assets">catalogue</A> and materialize them as a backfill, or type <span class="nb-mono">nbasset backfill ASSET</span>.
        </Empty>
      }
    />
  );
}

function columnsOf(now: number): readonly Column<BackfillFacts>[] {
  return [
    { id: "id", label: "Backfill", width: "84px", cell: ({ id }) => <A to={pathOf("backfills", id)} class="nb-mono" title={id}>{shortRun(id)}</A> },
    { id: "state", label: "State", width: "116px", cell: ({ status, isPaused }) => <BackfillState status={status} isPaused={isPaused} /> },
    { id: "what", label: "What", width: "minmax(110px, 2fr)", cell: (one) => <span class="nb-mono" title={targetWords(one)}>{one.title === null || one.title === "" ? targetWords(one) : one.title}</span> },
    { id: "count", label: "Partitions", width: "76px", align: "right", from: 700, sort: ({ numPartitions }) => numPartitions, cell: ({ numPartitions }) => (numPartitions === null ? "" : grouped(numPartitions)) },
    { id: "progress", label: "Progress", width: "minmax(100px, 1.6fr)", cell: ({ partitionStatusCounts }) => <CountStrip parts={partsOfRuns(partitionStatusCounts)} unit="partition" /> },
    {
      id: "failed", label: "Failed", isQuiet: true, width: "92px", from: 900,
      cell: ({ partitionStatusCounts }) => <StateCounts counts={partsOfRuns(partitionStatusCounts).filter(({ state }) => state === "failed")} />,
    },
    { id: "left", label: "Left", width: "96px", align: "right", from: 1010, cell: ({ etaSeconds, status, isPaused }) => (etaSeconds === null || isBackfillOver(status) || isPaused ? "" : about(etaSeconds)) },
    { id: "started", label: "Started", width: "96px", align: "right", sort: ({ timestamp }) => timestamp, cell: ({ timestamp }) => <When at={timestamp} now={now} /> },
    { id: "took", label: "Took", width: "84px", align: "right", from: 800, sort: ({ timestamp, endTimestamp }) => (endTimestamp === null ? null : endTimestamp - timestamp), cell: ({ timestamp, endTimestamp }) => <Took from={timestamp} to={endTimestamp} now={now} /> },
  ];
}
