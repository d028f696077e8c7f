// The order of a table, kept in the address: `name`, or `took-down` for the greatest first.

import type { Sorting } from "../../ui/DataTable";
import { useParam } from "../frame/route";

export function useSorting(): readonly [Sorting | null, (next: Sorting) => void] {
  const [text, setText] = useParam("sort", "");
  const sorting = text === "" ? null : { column: text.replace(/-down$/, ""), isDown: text.endsWith("-down") };
  return [sorting, ({ column, isDown }) => setText(isDown ? `${column}-down` : column, "replace")];
}
