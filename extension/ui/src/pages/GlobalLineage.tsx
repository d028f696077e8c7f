// The lineage of everything that is defined.

import type { JSX } from "preact";
import { PageHead } from "./frame/Frame";
import { LiveView } from "./frame/LiveView";
import { useParam } from "./frame/route";

export default function GlobalLineage(): JSX.Element {
  const [selection] = useParam("q", "");
  return (
    <PageHead title="Lineage" fills>
      <h2 class="nb-unseen">Graph</h2>
      <LiveView view={{ type: "lineage", selection, direction: "right" }} what="The lineage" opensHere fills keeps="" />
    </PageHead>
  );
}
