// A short table of runs inside another page.

import type { JSX } from "preact";
import { StateWord } from "../../ui/Glyph";
import { Empty } from "../../ui/Notes";
import { RunId, RunState } from "./RunParts";
import { Took, When } from "./Time";

export interface ShortRun {
  readonly runId: string;
  readonly status: string;
  readonly title: string;
  readonly startedBy: string;
  readonly failureText: string | null;
  readonly creationTime: number;
  readonly startTime: number | null;
  readonly endTime: number | null;
}

export function ShortRuns(props: { readonly runs: readonly ShortRun[]; readonly now: number; readonly empty: string; readonly hasTitle?: boolean }): JSX.Element {
  const { runs, now } = props;
  if (runs.length === 0) return <Empty title="No runs yet">{props.empty}</Empty>;
  return (
    <div class="nb-scroll" tabIndex={0} role="region" aria-label="Runs">
      <table class="nb-t">
        <thead>
          <tr>
            <th>Run</th>
            <th>State</th>
            {props.hasTitle === true && <th>What</th>}
            <th>Started by</th>
            <th>Reason</th>
            <th class="nb-num">Started</th>
            <th class="nb-num">Took</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.runId}>
              <td><RunId run={run.runId} /></td>
              <td><RunState status={run.status} /></td>
              {props.hasTitle === true && <td class="nb-mono">{run.title}</td>}
              <td class="nb-2">{run.startedBy}</td>
              <td class="nb-reason" title={run.failureText ?? ""}>{run.failureText}</td>
              <td class="nb-num"><When at={run.startTime ?? run.creationTime} now={now} /></td>
              <td class="nb-num"><Took from={run.startTime} to={run.endTime} now={now} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** On or off, with what it is. */
export function OnOff({ isOn }: { readonly isOn: boolean }): JSX.Element {
  return isOn ? <StateWord state="fresh">on</StateWord> : <StateWord state="canceled">off</StateWord>;
}
