// The lineage of everything that is defined, or of one location; what is found, opened and selected stands in the address.

import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { LineagePlacesDocument } from "../client/documents/assets.gen";
import { Select } from "../ui/Form";
import { plural } from "../ui/format";
import { NothingYet } from "./catalogue/Nothing";
import { PageHead } from "./frame/Frame";
import { LiveView } from "./frame/LiveView";
import { useQuery } from "./frame/query";
import { useParam } from "./frame/route";

const WIDE = 1100;

export default function GlobalLineage(): JSX.Element {
  const [selection] = useParam("q", "");
  const [wanted, setLocation] = useParam("location", "");
  const [chosen] = useParam("direction", "");
  // As it was when the page was opened: the view turns itself from there on.
  const [direction] = useState(() => directionOf(chosen));
  const { data } = useQuery(LineagePlacesDocument, {}, { on: ({ other }) => other.includes("locations") });
  const places = useMemo(() => counted((data?.assetNodes ?? []).map(({ repository }) => repository.location.name)), [data]);
  const location = places.find(({ name }) => name === wanted)?.name ?? "";
  return (
    <PageHead
      title="Lineage"
      above={data === null ? "" : plural(data.assetNodes.length, "asset")}
      fills
      actions={
        places.length > 1 ? (
          <Select
            label="Location"
            value={location}
            options={[{ value: "", label: "All locations" }, ...places.map(({ name, count }) => ({ value: name, label: `${name} (${count})` }))]}
            onChange={setLocation}
          />
        ) : undefined
      }
    >
      <h2 class="nb-unseen">Graph</h2>
      {data !== null && places.length === 0 ? (
        <NothingYet broken={[]} />
      ) : (
        <LiveView
          key={`${location} ${selection}`}
          view={{ type: "lineage", selection, direction, ...(location === "" ? {} : { location }) }}
          what="The lineage"
          opensHere
          fills
          keeps=""
        />
      )}
    </PageHead>
  );
}

/** From left to right where there is room, else from top to bottom. */
export function directionOf(chosen: string): "down" | "right" {
  return chosen === "down" || chosen === "right" ? chosen : innerWidth >= WIDE ? "right" : "down";
}

/** Each location with how many assets it has, in the order of the project. */
function counted(names: readonly string[]): readonly { readonly name: string; readonly count: number }[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => ({ name, count }));
}
