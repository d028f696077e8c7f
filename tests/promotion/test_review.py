"""The review sheet of a promotion: what a run makes beyond what was selected, what it would not find, where the files are."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbasset.commands.promote import check_promoted
from nbasset.commands.promotion_words import checked_text

from .promoting import CELLS, CLEAN, LOAD, Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_function_of_several_assets_is_told_with_all_that_it_makes(project: Project) -> None:
    several = "@multi_asset(outs={'left': AssetOut(), 'right': AssetOut()})\ndef both() -> tuple[int, int]:\n    return 1, 2"
    project.save(LOAD, "from nbasset import AssetOut, multi_asset", several, "%%asset totals\nleft")
    review = project.promote("+totals", dry_run=True).review
    assert [one.assets for one in review.nodes] == [("left", "right"), ("totals",)]


@pytest.mark.parametrize(
    ("partitions", "read", "is_told"),
    [
        ("", "days", True), ("all", "days", False), ("stale", "days", False), ("2013-01-01..2013-01-03", "days", False),
        ("2013-01-01", "days", True), ("", "missing", False),
    ],
)  # fmt: skip
def test_partitions_that_are_read_and_neither_there_nor_made_are_told(project: Project, partitions: str, read: str, is_told: bool) -> None:
    allowed = "ins={'days': AssetIn(metadata={'allow_missing_partitions': True})}" if read == "missing" else ""
    totals = f"@asset({allowed})\ndef totals(days: dict) -> int:\n    return len(days)"
    project.save(LOAD, "from nbasset import AssetIn", "%%asset days --partitions daily:2013-01-01..2013-01-03\n1", totals)
    told = [text for text in project.promote("+totals", partitions=partitions, dry_run=True).review.warnings if "all partitions" in text]
    assert len(told) == is_told
    if told:
        assert told[0].startswith("'totals' reads all partitions of 'days', and 2 of them are neither there nor made by a run")
        assert "%asset backfill +days --only missing" in told[0]


def test_a_difference_is_told_by_its_lines_alone(project: Project) -> None:
    project.promote()
    project.save(*CELLS[:3], CLEAN.replace("if row", "if row['n']"), *CELLS[4:])
    assert checked_text(check_promoted(project.home, apart=False)).split("\n") == [
        "totals: 1 difference",
        "  totals: `clean()` in cell 4 changed",
        "     def clean(rows):",
        "    -    return [row for row in rows if row]",
        "    +    return [row for row in rows if row['n']]",
        "  Bring it up to date: %asset promote --name totals",
    ]


def test_a_notebook_that_was_moved_keeps_its_job(project: Project) -> None:
    project.promote(cron=("@daily",))
    project.notebook = project.notebook.rename(project.notebook.with_name("moved.ipynb"))
    said = checked_text(check_promoted(project.home, apart=False))
    assert "its notebook ../notebooks/orders.ipynb cannot be loaded" in said
    assert "up to date" not in said
    assert project.promote(name="totals").review.state == "changed"
    assert project.job().source == "../notebooks/moved.ipynb"
    assert project.job().schedule is not None
