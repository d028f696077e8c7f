// The one main button of an asset: its text is the plan. The small one beside it holds the other ways to run.

import type { JSX } from "preact";
import { Button } from "../ui/Button";
import { grouped } from "../ui/format";
import { MenuButton } from "../ui/Pop";
import { useDesk } from "./host";

export function RunButton(props: { readonly selection: string; readonly asset: string; readonly stale: number; readonly short?: boolean }): JSX.Element {
  const desk = useDesk();
  const { selection, stale } = props;
  const off = desk.whyNot;
  const verb = props.short === true ? "" : "Materialize ";
  const label = stale > 0 ? `${verb}${props.short === true ? "Stale" : "stale"} (${grouped(stale)})` : "Materialize";
  return (
    <span class="nb-split">
      <Button
        kind="main"
        icon="play"
        disabled={!desk.canRun}
        title={off}
        onClick={() => desk.propose({ selection, ...(stale > 0 ? { only: "stale" } : {}) })}
      >
        {label}
      </Button>
      <MenuButton
        kind="main"
        after="down"
        label="More ways to run"
        disabled={!desk.canRun}
        items={[
          { label: "Materialize", detail: "this asset", onPick: () => desk.propose({ selection }) },
          { label: "With everything upstream", detail: "+asset", onPick: () => desk.propose({ selection: `+${selection}` }) },
          { label: "With everything downstream", detail: "asset+", onPick: () => desk.propose({ selection: `${selection}+` }) },
          { label: "Only what is stale", line: true, onPick: () => desk.propose({ selection, only: "stale" }) },
          { label: "Only what is stale, with upstream", onPick: () => desk.propose({ selection: `+${selection}`, only: "stale" }) },
          { label: "Only what is missing", onPick: () => desk.propose({ selection, only: "missing" }) },
          { label: "Only what failed", onPick: () => desk.propose({ selection, only: "failed" }) },
        ]}
      />
    </span>
  );
}
