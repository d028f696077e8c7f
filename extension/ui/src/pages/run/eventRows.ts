// The events of a run as rows of a table: what they are called here, how urgent they are, and the facts that came with them.

import type { Fact, RunEventsData } from "../../client/documents/run.gen";
import type { State } from "../../client/wire.gen";

export type Answer = RunEventsData["logsForRun"];
export type ServerEvent = Extract<Answer, { readonly __typename: "EventConnection" }>["events"][number];

export interface EventRow {
  /** Its place in the run, from 0; part of the address of a row. */
  readonly number: number;
  readonly at: number;
  readonly step: string | null;
  readonly kind: Kind;
  readonly word: string;
  readonly state: State | null;
  readonly level: "error" | "warning" | "info" | "debug";
  readonly text: string;
  readonly facts: readonly ShownFact[];
}

export type Kind = "step" | "data" | "check" | "log" | "run" | "other";

export interface ShownFact {
  readonly label: string;
  readonly text: string;
  readonly to: { readonly asset: string } | { readonly run: string } | { readonly url: string } | null;
}

export const KINDS: readonly { readonly value: Kind; readonly label: string }[] = [
  { value: "step", label: "Steps" },
  { value: "data", label: "Data" },
  { value: "check", label: "Checks" },
  { value: "log", label: "Log lines" },
  { value: "run", label: "Run" },
  { value: "other", label: "Other" },
];

const NAMES: { readonly [typename: string]: readonly [word: string, kind: Kind, state: State | null] } = {
  ExecutionStepStartEvent: ["Step started", "step", "running"],
  ExecutionStepSuccessEvent: ["Step done", "step", "fresh"],
  ExecutionStepFailureEvent: ["Step failed", "step", "failed"],
  ExecutionStepUpForRetryEvent: ["Retry set", "step", "retrying"],
  ExecutionStepRestartEvent: ["Tried again", "step", "retrying"],
  ExecutionStepSkippedEvent: ["Step skipped", "step", "skipped"],
  ExecutionStepInputEvent: ["Input", "data", null],
  ExecutionStepOutputEvent: ["Output", "data", null],
  LoadedInputEvent: ["Input loaded", "data", null],
  HandledOutputEvent: ["Output stored", "data", null],
  MaterializationEvent: ["Materialized", "data", "fresh"],
  ObservationEvent: ["Observed", "data", null],
  AssetMaterializationPlannedEvent: ["Planned", "data", null],
  FailedToMaterializeEvent: ["Not materialized", "data", "failed"],
  AssetCheckEvaluationEvent: ["Check", "check", null],
  AssetCheckEvaluationPlannedEvent: ["Check planned", "check", null],
  StepExpectationResultEvent: ["Expectation", "check", null],
  LogMessageEvent: ["Log", "log", null],
  LogsCapturedEvent: ["Output captured", "other", null],
  RunEnqueuedEvent: ["Queued", "run", "queued"],
  RunDequeuedEvent: ["Left the queue", "run", "queued"],
  RunStartingEvent: ["Starting", "run", "queued"],
  RunStartEvent: ["Started", "run", "running"],
  RunSuccessEvent: ["Succeeded", "run", "fresh"],
  RunFailureEvent: ["Failed", "run", "failed"],
  RunCancelingEvent: ["Stopping", "run", "canceled"],
  RunCanceledEvent: ["Canceled", "run", "canceled"],
  EngineEvent: ["Engine", "other", null],
  HookCompletedEvent: ["Hook done", "other", null],
  HookErroredEvent: ["Hook failed", "other", "failed"],
  HookSkippedEvent: ["Hook skipped", "other", "skipped"],
  ResourceInitStartedEvent: ["Resource opening", "other", null],
  ResourceInitSuccessEvent: ["Resource open", "other", null],
  ResourceInitFailureEvent: ["Resource failed", "other", "failed"],
};

