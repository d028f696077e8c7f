"""What changed between a notebook and the job that was made of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nbasset.commands.doctor import doctor
from nbasset.commands.promote import check_promoted
from nbasset.errors import UnknownJob
from nbasset.instance import Instance
from nbasset.promotion.drift import Drift, glance

from .promoting import CELLS, CLEAN, LOAD, ORDERS, PARAMETERS, TOTALS, Project, code


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.promote(parameters={"year": "2014"})
    return made


def found(project: Project) -> list[tuple[str, str]]:
    (job,) = check_promoted(project.home, apart=False)
    return [(one.kind, one.text) for one in job.found]


def changed(project: Project, number: int, source: str) -> None:
    cells = list(CELLS)
    cells[number - 1] = source
    project.save(*cells)


def test_a_job_that_was_just_promoted_has_not_drifted(project: Project) -> None:
    assert found(project) == []
    assert glance(project.file(), project.job()) == ""


def test_a_changed_helper_is_named_with_the_asset_and_the_lines(project: Project) -> None:
    changed(project, 4, CLEAN.replace("if row", "if row['n']"))
    assert found(project) == [("code", "totals: `clean()` in cell 4 changed")]
    (job,) = check_promoted(project.home, apart=False)
    assert "-    return [row for row in rows if row]\n+    return [row for row in rows if row['n']]" in job.found[0].diff
    assert glance(project.file(), project.job()) == "orders.ipynb was edited since it was promoted"


@pytest.mark.parametrize(
    "cells",
    [
        [*CELLS[:3], f"# a comment\n{CLEAN}", *CELLS[4:]],
        [*CELLS[:5], {"cell_type": "markdown", "metadata": {}, "source": "More."}, *CELLS[5:]],
        [*CELLS[:6], "another = look", *CELLS[6:]],
        [*CELLS[:3], ORDERS, CLEAN, *CELLS[5:]],
        [*CELLS[:2], code(PARAMETERS.replace("2013", "2012"), "parameters"), *CELLS[3:]],
    ],
    ids=["comment", "text", "scratch", "order", "default"],
)
def test_what_does_not_count_is_no_drift(project: Project, cells: list[str]) -> None:
    project.save(*cells)
    assert found(project) == []


def test_another_asset_is_no_drift_of_the_job(project: Project) -> None:
    changed(project, 5, ORDERS.replace("year", "year + 1"))
    assert found(project) == []


def test_a_parameter_that_is_gone_is_told(project: Project) -> None:
    cells = list(CELLS)
    cells[2] = code("carrier = 'AA'", "parameters")
    cells[4] = ORDERS.replace("year", "1")
    project.save(*cells)
    assert found(project) == [("parameters", "parameter year: the notebook has no such parameter. It has: carrier.")]


def test_an_asset_that_is_gone_is_told(project: Project) -> None:
    changed(project, 6, "%%asset sums\nclean(orders)")
    kinds = [kind for kind, _ in found(project)]
    assert kinds == ["selection"]
    assert found(project)[0][1].startswith("'totals' means nothing in ../notebooks/orders.ipynb any more: no asset 'totals' is defined")


def test_assets_that_a_selection_means_anew_or_no_longer_are_told(project: Project) -> None:
    project.promote("group:default", name="all")
    project.save(*CELLS, "@asset\ndef more(): ...")
    jobs = {job.name: [one.text for one in job.found] for job in check_promoted(project.home, apart=False)}
    assert jobs == {"all": ["'group:default' means more now, too"], "totals": []}
    changed(project, 5, ORDERS.replace("@asset", "@asset(group_name='other')"))
    jobs = {job.name: [one.text for one in job.found] for job in check_promoted(project.home, apart=False)}
    assert "'group:default' no longer means orders" in jobs["all"]


def test_another_environment_is_told(project: Project) -> None:
    text = project.file().read_text()
    version = project.job().environment.packages["nbasset"]
    project.file().write_text(text.replace(f'nbasset = "{version}"', 'nbasset = "0.0.1"\nno_such_package = "1.0"'))
    assert found(project) == [
        ("environment", f"nbasset is {version} here, and the job was promoted with 0.0.1"),
        ("environment", "no_such_package is not installed here, and the job was promoted with 1.0"),
    ]


def test_a_copy_edited_by_hand_is_told(project: Project) -> None:
    copy = project.copy()
    copy["cells"][3]["source"] = CLEAN.replace("if row", "")
    (project.root / "jobs" / "totals.ipynb").write_text(json.dumps(copy))
    assert ("copy", "totals.ipynb was edited by hand; the job runs what stands there, and promoting again overwrites it") in found(project)
    assert glance(project.file(), project.job()) == "totals.ipynb was edited since it was promoted"


def test_a_copy_in_another_layout_is_as_it_was(project: Project) -> None:
    (project.root / "jobs" / "totals.ipynb").write_text(json.dumps(project.copy()))
    assert found(project) == []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda project: project.notebook.unlink(), "its notebook ../notebooks/orders.ipynb cannot be loaded: cannot read the notebook"),
        (lambda project: project.notebook.write_text("{"), "its notebook ../notebooks/orders.ipynb cannot be loaded"),
        (lambda project: project.file().with_suffix(".ipynb").unlink(), "the notebook totals.ipynb cannot be read: No such file"),
        (lambda project: project.file().write_text("name ="), "it is not TOML"),
    ],
    ids=["no notebook", "broken notebook", "no copy", "broken file"],
)
def test_files_that_are_gone_or_broken_are_told(project: Project, spoil: Callable[[Project], None], said: str) -> None:
    spoil(project)
    assert any(said in text for _, text in found(project))
    with Instance.open(project.root) as instance:
        findings = [one for one in doctor(instance).findings if one.name == "jobs"]
    assert [one.status for one in findings] in (["note"], ["warning"])


def test_an_unknown_job_is_told_with_the_nearest(project: Project) -> None:
    with pytest.raises(UnknownJob, match=r"no promoted job 'total' in .*Did you mean 'totals'"):
        check_promoted(project.home, ["total"], apart=False)
    shutil.rmtree(project.root / "jobs")
    with pytest.raises(UnknownJob, match="None was promoted yet"):
        check_promoted(project.home, ["total"], apart=False)
    assert check_promoted(project.home, apart=False) == ()


def test_jobs_are_compared_in_a_process_of_their_own(project: Project) -> None:
    changed(project, 6, TOTALS.replace("clean(orders)", "orders"))
    (job,) = check_promoted(project.home, ["totals"])
    assert [one.kind for one in job.found] == ["code"]
    assert isinstance(job.found[0], Drift)


def test_the_doctor_says_which_notebooks_were_edited(project: Project) -> None:
    with Instance.open(project.root) as instance:
        said = next(one for one in doctor(instance).findings if one.name == "jobs")
        assert (said.status, said.text) == ("ok", "1 promoted job, as promoted")
        project.save(*CELLS, LOAD)
        said = next(one for one in doctor(instance).findings if one.name == "jobs")
    assert (said.status, said.text, said.remedy) == (
        "note", "totals: orders.ipynb was edited since it was promoted", "nbasset promote --check",
    )  # fmt: skip
