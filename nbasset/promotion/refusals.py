"""Why a notebook cannot be promoted: every reason at once, each with its cell and what to do.

A job runs without anybody to help it, in a process that knows nothing but the file. So its part of the notebook must have no problem and
lean on nothing hidden, its cells must stand in the order of the graph, what it makes must outlast the process, and no secret may stand in
what is committed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from nbasset.definitions.catalog import Catalog
from nbasset.errors import Problem
from nbasset.keys import AssetKey
from nbasset.locations.document import INJECTED, NotebookDocument
from nbasset.locations.location import Location
from nbasset.secrets import looks_secret, mask_secrets
from nbasset.source.program import Cell

_MASKED = re.compile(r"\*\*\*([^*\s]+)\*\*\*")


def refusals(
    location: Location, catalog: Catalog, chosen: Collection[AssetKey], *, in_memory: Callable[[AssetKey], bool], copy: Mapping[str, Any]
) -> list[Problem]:
    """What stands in the way of a job that makes `chosen` and executes `copy`; empty when nothing does.

    `in_memory` tells of an asset whether its values end with the process that made them. Secrets that this process knows are looked for.
    """
    document = location.source
    assert isinstance(document, NotebookDocument)
    return [
        *_of_part(catalog, chosen),
        *_parameters(document),
        *_order(location, catalog, chosen, document),
        *_memory(location, catalog, chosen, in_memory, document),
        *_secrets(document, copy),
    ]


def _of_part(catalog: Catalog, chosen: Collection[AssetKey]) -> Iterator[Problem]:
    """Problems of the chosen assets and of what they read: both are defined in the kernel."""
    part, front = set(chosen), list(chosen)
    while front:
        for key in catalog.upstream.get(front.pop(), ()):
            if key not in part:
                part.add(key)
                front.append(key)
    # One cell may spoil many assets; that is one thing to mend.
    yield from dict.fromkeys(replace(one, asset=None) for one in catalog.problems_of(frozenset(part)))


def _parameters(document: NotebookDocument) -> Iterator[Problem]:
    cells = [cell for cell in document.cells() if cell.role == "parameters" and INJECTED not in document.tags[cell.id]]
    if len(cells) > 1:
        places = ", ".join(cell.label for cell in cells[:-1]) + f" and {cells[-1].label}"
        yield Problem(
            "parameters",
            f"{places} have the tag `parameters`, so it is not clear where the values of a run go",
            document.name,
            f"Keep the tag at one of them, put all parameters there, and save. {cells[0].label} is the first.",
        )


def _order(location: Location, catalog: Catalog, chosen: Collection[AssetKey], document: NotebookDocument) -> Iterator[Problem]:
    cells = {cell.id: cell for cell in document.cells()}
    where = {key: place for key in chosen if (place := _root(location, catalog, key, cells)) is not None}
    for key in catalog.order:
        for above in catalog.upstream.get(key, ()):
            if key in where and above in where and where[above][0].index > where[key][0].index:
                cell, line = where[key]
                below = where[above][0]
                yield Problem(
                    "cell-order",
                    f"'{key}' in {cell.label} reads '{above}', which stands below it, in {below.label}: a run from the top is too early",
                    f"{cell.label}, line {line} ({document.name})",
                    f"Move {below.label} above {cell.label}, and save.",
                    asset=str(key),
                )


def _memory(
    location: Location, catalog: Catalog, chosen: Collection[AssetKey], in_memory: Callable[[AssetKey], bool], document: NotebookDocument
) -> Iterator[Problem]:
    cells = {cell.id: cell for cell in document.cells()}
    read = {above for key in chosen for above in catalog.upstream.get(key, ()) if above in catalog.by_key}
    for key in catalog.order:
        asset = catalog.by_key[key]
        if not (key in chosen or key in read) or asset.node is None or not in_memory(key):
            continue
        root = _root(location, catalog, key, cells)
        yield Problem(
            "memory",
            f"'{key}' is kept by the I/O manager '{asset.spec.io_manager_key}' in memory, which ends with the process that made it",
            f"{root[0].label}, line {root[1]} ({document.name})" if root is not None else document.name,
            "Take the io_manager_key away, so that it is stored as Parquet, or name a manager that lasts.",
            asset=str(key),
        )


def _root(location: Location, catalog: Catalog, key: AssetKey, cells: Mapping[str, Cell]) -> tuple[Cell, int] | None:
    """The cell and line that define an asset."""
    asset = catalog.by_key.get(key)
    place = location.code.place(asset.node) if asset is not None and asset.node is not None else None
    root = place.roots[0] if place is not None and place.roots else None
    return (cells[root.cell], root.first_line) if root is not None and root.cell in cells else None


# -- secrets ------------------------------------------------------------------------------------------------------------------


def _secrets(document: NotebookDocument, copy: Mapping[str, Any]) -> Iterator[Problem]:
    labels = {cell.id: cell.label for cell in document.cells()}
    for cell in copy["cells"]:
        for number, line in enumerate(cell["source"].split("\n"), start=1):
            masked = mask_secrets(line)
            if masked == line:
                continue
            found = _MASKED.search(masked)
            label = labels.get(cell["id"], "a text cell")
            what = f"the value of the environment variable {found[1]}" if found is not None else "a password"
            name = f'"{found[1]}"' if found is not None else "NAME"
            hint = f"Put it into an environment variable, and write EnvVar({name}) in its place; then save."
            yield Problem(
                "secret", f"{label}, line {number} holds {what}, and a job is committed", f"{label}, line {number} ({document.name})",
                hint,
            )  # fmt: skip
    for cell_id, magics in document.magics.items():
        for magic in magics:
            name = re.split(r"[\s=]", magic.argument.strip(), maxsplit=1)[0]
            if magic.name in ("env", "set_env") and looks_secret(name) and name != magic.argument.strip():
                where = f"{labels[cell_id]}, line {magic.line}"
                hint = "Set it where the kernel or the daemon is started; then save."
                yield Problem("secret", f"{where} sets {name}, and a job is committed", f"{where} ({document.name})", hint)


def secret_values(values: Mapping[str, object], *, what: str) -> Iterator[str]:
    """Which of some named values must not stand in a file: secrets by name, and values of secrets that this process knows.

    >>> list(secret_values({"api_key": "k"}, what="parameter"))
    ['parameter api_key: by its name it is a secret, and a job file is committed. Read it in the notebook: EnvVar("API_KEY").']
    """
    for name, value in values.items():
        masked = mask_secrets(str(value))
        found = _MASKED.search(masked) if masked != str(value) else None
        if found is not None:
            why, variable = f"its value is that of {found[1]}", found[1]
        elif looks_secret(name) and isinstance(value, str):
            why, variable = "by its name it is a secret", name.upper()
        else:
            continue
        yield f'{what} {name}: {why}, and a job file is committed. Read it in the notebook: EnvVar("{variable}").'