/** Rows in the order of the run; the numbers go on from `first`. */
export function eventRows(events: readonly ServerEvent[], first = 0): readonly EventRow[] {
  return events.flatMap((event, at): readonly EventRow[] => {
    if (!("message" in event)) return [];
    const [word, kind, state] = NAMES[event.__typename] ?? [event.__typename.replace(/Event$/, "").replace(/(?!^)([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`), "other", null];
    const level = levelOf(event.level);
    const error = "error" in event ? event.error : null;
    const asset = "assetKey" in event && event.assetKey !== null && event.assetKey !== undefined ? event.assetKey.path.join("/") : null;
    const partition = "partition" in event ? event.partition : null;
    const text = error === null || error === undefined ? event.message : errorWords(error);
    return [
      {
        number: first + at,
        at: Number(event.timestamp) / 1000,
        step: event.stepKey,
        kind,
        word,
        level,
        state: state ?? (level === "error" ? "failed" : level === "warning" ? "warned" : null),
        text,
        facts: [
          ...(asset === null ? [] : [{ label: "asset", text: asset, to: { asset } }]),
          ...(typeof partition === "string" ? [{ label: "partition", text: partition, to: null }] : []),
          ...("secondsToWait" in event && event.secondsToWait !== null && event.secondsToWait !== undefined ? [{ label: "in", text: `${event.secondsToWait} s`, to: null }] : []),
          ...("metadataEntries" in event ? (event.metadataEntries ?? []).map(shownFact) : []),
        ],
      },
    ];
  });
}

/** The place, the class, what it says; the class once. */
function errorWords(error: { readonly place: string; readonly className: string | null; readonly message: string }): string {
  const message = error.message.trim();
  const named = error.className === null || error.className === "" || message.startsWith(error.className) ? message : `${error.className}: ${message}`;
  return error.place === "" ? named : `${error.place}: ${named}`;
}

export function shownFact(fact: Fact): ShownFact {
  const { label } = fact;
  const plain = (text: string): ShownFact => ({ label, text, to: null });
  switch (fact.__typename) {
    case "TextMetadataEntry":
      return plain(fact.text);
    case "IntMetadataEntry":
      return plain(fact.intRepr);
    case "FloatMetadataEntry":
      return plain(fact.floatRepr);
    case "BoolMetadataEntry":
      return plain(fact.boolValue === true ? "yes" : fact.boolValue === false ? "no" : "");
    case "UrlMetadataEntry":
      return { label, text: fact.url, to: /^https?:\/\//.test(fact.url) ? { url: fact.url } : null };
    case "PathMetadataEntry":
    case "NotebookMetadataEntry":
      return plain(fact.path);
    case "JsonMetadataEntry":
      return plain(fact.jsonString);
    case "MarkdownMetadataEntry":
      return plain(fact.mdStr);
    case "AssetMetadataEntry":
      return { label, text: fact.assetKey.path.join("/"), to: { asset: fact.assetKey.path.join("/") } };
    case "PipelineRunMetadataEntry":
      return { label, text: fact.runId.slice(0, 8), to: { run: fact.runId } };
    case "TimestampMetadataEntry":
      return plain(new Date(fact.timestamp * 1000).toISOString());
    default:
      return plain(fact.description ?? "");
  }
}

function levelOf(level: string): EventRow["level"] {
  if (level === "ERROR" || level === "CRITICAL") return "error";
  return level === "WARNING" ? "warning" : level === "DEBUG" ? "debug" : "info";
}

export interface EventFilters {
  readonly text: string;
  readonly kinds: ReadonlySet<string>;
  readonly step: string | null;
  readonly level: "all" | "warning" | "error";
}

export function passing(rows: readonly EventRow[], filters: EventFilters): readonly EventRow[] {
  const words = filters.text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return rows.filter(
    (row) =>
      (filters.kinds.size === 0 || filters.kinds.has(row.kind)) &&
      (filters.step === null || row.step === filters.step) &&
      (filters.level === "all" || row.level === "error" || (filters.level === "warning" && row.level === "warning")) &&
      words.every((word) => `${row.step ?? ""} ${row.word} ${row.text} ${row.facts.map(({ label, text }) => `${label} ${text}`).join(" ")}`.toLowerCase().includes(word)),
  );
}
