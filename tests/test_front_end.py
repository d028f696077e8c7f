"""The front end's own checks run with all others: types, style, unit tests, and what its lock file may say."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from pathlib import Path

import pytest

UI = Path(__file__).parents[1] / "extension" / "ui"


@pytest.mark.slow
@pytest.mark.node
@pytest.mark.parametrize("script", ["typecheck", "lint", "test"])
def test_types_style_and_unit_tests_of_the_front_end_hold(script: str) -> None:
    done = subprocess.run(["npm", "run", "--silent", script], cwd=UI, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_every_question_of_the_pages_is_one_that_the_server_accepts_and_its_types_are_those_of_the_schema() -> None:
    spec = importlib.util.spec_from_file_location("generate_documents", UI / "generate_documents.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    schema = module.build_schema(module.SCHEMA.read_text())
    documents = sorted(module.DOCUMENTS.glob("*.graphql"))
    stale = [one.name for one in documents if one.with_suffix(".gen.ts").read_text() != module.written(schema, one)]
    assert (len(documents) > 1, stale) == (True, []), "run extension/ui/generate_documents.py"


def test_the_lock_file_pins_what_is_in_a_package_by_its_hash_and_names_no_registry() -> None:
    packages = json.loads((UI / "package-lock.json").read_text())["packages"]
    assert [name for name, facts in packages.items() if name and "integrity" not in facts] == []
    assert [name for name, facts in packages.items() if "resolved" in facts] == []
