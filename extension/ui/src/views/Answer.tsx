// What the kernel answered, under the view that asked: a plan, a reason, a history, rows; or that a run was started, or why not.

import type { JSX } from "preact";
import { assertNever } from "../client/reduce";
import type { Command, Result } from "../client/wire.gen";
import { Button } from "../ui/Button";
import type { Loaded } from "../ui/hooks";
import { Note, Waiting } from "../ui/Notes";
import { AssetPanel } from "./AssetPanel";
import { DiffCard } from "./DiffCard";
import { HistoryCard } from "./HistoryCard";
import { useDesk } from "./host";
import { PlanCard } from "./PlanCard";
import { Preview } from "./Preview";
import { ShownCard } from "./Shown";
import { WhyCard } from "./WhyCard";
import { shortRun } from "./Words";

export function Answer(props: {
  readonly command: Command;
  readonly loaded: Loaded<Result>;
  readonly again: () => void;
  readonly onClose: () => void;
}): JSX.Element {
  const Frame = useDesk().host.answerFrame;
  const words = namesOf(props.command);
  if (Frame !== undefined) {
    return (
      <Frame title={`${words.slice(0, 1).toUpperCase()}${words.slice(1)}`} onClose={props.onClose}>
        <Waiting loaded={props.loaded} what={words} again={props.again}>
          {(result) => <ResultCard result={result} command={props.command} onClose={props.onClose} />}
        </Waiting>
      </Frame>
    );
  }
  return (
    <div class="nb-answer" role="region" aria-label="Answer">
      <span class="nb-answer-close">
        <Button kind="icon" icon="x" label="Close the answer" onClick={props.onClose} />
      </span>
      <Waiting loaded={props.loaded} what={namesOf(props.command)} again={props.again}>
        {(result) => <ResultCard result={result} command={props.command} onClose={props.onClose} />}
      </Waiting>
    </div>
  );
}

function ResultCard({ result, command, onClose }: { readonly result: Result; readonly command: Command; readonly onClose: () => void }): JSX.Element | null {
  const desk = useDesk();
  switch (result.type) {
    case "plan":
      return <PlanCard view={result} target={command.type === "make_plan" ? command.target : null} />;
    case "why":
      return <WhyCard view={result} />;
    case "history":
      return <HistoryCard view={result} />;
    case "diff":
      return <DiffCard view={result} />;
    case "preview":
      return <Preview view={result} />;
    case "shown":
      return <ShownCard view={result} />;
    case "asset":
      return (
        <section class="nb-card" role="group" aria-label={`Asset ${result.key}`}>
          <AssetPanel view={result} isSide={false} onClose={onClose} />
        </section>
      );
    case "started":
      return (
        <Note state="running">
          <span class="nb-row">
            <span>
              {result.backfill === null ? "Run" : "Backfill"} <span class="nb-mono">{shortRun(result.backfill ?? result.run)}</span> started{result.text === "" ? "." : `: ${result.text}`}
            </span>
            {result.run !== "" && (
              <Button icon="launch" onClick={() => desk.openRun(result.run)}>
                Follow it
              </Button>
            )}
          </span>
        </Note>
      );
    case "refused":
      return <Note state="failed">{result.text}</Note>;
    case "done":
      return result.text === "" ? null : <Note state="fresh">{result.text}</Note>;
    case "key":
    case "metric":
    case "log":
    case "output":
    case "comparison":
    case "dot":
      return null;
    default:
      return assertNever(result);
  }
}

function namesOf(command: Command): string {
  switch (command.type) {
    case "make_plan":
      return "the plan";
    case "fetch_why":
      return `why ${command.asset} is so`;
    case "fetch_history":
      return `the history of ${command.asset}`;
    case "fetch_diff":
      return `two versions of ${command.asset}`;
    case "fetch_shown":
      return `what ${command.asset} displayed`;
    case "fetch_preview":
      return `rows of ${command.asset}`;
    case "fetch_asset":
      return command.asset;
    case "materialize":
      return "the run";
    default:
      return "the answer";
  }
}
