"""The gallery as its readers run it: every notebook from top to bottom in a fresh kernel, in a folder of its own, without a warning."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from nbasset.locations.notebook import load_notebook

FOLDER = Path(__file__).parents[2] / "notebooks"
GALLERY = sorted(path.stem for path in FOLDER.glob("*.ipynb") if path.stem != "flights")  # flights has tests of its own


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a copy of the gallery, which is a home."""
    (tmp_path / "nbasset.toml").touch()
    for path in FOLDER.glob("*.ipynb"):
        shutil.copy(path, tmp_path)
    monkeypatch.delenv("NBASSET_HOME", raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONWARNINGS", "default")  # whatever a library warns of stands on standard error, where nothing may stand
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("name", GALLERY)
def test_it_runs_from_top_to_bottom_in_a_fresh_kernel(name: str, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", str(copy / f"{name}.ipynb"))  # what the server of JupyterLab tells each kernel
    notebook = nbformat.read(copy / f"{name}.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(copy)}})
    client.execute()
    noise = {
        cell["id"]: output["text"]
        for cell in notebook["cells"]
        for output in cell.get("outputs", ())
        if output["output_type"] == "stream" and output["name"] == "stderr"
    }
    assert noise == {}


@pytest.mark.parametrize("name", GALLERY)
def test_its_assets_load_without_its_scratch_cells(name: str, copy: Path) -> None:
    location = load_notebook(copy / f"{name}.ipynb", home=copy)
    assert [str(problem) for problem in location.definitions.catalog.problems] == []


@pytest.mark.parametrize("name", GALLERY)
def test_it_is_a_valid_notebook_that_begins_with_a_title(name: str) -> None:
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    first = notebook["cells"][0]
    assert (notebook["nbformat"], notebook["nbformat_minor"], first["cell_type"]) == (4, 5, "markdown")
    assert first["source"].startswith("# ")


def test_no_two_notebooks_of_the_gallery_define_one_asset(copy: Path) -> None:
    """They share a home when somebody opens them all in one folder."""
    makers: dict[str, set[str]] = {}
    for name in [*GALLERY, "flights"]:
        for asset in load_notebook(copy / f"{name}.ipynb", home=copy).definitions.catalog.assets:
            makers.setdefault(str(asset.key), set()).add(name)
    assert {key: names for key, names in makers.items() if len(names) > 1} == {}
