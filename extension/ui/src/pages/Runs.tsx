// The list of runs: what failed and why, what runs, what waits; backfills folded into one row each.

import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { RunsFeedData } from "../client/documents/runs.gen";
import { BackfillRunsDocument, RunsFeedDocument } from "../client/documents/runs.gen";
import { pathOf, withParams } from "../client/route";
import { Button, Chip } from "../ui/Button";
import { ColumnsButton, csvOf, DataTable } from "../ui/DataTable";
import { Glyph } from "../ui/Glyph";
import { grouped } from "../ui/format";
import { TextField } from "../ui/Form";
import { useNow } from "../ui/hooks";
import { Empty } from "../ui/Notes";
import { MenuButton } from "../ui/Pop";
import { useChoice } from "./frame/choice";
import { PageHead } from "./frame/Frame";
import { Await, useQuery } from "./frame/query";
import { A, useGo, useRoute } from "./frame/route";
import { saveFile } from "./frame/browser";
import { isOver } from "./parts/runStates";
import { useSaved } from "./parts/saved";
import { Bulk } from "./runs/Bulk";
import { runColumns } from "./runs/columns";
import type { AgainRun } from "./runs/Again";
import { AgainDialog } from "./runs/Again";
import type { RunFilters, StateGroup } from "./runs/filters";
import { addressOf, askedFor, EVERYTHING, filtersOf, filterWords, GROUPS, inGroup, queryOf, serverFilter, SINCE } from "./runs/filters";
import type { Feed, ListRow } from "./runs/rows";
import { listRows, pickedOf } from "./runs/rows";

const PAGE = 60;
const MOST = 600;

export default function Runs(): JSX.Element {
  const place = useRoute();
  const go = useGo();
  const filters = filtersOf(place.query);
  const open = place.query.get("open") ?? "";
  const [limit, setLimit] = useState(PAGE);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  // A minute is exact enough for "the last hour", and keeps the question the same in between.
  const minute = useNow(60_000);
  const filter = useMemo(() => serverFilter(filters, minute), [filters.text, filters.state, filters.since, filters.since === "all" ? 0 : minute]);
  const view = filters.isFlat || filters.state !== null ? "RUNS" : "ROOTS";
  const groups = useMemo(
    () => ({
      failed: inGroup(filter, "failed"), running: inGroup(filter, "running"), queued: inGroup(filter, "queued"),
      succeeded: inGroup(filter, "succeeded"), canceled: inGroup(filter, "canceled"),
    }),
    [filter],
  );
  const feed = useQuery(RunsFeedDocument, { limit, view, filter, ...groups }, { keep: true, on: ({ runs, other }) => runs.length > 0 || other.length > 0 });
  const inside = useQuery(BackfillRunsDocument, { backfill: open, limit: 500 }, { skip: open === "", on: ({ runs }) => runs.length > 0 });
  const insideRuns = inside.data?.partitionBackfillOrError.__typename === "PartitionBackfill" ? inside.data.partitionBackfillOrError.runs : null;
  const change = (next: Partial<RunFilters>, how: "push" | "replace" = "push"): void => {
    setLimit(PAGE);
    setPicked(new Set());
    go(withParams(place, queryOf({ ...filters, ...next })), how);
  };
  const toggle = (backfill: string): void => go(withParams(place, { open: open === backfill ? null : backfill }), "replace");
  return (
    <PageHead
      title="Runs"
      fills
      above={filters.since === "all" ? undefined : SINCE.find(({ value }) => value === filters.since)?.label}
      actions={
        <>
          <A to="/timeline" class="nb-b">
            Timeline
          </A>
        </>
      }
    >
      <FilterBar filters={filters} counts={countsOf(feed.data)} onChange={change} />
      <Await query={feed} what="the runs">
        {({ runsFeedOrError: answer }) =>
          answer.__typename === "RunsFeedConnection" ? (
            <List
              feed={answer}
              filters={filters}
              open={open}
              inside={insideRuns}
              picked={picked}
              onPick={setPicked}
              onToggle={toggle}
              onClear={() => change(EVERYTHING)}
              onMore={() => answer.hasMore && limit < MOST && !feed.isLoading && setLimit(limit + PAGE)}
              again={feed.again}
            />
          ) : (
            <p class="nb-note" data-state="failed">
              <Glyph state="failed" /> The runs could not be read: {answer.message}
            </p>
          )
        }
      </Await>
    </PageHead>
  );
}

