// One asset.

import type { JSX } from "preact";
import { PageHead } from "./frame/Frame";
import type { PageProps } from "./frame/route";
import { LiveView } from "./frame/LiveView";

export default function Asset({ params }: PageProps): JSX.Element {
  const key = params.get("key") ?? "";
  return (
    <PageHead title={key} shown={<span class="nb-mono">{key}</span>}>
      <LiveView view={{ type: "asset", asset: key }} what={key} />
    </PageHead>
  );
}
