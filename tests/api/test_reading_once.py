"""What a request reads grows with the kinds of things that are asked for, not with the number of assets; code runs elsewhere."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from nbasset.api.context import ApiContext
from nbasset.api.execute import execute
from nbasset.api.workspace import Workspace
from nbasset.home import Home
from nbasset.instance import Instance

DOCUMENT = """query ($keys: [AssetKeyInput!]) { assetNodes(assetKeys: $keys) {
  assetKey { path } groupName jobNames isPartitioned partitionStats { numMaterialized } dependencyKeys { path }
  assetMaterializations(limit: 1) { timestamp runId } staleStatus staleCauses { reason } freshnessInfo { currentLagMinutes }
  assetChecksOrError { ... on AssetChecks { checks { name executionForLatestMaterialization { status } } } } } }"""


class CountingReader:
    """A reader that counts what it is asked."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._reader, name)
        if not callable(found):
            return found

        def counted(*args: Any, **options: Any) -> Any:
            self.calls[name] += 1
            return found(*args, **options)

        return counted


def reads(shop: Any, names: list[str]) -> Counter[str]:
    context = shop.context()
    counting = CountingReader(shop.instance.reader)
    context.__dict__["reader"] = counting
    answer = execute(DOCUMENT, {"keys": [{"path": [name]} for name in names]}, None, context)
    assert "errors" not in answer
    assert len(answer["data"]["assetNodes"]) == len(names)
    return counting.calls


def test_eight_assets_are_read_by_as_many_look_ups_as_two(shop: Any) -> None:
    two = reads(shop, ["orders", "sales"])
    many = reads(shop, ["orders", "sales", "total", "by_shop", "letters", "picky", "left", "right"])
    assert many == two
    assert set(two) == {"latest", "partition_tables", "checks", "active_runs"}


def test_what_is_not_asked_for_is_not_read(shop: Any) -> None:
    context = shop.context()
    counting = CountingReader(shop.instance.reader)
    context.__dict__["reader"] = counting
    answer = execute("{ assetNodes { assetKey { path } groupName dependencyKeys { path } jobNames } }", None, None, context)
    assert ("errors" in answer, counting.calls) == (False, Counter())


@pytest.mark.slow
def test_code_is_loaded_in_processes_of_its_own_and_a_broken_location_disturbs_no_other(tmp_path: Path) -> None:
    (tmp_path / "nbasset.toml").write_text("", encoding="utf-8")
    (tmp_path / "good_shelf.py").write_text(
        "import nbasset as nb\n\n@nb.asset\ndef books(): return [1]\n\n@nb.asset\ndef count(books): return len(books)\n", encoding="utf-8"
    )
    (tmp_path / "bad_shelf.py").write_text("import nbasset\n\nraise RuntimeError('no shelf')\n", encoding="utf-8")
    with Instance(Home(tmp_path)) as instance:
        workspace = Workspace(instance)
        try:
            document = """{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError { __typename
              ... on PythonError { className message stack place } } } } } assetNodes { assetKey { path } staleStatus } }"""
            answer = execute(document, None, None, ApiContext(instance, workspace))
        finally:
            workspace.close()
    assert "errors" not in answer
    entries = {one["name"]: one["locationOrLoadError"] for one in answer["data"]["workspaceOrError"]["locationEntries"]}
    broken = next(one for one in entries.values() if one["__typename"] == "PythonError")
    assert (broken["className"], "no shelf" in broken["message"]) == ("RuntimeError", True)
    assert ("bad_shelf.py" in broken["stack"][0], broken["place"]) == (True, "bad_shelf.py, line 3")
    assert [one["__typename"] for one in entries.values()].count("RepositoryLocation") == 1
    assert {one["assetKey"]["path"][0]: one["staleStatus"] for one in answer["data"]["assetNodes"]} == {
        "books": "MISSING",
        "count": "MISSING",
    }
