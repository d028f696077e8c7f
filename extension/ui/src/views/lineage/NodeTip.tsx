// What a pointer (or the focus) over a node tells: state and age, rows, the last error, a spark-line.

import type { JSX } from "preact";
import type { NodeFacts } from "../../client/wire.gen";
import { Spark } from "../../ui/Charts";
import { StateCounts, StateWord } from "../../ui/Glyph";
import { ago, brief, fullTime, plural } from "../../ui/format";
import type { Anchor } from "../../ui/Pop";
import { Tip } from "../../ui/Pop";
import { cellName } from "../host";
import { wordsOf } from "./words";

export function NodeTip(props: {
  readonly node: NodeFacts;
  readonly anchor: Anchor;
  readonly now: number;
  readonly onEnter: () => void;
  readonly onLeave: () => void;
}): JSX.Element {
  const { node, now } = props;
  const last = node.spark?.values.findLast((value) => value !== null) ?? null;
  return (
    <Tip anchor={props.anchor} onEnter={props.onEnter} onLeave={props.onLeave}>
      <div class="nb-row">
        <span class="nb-key nb-strong">{node.key}</span>
        {node.counts.length === 0 && <StateWord state={node.state}>{wordsOf({ ...node, at: null }, now).fact}</StateWord>}
      </div>
      {node.counts.length > 0 && (
        <div class="nb-row nb-wrap" style={{ gap: "0 12px" }}>
          <StateCounts counts={node.counts} />
        </div>
      )}
      {node.description !== "" && <div class="nb-tip-text">{node.description.split("\n")[0]}</div>}
      <div class="nb-micro">
        {[
          node.at === null ? "" : `made ${ago(node.at, now)}`,
          node.rows === null ? "" : plural(node.rows, "row"),
          node.cell === null ? "" : cellName(node.cell).toLowerCase(),
          ...node.kinds,
        ]
          .filter((part) => part !== "")
          .join(", ")}
      </div>
      {node.at !== null && <div class="nb-micro">{fullTime(node.at)}</div>}
      {node.last_error !== null && <div class="nb-mono nb-tip-error">{node.last_error}</div>}
      {node.spark !== null && node.spark.values.length > 1 && (
        <div class="nb-row nb-micro">
          <Spark series={node.spark} />
          <span>
            {node.spark.label} {last === null ? "" : brief(last)} {node.spark.unit}
          </span>
        </div>
      )}
    </Tip>
  );
}
