// A panel after a message. Pure: the store decides when, the views decide how it looks.

import { changed } from "./runs";
import type { GroupFacts, LineageView, LogLine, Message, NodeFacts, Panel, RunChanged, RunView } from "./wire.gen";

const LOG_KEPT = 5_000;

/** Exhausts a union: a message that nobody handles does not compile. */
export function assertNever(value: never): never {
  throw new Error(`unexpected ${JSON.stringify(value)}`);
}

export function reduce(panel: Panel, message: Message): Panel {
  switch (message.type) {
    case "replaced":
      return message.panel;
    case "nodes":
      return panel.view.type === "lineage"
        ? { ...panel, seq: message.seq, at: message.at, view: withNodes(panel.view, message.nodes, message.groups) }
        : { ...panel, seq: message.seq };
    case "drawn":
      return { ...panel, seq: message.seq, at: message.at, view: message.lineage };
    case "states":
      return panel.view.type === "grid"
        ? {
            ...panel,
            seq: message.seq,
            at: message.at,
            view: { ...panel.view, states: changed(panel.view.states, message.changes), progress: message.progress },
          }
        : { ...panel, seq: message.seq };
    case "run_changed":
      return panel.view.type === "run"
        ? { ...panel, seq: message.seq, at: message.at, view: withRun(panel.view, message) }
        : { ...panel, seq: message.seq };
    case "told":
      return { ...panel, seq: message.seq };
    case "answered":
      return panel;
    default:
      return assertNever(message);
  }
}

function withNodes(view: LineageView, nodes: readonly NodeFacts[], groups: readonly GroupFacts[]): LineageView {
  const fresh = new Map(nodes.map((node) => [node.key, node]));
  const counted = new Map(groups.map((group) => [group.name, group]));
  return {
    ...view,
    nodes: view.nodes.map((node) => fresh.get(node.key) ?? node),
    groups: view.groups.map((group) => counted.get(group.name) ?? group),
  };
}

function withRun(view: RunView, change: RunChanged): RunView {
  const fresh = new Map(change.steps.map((step) => [step.key, step]));
  const steps = view.steps.map((step) => {
    const next = fresh.get(step.key);
    fresh.delete(step.key);
    return next ?? step;
  });
  const failed = new Set(change.errors.map((error) => error.step));
  return {
    ...view,
    state: change.state,
    steps: [...steps, ...fresh.values()],
    errors: [...view.errors.filter((error) => !failed.has(error.step)), ...change.errors],
    log: withLines(view.log, change.lines),
    started_at: change.started_at ?? view.started_at,
    ended_at: change.ended_at ?? view.ended_at,
    eta_s: change.eta_s,
    note: change.note === "" ? view.note : change.note,
  };
}

/** Lines in order of their numbers, each once; only the newest are kept, the rest can be fetched. */
export function withLines(log: readonly LogLine[], lines: readonly LogLine[]): readonly LogLine[] {
  if (lines.length === 0) return log;
  const last = log.at(-1)?.number ?? -1;
  const inOrder = lines.every((line, at) => line.number > (lines[at - 1]?.number ?? last));
  if (inOrder) return [...log, ...lines].slice(-LOG_KEPT);
  const byNumber = new Map([...log, ...lines].map((line) => [line.number, line]));
  return [...byNumber.values()].toSorted((a, b) => a.number - b.number).slice(-LOG_KEPT);
}
