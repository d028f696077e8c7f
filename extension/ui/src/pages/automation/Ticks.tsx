// The ticks of one schedule or sensor, newest first: how each ended, what it started, or why it did not.

import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { Tick } from "../../client/documents/automation.gen";
import { pathOf } from "../../client/route";
import { Button, Chip } from "../../ui/Button";
import { Glyph, StateWord } from "../../ui/Glyph";
import { duration, grouped } from "../../ui/format";
import { Empty } from "../../ui/Notes";
import { shortRun } from "../../views/Words";
import { A } from "../frame/route";
import { ErrorText } from "../parts/ErrorText";
import { groupTicks } from "./groups";
import { tickLook } from "../parts/runStates";
import { When } from "../parts/Time";

export type TickFilter = "" | "SUCCESS" | "FAILURE" | "SKIPPED";

const FILTERS: readonly { readonly value: TickFilter; readonly label: string; readonly state: "fresh" | "failed" | "skipped" | null }[] = [
  { value: "", label: "All", state: null },
  { value: "SUCCESS", label: "Ran", state: "fresh" },
  { value: "FAILURE", label: "Failed", state: "failed" },
  { value: "SKIPPED", label: "Nothing to do", state: "skipped" },
];

export function tickFilter(text: string): TickFilter {
  return FILTERS.find(({ value }) => value === text)?.value ?? "";
}

export function Ticks(props: {
  readonly ticks: readonly Tick[];
  readonly now: number;
  readonly filter: TickFilter;
  readonly onFilter: (filter: TickFilter) => void;
  readonly hasCursor: boolean;
  readonly hasMore: boolean;
  readonly onMore: () => void;
}): JSX.Element {
  const { ticks, now } = props;
  const groups = useMemo(() => groupTicks(ticks), [ticks]);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (id: string): void => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  return (
    <section class="nb-card" role="group" aria-label="Ticks">
      <header class="nb-head">
        <h2 class="nb-title">Ticks</h2>
        {FILTERS.map(({ value, label, state }) => (
          <Chip key={value} pressed={props.filter === value} onClick={() => props.onFilter(value)}>
            {state !== null && <Glyph state={state} />} {label}
          </Chip>
        ))}
      </header>
      {ticks.length === 0 ? (
        <Empty title={props.filter === "" ? "No tick yet" : "No tick ended so"}>{props.filter === "" ? "It has not been evaluated; the daemon does that while it is on." : "See all of them."}</Empty>
      ) : (
        <div class="nb-scroll nb-line-top" tabIndex={0} role="region" aria-label="List of ticks">
          <table class="nb-t nb-ticks">
            <thead>
              <tr>
                <th>Tick</th>
                <th>Outcome</th>
                <th>Runs</th>
                <th>What happened</th>
                {props.hasCursor && <th>Cursor after it</th>}
                <th class="nb-num">Took</th>
              </tr>
            </thead>
            <tbody>
              {groups.map(({ tick, more }) => [
                <TickRow key={tick.tickId} tick={tick} more={more} isOpen={open.has(tick.tickId)} onToggle={() => toggle(tick.tickId)} now={now} hasCursor={props.hasCursor} />,
                ...(open.has(tick.tickId) ? more.map((one) => <TickRow key={one.tickId} tick={one} more={[]} now={now} hasCursor={props.hasCursor} />) : []),
              ])}
            </tbody>
          </table>
        </div>
      )}
      {props.hasMore && (
        <footer class="nb-foot">
          <Button onClick={props.onMore}>Show older ones</Button>
        </footer>
      )}
    </section>
  );
}

const RUNS = 4;

function TickRow(props: {
  readonly tick: Tick;
  readonly more: readonly Tick[];
  readonly now: number;
  readonly hasCursor: boolean;
  readonly isOpen?: boolean;
  readonly onToggle?: () => void;
}): JSX.Element {
  const { tick, more, now, hasCursor } = props;
  const oldest = more.at(-1);
  const look = tickLook(tick.status, tick.missed);
  // Lines that only repeat the runs, the error or the cursor stand in their own columns.
  const lines = tick.lines.filter((line) => !/^(run [0-9a-f]{6,}|cursor: )/.test(line));
  return (
    <tr>
      <td><When at={tick.timestamp} now={now} /></td>
      <td>
        <StateWord state={look.state}>{look.word}</StateWord>
        {oldest !== undefined && (
          <button type="button" class="nb-link nb-micro nb-again-times" aria-expanded={props.isOpen ?? false} onClick={props.onToggle}>
            {grouped(more.length + 1)} times since <When at={oldest.timestamp} now={now} />
          </button>
        )}
      </td>
      <td>
        {tick.runIds.slice(0, RUNS).map((run, at) => (
          <span key={run}>
            {at > 0 && ", "}
            <A to={pathOf("runs", run)} class="nb-mono">{shortRun(run)}</A>
          </span>
        ))}
        {tick.runIds.length > RUNS && <span class="nb-2"> and {tick.runIds.length - RUNS} more</span>}
      </td>
      <td class="nb-tick-what">
        {tick.error !== null ? <ErrorText error={tick.error} /> : lines.length > 0 ? lines.map((line) => <div key={line}>{line}</div>) : <span class="nb-2">{tick.skipReason}</span>}
      </td>
      {hasCursor && <td class="nb-mono nb-clip nb-tick-cursor" title={tick.cursor ?? ""}>{tick.cursor}</td>}
      <td class="nb-num nb-2">{tick.endTimestamp === null || tick.missed > 0 ? "" : duration(Math.max(0.001, tick.endTimestamp - tick.timestamp))}</td>
    </tr>
  );
}
