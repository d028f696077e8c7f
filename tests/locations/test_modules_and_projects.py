"""Locations of plain Python, and all locations of a project."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nbasset.definitions.asset_decorators import asset
from nbasset.definitions.definitions import Definitions
from nbasset.errors import LocationError
from nbasset.home import Home
from nbasset.keys import AssetKey
from nbasset.locations.location import Location
from nbasset.locations.module import load_module, load_module_file
from nbasset.locations.plain import location_of
from nbasset.locations.project_files import forget_modules
from nbasset.locations.workspace import is_place, load_workspace, place_named, places_of
from nbasset.settings import LocationSettings, Settings

ORDERS = "from nbasset import asset\n\nRATE = 2\n\n\n@asset\ndef orders():\n    return [RATE]\n"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A folder whose modules are forgotten afterwards."""
    before = list(sys.path)
    yield tmp_path
    sys.path[:] = before
    forget_modules([tmp_path])


def _write(path: Path, text: str = ORDERS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def _keys(location: Location) -> list[str]:
    return [str(one.key) for one in location.definitions.catalog.assets]


def test_a_module_file_is_imported_and_its_assets_have_versions(project: Path) -> None:
    location = load_module_file(_write(project / "sales_mod.py"))
    assert (location.name, location.kind, _keys(location)) == ("sales_mod", "module", ["orders"])
    found = location.code.slice("orders")
    assert found is not None
    assert "RATE = 2" in found.text
    reference = location.code_ref("orders", lambda text: "kept")
    assert (reference.kind, reference.location, reference.source_id) == ("module", "sales_mod", "kept")
    assert reference.version == found.version != ""


def test_a_module_is_read_anew_on_reload(project: Path) -> None:
    path = _write(project / "sales_mod.py")
    before = load_module_file(path)
    _write(path, ORDERS.replace("RATE = 2", "RATE = 20"))
    after = before.reload()
    assert after.definitions.get_assets_def("orders")() == [20]
    assert after.code.version("orders") != before.code.version("orders")


def test_a_definitions_object_of_a_module_says_all_there_is(project: Path) -> None:
    text = ORDERS + "\n\n@asset\ndef hidden():\n    return 1\n\n\ndefs = Definitions([orders], resources={'db': 1})\n"
    location = load_module_file(_write(project / "sales_mod.py", text.replace("import asset", "import Definitions, asset")))
    assert (_keys(location), location.definitions.resources) == (["orders"], {"db": 1})


def test_a_package_is_all_its_modules_and_follows_its_helpers(project: Path) -> None:
    _write(project / "shop" / "__init__.py", "")
    _write(project / "shop" / "helpers.py", "def double(x):\n    return 2 * x\n")
    _write(project / "shop" / "raw.py")
    _write(
        project / "shop" / "reports.py",
        "from nbasset import asset\nfrom shop.helpers import double\n\n\n@asset\ndef total(orders):\n    return double(sum(orders))\n",
    )
    location = load_module_file(project / "shop")
    assert (location.name, location.kind, sorted(_keys(location))) == ("shop", "package", ["orders", "total"])
    found = location.code.slice("total")
    assert found is not None
    assert "def double" in found.text
    _write(project / "shop" / "helpers.py", "def double(x):\n    return x + x\n")
    assert location.reload().code.version("total") != found.version


def test_assets_made_by_a_factory_are_told_apart_by_their_statement(project: Path) -> None:
    text = (
        "from nbasset import asset\n\n\ndef make(name, value):\n    @asset(name=name)\n    def made():\n        return value\n"
        "    return made\n\n\na = make('a', 1)\nb = make('b', 2)\n"
    )
    location = load_module_file(_write(project / "made_mod.py", text))
    versions = {node: location.code.version(node) for node in ("a", "b")}
    assert versions["a"] != versions["b"]
    _write(project / "made_mod.py", text.replace("make('a', 1)", "make('a', 3)"))
    again = location.reload()
    assert again.code.version("a") != versions["a"]
    assert again.code.version("b") == versions["b"]


def test_a_module_that_raises_is_told_with_its_line(project: Path) -> None:
    with pytest.raises(LocationError, match=r"broken_mod\.py, line 2: ZeroDivisionError"):
        load_module_file(_write(project / "broken_mod.py", "x = 0\ny = 1 / x\n"))


@pytest.mark.parametrize(
    ("name", "message"), [("no_such_module_at_all", "no module 'no_such_module_at_all'"), ("json.no_such", "json.no_such")]
)
def test_an_unknown_module_is_told(name: str, message: str) -> None:
    with pytest.raises(LocationError, match=message):
        load_module(name)


def test_a_file_that_is_called_like_a_module_of_the_library_loads_as_itself(project: Path) -> None:
    location = load_module_file(_write(project / "queue.py"))
    assert _keys(location) == ["orders"]
    assert sys.modules["queue"].__file__ != str(project / "queue.py")


def test_a_folder_that_is_no_package_and_a_text_file_are_no_locations(project: Path) -> None:
    with pytest.raises(LocationError, match=r"no __init__\.py"):
        load_module_file(project)
    with pytest.raises(LocationError, match="no Python file"):
        load_module_file(_write(project / "notes.txt"))


def test_plain_definitions_find_their_code_in_the_file_that_made_them() -> None:
    @asset
    def local_orders() -> int:
        return 1

    location = location_of(Definitions([local_orders]))
    found = location.code.slice("local_orders")
    assert found is None or "local_orders" in found.text


def test_definitions_from_a_prompt_have_no_version_and_live_here() -> None:
    namespace: dict[str, object] = {"asset": asset, "__name__": "prompt"}
    exec("@asset\ndef typed():\n    return 1", namespace)
    location = location_of(Definitions([namespace["typed"]]))
    assert location.code.version("typed") == ""
    assert location.code_ref("typed", lambda text: "kept").kind == "live"


# -- projects ---------------------------------------------------------------------------------------------------------------------


def _project(root: Path, write_notebook: Callable[..., Path]) -> Home:
    write_notebook("%%asset flights\n[1]", name="notebooks/flights.ipynb")
    write_notebook("print('nothing of ours')", name="notebooks/other.ipynb")
    _write(root / "notebooks" / "deep" / "sales_mod.py")
    _write(root / "setup.py", "import nbasset")
    _write(root / "unrelated.py", "x = 1")
    _write(root / "src" / "shop" / "__init__.py", "")
    _write(root / "src" / "shop" / "assets.py", ORDERS.replace("orders", "shop_orders"))
    _write(root / "tests" / "test_things.py")
    return Home(root)


def test_locations_are_found_by_convention(project: Path, write_notebook: Callable[..., Path]) -> None:
    places = places_of(_project(project, write_notebook), Settings())
    assert [str(place.path.relative_to(project)) for place in places if place.path is not None] == [
        "notebooks/flights.ipynb", "notebooks/deep/sales_mod.py", "src/shop",
    ]  # fmt: skip


@pytest.mark.parametrize("lines", [["import pandas\n", "from nbasset import asset\n"], "import pandas\nfrom nbasset import asset"])
def test_a_notebook_that_is_one_line_of_json_is_found_by_convention(tmp_path: Path, lines: object) -> None:
    cells = [{"cell_type": "code", "source": lines, "metadata": {}, "outputs": [], "execution_count": None}]
    (tmp_path / "one_line.ipynb").write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
    (tmp_path / "speaks_of_it.py").write_text("# as in, from nbasset import asset\nx = 1\n")
    assert [place.path for place in places_of(Home(tmp_path), Settings())] == [tmp_path / "one_line.ipynb"]


def test_listed_locations_replace_the_convention(project: Path, write_notebook: Callable[..., Path]) -> None:
    home = _project(project, write_notebook)
    listed = Settings(locations=(LocationSettings("notebooks/*.ipynb"), LocationSettings(module="shop.assets"), LocationSettings("shop")))
    names = [place.path.name if place.path is not None else place.module for place in places_of(home, listed)]
    assert names == ["flights.ipynb", "other.ipynb", "shop.assets", "shop"]


def test_one_broken_location_breaks_no_other(project: Path, write_notebook: Callable[..., Path]) -> None:
    home = _project(project, write_notebook)
    (project / "notebooks" / "bad.ipynb").write_text('{"%%asset": ')
    _write(project / "notebooks" / "worse.py", "import nbasset\nraise RuntimeError('no')")
    workspace = load_workspace(home, Settings())
    found = {location.name: location.is_broken for location in workspace.locations}
    assert found == {"bad.ipynb": True, "flights.ipynb": False, "worse.py": True, "sales_mod": False, "shop": False}
    with pytest.raises(LocationError, match="RuntimeError: no"):
        workspace.location("worse.py").check()
    with pytest.raises(LocationError, match=r"Did you mean 'flights\.ipynb'"):
        workspace.location("flight.ipynb")
    (project / "notebooks" / "worse.py").write_text(ORDERS)
    assert not workspace.location("worse.py").reload().is_broken


def test_a_word_is_a_location_only_if_it_names_code(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    _write(project / "raw" / "orders.csv", "1")
    _write(project / "code" / "x.py")
    found = {word: is_place(word) for word in ("raw", "code", "x.ipynb", "orders", "raw/", ".", "group:raw")}
    assert found == {"raw": False, "code": True, "x.ipynb": True, "orders": False, "raw/": True, ".": True, "group:raw": False}
    assert place_named("shop.assets").module == "shop.assets"


def test_upstream_of_a_module_asset_is_found_by_parameter(project: Path) -> None:
    location = load_module_file(_write(project / "sales_mod.py", ORDERS + "\n\n@asset\ndef total(orders):\n    return sum(orders)\n"))
    assert location.definitions.catalog.upstream[AssetKey("total")] == (AssetKey("orders"),)
