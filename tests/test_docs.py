"""The manual says what the code says: generated pages are up to date, every name has an example that runs, links lead somewhere."""

from __future__ import annotations

import doctest
import importlib.util
import inspect
import re
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import nbasset

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def _generator() -> ModuleType:
    """`docs/generate.py`, which is in no package."""
    name = "nbasset_docs_generator"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, DOCS / "generate.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.mark.parametrize("page", ["names.md", "verbs.md", "settings.md", "concepts.md"])
def test_generated_pages_are_up_to_date(page: str) -> None:
    """`make docs` writes them anew."""
    assert (DOCS / page).read_text(encoding="utf-8") == _generator().pages()[page]


def test_every_public_name_stands_in_the_manual() -> None:
    text = (DOCS / "names.md").read_text(encoding="utf-8")
    assert [name for name in nbasset.__all__ if f"`{name}`" not in text] == []


# These have sense only in a running notebook: each stands in a notebook of the gallery instead, written so.
IN_NOTEBOOKS = {"load_ipython_extension": "%load_ext nbasset", "unload_ipython_extension": "%unload_ext nbasset", "assets": "assets["}


def test_every_public_name_has_an_example_that_runs() -> None:
    """The examples themselves run as doctests of their modules: those of functions and classes, and those at the top of a module."""
    names = [name for name in nbasset.__all__ if name != "__version__" and name not in IN_NOTEBOOKS]
    assert len(names) > 200
    assert [name for name in names if not any(example.want for example in _examples(name))] == []


def _examples(name: str) -> list[doctest.Example]:
    """Examples of a name that pytest runs. An object that is no function or class (a ready-made resource, an alias) has none of its own
    that it would find, so one in its module has to use it.
    """
    value: Any = getattr(nbasset, name)
    module = sys.modules[f"nbasset.{nbasset._PLACES[name]}"] if name in nbasset._PLACES else nbasset
    collected = [test for test in _collected(module) if test.examples]
    if inspect.isclass(value) or inspect.isroutine(inspect.unwrap(value)):
        where = {f"{module.__name__}.{name}", f"{module.__name__}.{value.__name__}"}
        return [one for test in collected if test.name in where for one in _running(test)]
    return [one for test in collected if any(name in one.source for one in _running(test)) for one in _running(test)]


@cache
def _collected(module: ModuleType) -> list[doctest.DocTest]:
    return doctest.DocTestFinder(exclude_empty=True).find(module)


def _running(test: doctest.DocTest) -> list[doctest.Example]:
    return [example for example in test.examples if not example.options.get(doctest.SKIP)]


@pytest.mark.parametrize("use", IN_NOTEBOOKS.values())
def test_what_only_notebooks_can_use_is_shown_in_one(use: str) -> None:
    assert any(use in path.read_text(encoding="utf-8") for path in (ROOT / "notebooks").glob("*.ipynb"))


def test_every_page_of_the_manual_is_on_its_map() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    assert [page.name for page in DOCS.glob("*.md") if page.name != "index.md" and f"({page.name})" not in index] == []


def test_links_lead_to_files_that_exist() -> None:
    pages = [*DOCS.glob("*.md"), *ROOT.glob("*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists()
    ]
    assert broken == []


def test_links_into_a_page_lead_to_a_heading() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}#{anchor}"
        for page in [*DOCS.glob("*.md"), *ROOT.glob("*.md")]
        for target, anchor in re.findall(r"\]\(([^)#:]*\.md)?#([^)]*)\)", page.read_text(encoding="utf-8"))
        if anchor not in _anchors(page.parent / target if target else page)
    ]
    assert broken == []


@cache
def _anchors(page: Path) -> frozenset[str]:
    """What a forge calls the headings of a page."""
    headings = re.findall(r"^#+ +(.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings)
