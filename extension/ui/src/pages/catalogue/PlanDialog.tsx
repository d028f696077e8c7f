// What materializing the picked assets would do, location by location; run from there.

import type { JSX } from "preact";
import type { Target } from "../../client/wire.gen";
import { Dialog } from "../../ui/Dialog";
import { useLoaded } from "../../ui/hooks";
import { Note, Waiting } from "../../ui/Notes";
import { only, useDesk } from "../../views/host";
import { PlanCard } from "../../views/PlanCard";
import { LiveView } from "../frame/LiveView";
import type { Row } from "./rows";

export function PlanDialog(props: { readonly rows: readonly Row[]; readonly only: "all" | "stale"; readonly upstream: boolean; readonly onClose: () => void }): JSX.Element {
  const runnable = props.rows.filter(({ canRun }) => canRun);
  const locations = [...new Set(runnable.map(({ location }) => location))];
  const left = props.rows.length - runnable.length;
  return (
    <Dialog title={props.only === "stale" ? "Materialize what is stale" : "Materialize"} onClose={props.onClose} wide>
      <div class="nb-stack">
        {locations.map((location) => {
          const keys = runnable.filter((row) => row.location === location).map(({ key }) => key);
          const picked = keys.map(only).join(" or ");
          const selection = props.upstream ? (keys.length > 1 ? `+(${picked})` : `+${picked}`) : picked;
          return (
            <LiveView key={location} view={{ type: "lineage", location, selection: picked }} what="the plan">
              {() => <Planned target={{ selection, only: props.only }} />}
            </LiveView>
          );
        })}
        {locations.length === 0 && <Note state="external">None of these is made here.</Note>}
        {left > 0 && locations.length > 0 && <Note state="external">{left} of them are made elsewhere and left out.</Note>}
      </div>
    </Dialog>
  );
}

function Planned({ target }: { readonly target: Target }): JSX.Element {
  const desk = useDesk();
  const [loaded, again] = useLoaded(() => desk.store.ask({ type: "make_plan", target }), [target.selection, target.only]);
  return (
    <Waiting loaded={loaded} what="the plan" until="the server is at it" again={again}>
      {(result) => (result.type === "plan" ? <PlanCard view={result} target={target} /> : <Note state="failed">{result.type === "refused" ? result.text : "The server gave another answer."}</Note>)}
    </Waiting>
  );
}
