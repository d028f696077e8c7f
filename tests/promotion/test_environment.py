"""What a job was promoted with, and what is otherwise here."""

from __future__ import annotations

from importlib import metadata

import pytest

from nbasset.locations.job_file import EnvironmentEntry, JobFile
from nbasset.promotion.environment import captured, differences, python_version


def test_only_distributions_that_the_code_imports_are_noted_and_nbasset() -> None:
    text = (
        "import json, pandas.api\nfrom nbasset import asset\nfrom numpy.linalg import inv\nfrom . import own\nimport not_installed_anywhere"
    )
    assert captured([text]) == EnvironmentEntry(
        python_version(), False, {name: metadata.version(name) for name in ("nbasset", "numpy", "pandas")}
    )


def test_a_distribution_may_be_called_otherwise_than_its_module() -> None:
    assert set(captured(["import yaml"]).packages) == {"nbasset", "PyYAML"}


def test_of_a_package_that_many_share_only_the_one_that_is_imported_counts() -> None:
    providers = metadata.packages_distributions()
    shared = next((top for top, names in sorted(providers.items()) if len(set(names)) > 1 and not top.startswith("_")), None)
    if shared is None:
        pytest.skip("no namespace is shared here")
    all_of_it = set(captured([f"import {shared}"]).packages)
    assert len(all_of_it) > 1


def test_text_that_is_no_python_imports_nothing() -> None:
    assert set(captured(["def ("]).packages) == {"nbasset"}


def test_nothing_differs_where_nothing_was_noted_or_all_is_the_same() -> None:
    assert differences(JobFile("a", "a.ipynb", "a")) == []
    assert differences(JobFile("a", "a.ipynb", "a", environment=captured(["import pandas"]))) == []


def test_what_is_otherwise_is_told_with_both_versions() -> None:
    job = JobFile("a", "a.ipynb", "a", environment=EnvironmentEntry("3.1", False, {"pandas": "0.1", "absent": "2"}))
    assert differences(job) == [
        f"Python is {python_version()} here, and the job was promoted with 3.1",
        "absent is not installed here, and the job was promoted with 2",
        f"pandas is {metadata.version('pandas')} here, and the job was promoted with 0.1",
    ]
