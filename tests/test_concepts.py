"""The table of concepts is honest: every line names what shows it, that exists, and little of weight is absent."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "docs" / "concepts.toml"
STATUSES = {"works", "better", "differs", "later", "absent"}

# Concepts of weight that are not there, each with the reason. A line of the table may be absent only if it stands here.
ABSENT: dict[str, str] = {}

# How many concepts the field knows in each section, at least. Each has a line, whatever is said of it.
CONCEPTS = {
    "Assets": 29, "Ops": 12, "Graphs": 7, "Jobs, runs, executors": 14, "Schedules": 13, "Sensors and conditions": 13,
    "Partitions and backfills": 18, "Storing and loading": 13, "Configuration": 9, "Code locations": 8, "Resources": 9,
    "Pages to look at and work from": 12, "GraphQL": 6, "Types": 7, "Logging": 7, "Testing": 7, "Instance and command line": 6,
    "Meanings that are easy to get wrong": 10,
}  # fmt: skip


@cache
def _rows() -> list[dict[str, Any]]:
    data = tomllib.loads(SOURCE.read_text(encoding="utf-8"))
    return [row | {"section": section["title"]} for section in data["section"] for row in section["rows"]]


def test_every_line_is_complete() -> None:
    odd = [
        row["row"]
        for row in _rows()
        if row["status"] not in STATUSES
        or row["tier"] not in {"core", "expected", "rare"}
        or (row["status"] in {"better", "differs", "later", "absent"} and not row.get("how"))
        or (row["status"] in {"works", "better", "differs"} and not row.get("shown_by"))
    ]
    assert odd == []


def test_what_a_line_names_exists() -> None:
    missing = [f"{row['row']}: {target}" for row in _rows() for target in row.get("shown_by", ()) if not _exists(target)]
    assert missing == []


def _exists(target: str) -> bool:
    file, _, name = target.partition("::")
    if file.endswith(".ipynb"):
        return (ROOT / "notebooks" / file).is_file()
    path = ROOT / file
    if not path.is_file() or path.suffix != ".py":
        return False
    return re.search(rf"^\s*(?:async )?def {re.escape(name)}\(", path.read_text(encoding="utf-8"), flags=re.MULTILINE) is not None


def test_no_concept_is_passed_over() -> None:
    found: dict[str, int] = {}
    for row in _rows():
        found[row["section"]] = found.get(row["section"], 0) + 1
    assert {section: found.get(section, 0) for section, least in CONCEPTS.items() if found.get(section, 0) < least} == {}
    assert set(found) == set(CONCEPTS)


def test_little_of_weight_is_absent() -> None:
    absent = {row["row"] for row in _rows() if row["status"] == "absent" and row["tier"] != "rare"}
    assert absent == set(ABSENT)


def test_no_two_lines_are_called_alike() -> None:
    names = [(row["section"], row["row"]) for row in _rows()]
    assert sorted(set(names)) == sorted(names)
