// All assets.

import type { JSX } from "preact";
import { PageHead } from "./frame/Frame";

export default function Catalogue(): JSX.Element {
  return <PageHead title="Catalogue" fills />;
}