function FilterBar(props: {
  readonly filters: RunFilters;
  readonly counts: Counts;
  readonly onChange: (next: Partial<RunFilters>, how?: "push" | "replace") => void;
}): JSX.Element {
  const { filters, counts, onChange } = props;
  return (
    <div class="nb-bar-row" role="search">
      <span class="nb-runs-search">
        <TextField
          type="search"
          icon="search"
          label="Find runs"
          placeholder="Words, asset:, job:, tag:KEY=VALUE"
          value={filters.text}
          onChange={(text) => onChange({ text }, "replace")}
        />
      </span>
      <Chip pressed={filters.state === null} onClick={() => onChange({ state: null })}>
        All
      </Chip>
      {GROUPS.filter(({ value }) => (counts[value] ?? 0) > 0 || filters.state === value || value === "failed").map(({ value, state, label }) => (
        <Chip key={value} pressed={filters.state === value} onClick={() => onChange({ state: filters.state === value ? null : value })}>
          <Glyph state={state} /> {label} {counts[value] === undefined ? "" : grouped(counts[value])}
        </Chip>
      ))}
      <span class="nb-push nb-row nb-gap-3">
        <MenuButton
          after="down"
          items={SINCE.map(({ value, label }) => ({ label, checked: value === filters.since, onPick: () => onChange({ since: value }) }))}
        >
          {SINCE.find(({ value }) => value === filters.since)?.label}
        </MenuButton>
        <SavedFilters filters={filters} onChange={onChange} />
        <Button pressed={!filters.isFlat} title="Runs of a backfill are one row" onClick={() => onChange({ isFlat: !filters.isFlat })}>
          Fold backfills
        </Button>
      </span>
    </div>
  );
}

/** Filters to come back to. */
function SavedFilters({ filters, onChange }: { readonly filters: RunFilters; readonly onChange: (next: RunFilters) => void }): JSX.Element {
  const [saved, setSaved] = useSaved("run-filters");
  const now = addressOf(filters);
  const isSaved = saved.includes(now);
  return (
    <MenuButton
      icon="filter"
      kind="icon"
      label="Saved filters"
      items={[
        ...saved.map((one) => {
          const own = filtersOf(new URLSearchParams(one));
          return { label: filterWords(own), checked: one === now, onPick: () => onChange(own) };
        }),
        {
          label: isSaved ? "Forget this filter" : "Save this filter",
          disabled: now === "",
          line: saved.length > 0,
          onPick: () => setSaved(isSaved ? saved.filter((one) => one !== now) : [...saved, now]),
        },
      ]}
    />
  );
}

type Counts = { readonly [group in StateGroup]?: number };

function countsOf(data: RunsFeedData | null): Counts {
  const counts: { [group in StateGroup]?: number } = {};
  if (data === null) return counts;
  for (const { value } of GROUPS) {
    const answer = data[value];
    if (answer.__typename === "Runs") counts[value] = answer.count;
  }
  return counts;
}

function List(props: {
  readonly feed: Feed;
  readonly filters: RunFilters;
  readonly open: string;
  readonly inside: Parameters<typeof listRows>[2];
  readonly picked: ReadonlySet<string>;
  readonly onPick: (picked: ReadonlySet<string>) => void;
  readonly onToggle: (backfill: string) => void;
  readonly onClear: () => void;
  readonly onMore: () => void;
  readonly again: () => void;
}): JSX.Element {
  const { feed, filters, open, inside, picked } = props;
  const go = useGo();
  const isLive = feed.results.some((one) => (one.__typename === "Run" ? !isOver(one.status) : one.endTimestamp === null));
  const now = useNow(isLive ? 1_000 : 30_000);
  const [shown, setShown] = useChoice("run-columns");
  const [asking, setAsking] = useState<readonly AgainRun[] | null>(null);
  const words = useMemo(() => askedFor(filters.text).words, [filters.text]);
  const rows = useMemo(() => listRows(feed.results, open, inside, words), [feed.results, open, inside, words]);
  const columns = useMemo(() => runColumns({ now, onToggle: props.onToggle, onAgain: (run) => setAsking([run]) }), [now, props.onToggle]);
  const visit = (row: ListRow): void => {
    if (row.kind === "run") go(pathOf("runs", row.run.runId));
    else if (row.kind === "backfill") go(pathOf("backfills", row.backfill.id));
    else go(pathOf("backfills", row.backfill));
  };
  const isFiltered = filters.text !== "" || filters.state !== null || filters.since !== "all";
  return (
    <>
      <DataTable
        label="Runs"
        columns={columns}
        shown={shown}
        rows={rows}
        keyOf={({ key }) => key}
        rowHeight={34}
        selected={picked}
        onSelect={props.onPick}
        onOpen={visit}
        onEnd={props.onMore}
        empty={
          isFiltered ? (
            <Empty title="No run passes the filter">
              <button type="button" class="nb-link" onClick={props.onClear}>
                Show all runs
              </button>
            </Empty>
          ) : (
            <Empty title="Nothing has run yet">
              Materialize an asset in the <A to="/assets">catalogue</A>, start a job from the <A to="/launchpad">launchpad</A>, or type <span class="nb-mono">nbasset run</span>.
            </Empty>
          )
        }
      />
      {picked.size > 0 && <Bulk picked={pickedOf(rows, picked)} onDone={() => props.onPick(new Set())} onAgain={setAsking} again={props.again} />}
      <div class="nb-runs-foot nb-micro">
        {feed.hasMore ? `The newest ${grouped(rows.length)}; older ones come as you scroll.` : `${grouped(rows.length)} in all.`}
        <span class="nb-push">
          <ColumnsButton columns={columns} shown={shown} onChange={setShown} />
        </span>
        <Button kind="quiet" icon="download" onClick={() => saveFile("runs.csv", csvOf(columns, rows), "text/csv")}>
          CSV
        </Button>
      </div>
      {asking !== null && <AgainDialog runs={asking} onClose={() => setAsking(null)} onDone={() => props.onPick(new Set())} />}
    </>
  );
}
