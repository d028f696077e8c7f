"""From a notebook and a plan to the copy that papermill executes. Pure: data in, data out.

- Cells that the planned assets do not need get the tag ``skip-execution`` and a line that says so. Of a cell that is needed in part, the
  other statements stand as comments.
- After the cell that defines an asset (or later, when something it needs stands below) a generated cell makes it, so that its table, prints
  and figures stand under its definition.
- Cells that an earlier run generated are left out, so an executed notebook can be run again.
- After a cell whose assets are read but not made, since they are there, a line says so.
- Verbs in the notebook (``%asset run``, ``%asset graph``) do not run: the run is the one that is planned. Lines such as ``%load_ext`` do.

The copy has the ids of the notebook's cells, and ids made from them for generated cells: preparing twice gives the same.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.keys import AssetKey
from nbasset.planning.plan import RunPlan
from nbasset.promotion.written import SKIP_TAG
from nbasset.source.program import Cell, Place
from nbasset.source.shapes import parse

GENERATED_TAG = "nbasset-generated"
ERROR_TAG = "papermill-error-cell-tag"  # papermill removes cells with this tag before it executes the notebook again
LEFT_OUT = "# not part of this run: "
SKIPPED = "Not part of this run."
KEPT = "not made in this run, which reads what is stored."
QUIET_MAGICS = frozenset({"load_ext", "reload_ext", "autoreload", "matplotlib", "config"})
_LOADER = "load_ext"


@dataclass(frozen=True, slots=True)
class Part:
    """What of a notebook takes part in a run.

    `nodes` are the nodes of the catalog that the kernel has to know, each with the statements it needs, its own among them; the plan's are
    among them. `always` are statements that belong to none of them. `magics` are the line magics of each cell: its lines and their names.
    `assets` are the keys that a node makes, as people write them.
    """

    nodes: Mapping[str, Sequence[Place]]
    always: Sequence[Place] = ()
    magics: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    assets: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def places(self) -> dict[str, list[Place]]:
        """All statements that run, by cell."""
        found: dict[str, list[Place]] = {}
        for place in dict.fromkeys([*self.always, *(place for places in self.nodes.values() for place in places)]):
            found.setdefault(place.cell, []).append(place)
        return found


def prepare(notebook: Mapping[str, Any], cells: Sequence[Cell], part: Part, plan: RunPlan) -> dict[str, Any]:
    """The notebook as it will be executed for `plan`. `cells` are its code cells as they were read; the notebook itself is not changed."""
    made = copy.deepcopy(dict(notebook))
    made["nbformat_minor"] = max(5, int(made.get("nbformat_minor", 5)))
    by_index = {cell.index: cell for cell in cells}
    places = part.places
    runs: set[int] = set()
    for index, item in enumerate(made["cells"]):
        item["id"] = item.get("id") or f"cell-{index + 1}"
        item.setdefault("metadata", {})
        item["source"] = _text(item.get("source"))
        if item.get("cell_type") != "code":
            continue
        cell = by_index.get(index)
        item["outputs"], item["execution_count"] = [], None
        if cell is None or not item["source"].strip():
            continue
        item["id"] = cell.id
        if _take_part(item, cell, places.get(cell.id), part.magics.get(cell.id, {})):
            runs.add(index)
        else:
            _skip(item)
    _insert(made, cells, part, plan, runs)
    return made


def with_notes(prepared: dict[str, Any], notes: Sequence[str]) -> dict[str, Any]:
    """The same with sentences about the run on top, in a cell that the next run leaves out."""
    if notes:
        ids = {item["id"] for item in prepared["cells"]}
        lines = "\n".join(f"- {note}" for note in notes)
        prepared["cells"].insert(0, _note(_free("nbasset-notes", ids), lines))
    return prepared


def is_generated(cell: Mapping[str, Any]) -> bool:
    """Whether `prepare` made this cell."""
    return GENERATED_TAG in cell.get("metadata", {}).get("tags", ())


def marked(notebook: Mapping[str, Any], index: int, what: str) -> dict[str, Any]:
    """The executed notebook with the cell at `index` marked as the one where the run ended; a line on top leads there."""
    made = copy.deepcopy(dict(notebook))
    kept = [(at, cell) for at, cell in enumerate(made["cells"]) if ERROR_TAG not in cell["metadata"].get("tags", ())]
    above = _markdown("nbasset-run-ended-here", f'<span id="nbasset-run-ended-here" style="color:#b00020">**{what} in this cell:**</span>')
    top = _markdown("nbasset-run-ended", f'<span style="color:#b00020">**{what}:** [see the cell](#nbasset-run-ended-here)</span>')
    made["cells"] = [top]
    for at, cell in kept:
        made["cells"] += [above, cell] if at == index else [cell]
    return made


def _markdown(cell_id: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": cell_id, "metadata": {"tags": [ERROR_TAG]}, "source": text}


# -- cells of the notebook ----------------------------------------------------------------------------------------------------


def _take_part(item: dict[str, Any], cell: Cell, places: Sequence[Place] | None, magics: Mapping[int, str]) -> bool:
    """Whether the cell runs; what of it does not run is made a comment."""
    if cell.role == "parameters":
        return True
    if cell.role == "asset":
        return places is not None
    if places is None and (cell.role != "code" or not (_is_quiet(cell, magics) or _LOADER in magics.values())):
        return False
    kept = {line for place in places or () for line in range(place.first_line, place.last_line + 1)}
    kept |= {line for line, name in magics.items() if name in QUIET_MAGICS}
    lines = item["source"].split("\n")
    for first, last in spans_of(cell):
        span = range(first, last + 1)
        if kept.isdisjoint(span) and last <= len(lines):
            for line in span:
                lines[line - 1] = (LEFT_OUT if line == first else "# ") + lines[line - 1]
    item["source"] = "\n".join(lines)
    return True


def _is_quiet(cell: Cell, magics: Mapping[int, str]) -> bool:
    """Whether the cell does nothing but load extensions and the like."""
    statements = spans_of(cell)
    return bool(statements) and all(magics.get(first) in QUIET_MAGICS for first, _ in statements)


def spans_of(cell: Cell) -> list[tuple[int, int]]:
    """First and last lines of the statements of a cell; statements that share a line are taken together."""
    try:
        tree = parse(cell.text)
    except (SyntaxError, ValueError):
        return []
    spans: list[tuple[int, int]] = []
    for node in tree.body:
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
        last = node.end_lineno or node.lineno
        if spans and first <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(last, spans[-1][1]))
        else:
            spans.append((first, last))
    return spans


def _skip(item: dict[str, Any]) -> None:
    tags = [tag for tag in item["metadata"].get("tags", []) if tag != SKIP_TAG]
    item["metadata"]["tags"] = [*tags, SKIP_TAG]
    html = f'<small style="color:var(--jp-ui-font-color2, #666)">{SKIPPED}</small>'
    item["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": {"text/plain": SKIPPED, "text/html": html}}]


def _text(source: Any) -> str:
    return "".join(str(line) for line in source) if isinstance(source, list) else str(source or "")


# -- generated cells ----------------------------------------------------------------------------------------------------------


def made_in(cell_id: str, cells: Sequence[Cell], part: Part, plan: RunPlan) -> frozenset[str]:
    """The nodes that the generated cell of this id makes."""
    index = next((cell.index for cell in cells if run_cell_id(cell.id) == cell_id), None)
    where = _where(part, plan, {cell.id: cell.index for cell in cells})
    return frozenset(node for node, at in where.items() if at == index)


def run_cell_id(cell_id: str) -> str:
    """The id of the cell generated for a cell."""
    return f"{cell_id[:50]}-run"


def _insert(made: dict[str, Any], cells: Sequence[Cell], part: Part, plan: RunPlan, runs: Collection[int]) -> None:
    index_of = {cell.id: cell.index for cell in cells}
    wanted: dict[int, list[AssetKey]] = {}
    for index, keys in _positions(part, plan, index_of):
        wanted.setdefault(index, []).extend(keys)
    kept = _not_made(part, plan, index_of)
    ids = {item["id"] for item in made["cells"] if not _is_from_before(item)}
    rebuilt: list[dict[str, Any]] = []
    first = min((index_of[cell] for cell in part.places if cell in index_of), default=0)
    loads = (made["cells"][index] for index in runs if index <= first)
    if not any(_loads_us(item) and not _is_from_before(item) for item in loads):
        rebuilt.append(_generated("load", _free("nbasset-load", ids), "%load_ext nbasset"))
    for index, item in enumerate(made["cells"]):
        if not _is_from_before(item):
            rebuilt.append(item)
        if index in wanted:
            words = " ".join(str(key) for key in dict.fromkeys(wanted[index]))
            rebuilt.append(_generated("run", _free(run_cell_id(item["id"]), ids), f"%asset run {words} --run {plan.run_id}"))
        if index in kept:
            names = ", ".join(f"`{name}`" for name in kept[index])
            rebuilt.append(_note(_free(f"{item['id'][:50]}-kept", ids), f"{names}: {KEPT}"))
    made["cells"] = rebuilt


def _not_made(part: Part, plan: RunPlan, index_of: Mapping[str, int]) -> dict[int, list[str]]:
    """The assets that the run only reads, by the cell in which they are defined."""
    planned = {step.node for step in plan.steps}
    found: dict[int, list[str]] = {}
    for node, places in part.nodes.items():
        cells = [index_of[place.cell] for place in places if place.cell in index_of]
        if node not in planned and cells:
            found.setdefault(max(cells), []).extend(part.assets.get(node, (node,)))
    return found


def _is_from_before(item: Mapping[str, Any]) -> bool:
    """Whether an earlier run put the cell into what is an executed notebook."""
    return not {GENERATED_TAG, ERROR_TAG}.isdisjoint(item["metadata"].get("tags", ()))


def _positions(part: Part, plan: RunPlan, index_of: Mapping[str, int]) -> Iterable[tuple[int, tuple[AssetKey, ...]]]:
    where = _where(part, plan, index_of)
    keys: dict[str, dict[AssetKey, None]] = {}
    for step in plan.steps:
        keys.setdefault(step.node, {}).update(dict.fromkeys(step.assets or [check.asset for check in step.checks]))
    return [(where[node], tuple(found)) for node, found in keys.items()]


def _where(part: Part, plan: RunPlan, index_of: Mapping[str, int]) -> dict[str, int]:
    """Behind which cell each node of the plan runs: its statements stand above, and so do the runs of what it waits for."""
    steps = plan.by_key
    where: dict[str, int] = {}
    for step in plan.steps:
        own = [index_of[place.cell] for place in part.nodes.get(step.node, ()) if place.cell in index_of]
        above = [where[steps[key].node] for key in step.after if steps[key].node in where]
        where[step.node] = max([where.get(step.node, 0), *own, *above])
    return where


def _loads_us(item: Mapping[str, Any]) -> bool:
    return any(line.split()[:2] == [f"%{_LOADER}", "nbasset"] for line in item["source"].split("\n"))


def _free(wanted: str, ids: set[str]) -> str:
    found, number = wanted, 2
    while found in ids:
        found, number = f"{wanted}-{number}", number + 1
    ids.add(found)
    return found


def _generated(kind: str, cell_id: str, source: str) -> dict[str, Any]:
    metadata = {"tags": [GENERATED_TAG], "nbasset": {"generated": kind}}
    return {"cell_type": "code", "id": cell_id, "metadata": metadata, "source": source, "outputs": [], "execution_count": None}


def _note(cell_id: str, text: str) -> dict[str, Any]:
    metadata = {"tags": [GENERATED_TAG], "nbasset": {"generated": "note"}}
    return {"cell_type": "markdown", "id": cell_id, "metadata": metadata, "source": f"<small>{text}</small>"}
