"""``pytest notebook.ipynb``: the tests that a notebook's cells define, and its asset checks.

What is collected are functions named ``test...``, classes named ``Test...`` and the fixtures beside them, with exactly the statements that
they need: a notebook is loaded as nbasset loads it, so scratch cells do not run. An asset is called with values like the function it is.
Each asset check is a test too, evaluated on what is stored (``--nbasset-checks=stored``, nothing is recorded), or on values that are made
for it (``fresh``). While tests of a notebook run, `Instance.get()` is a temporary home, unless ``--nbasset-home`` names another.

A notebook is collected when it is named on the command line, or matches ``nbasset_notebooks`` of the configuration. pytest imports this
module whenever nbasset is installed, so it loads nothing of nbasset until there is a notebook to read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from nbasset.commands.scope import Scope
    from nbasset.events.facts import CheckKey
    from nbasset.locations.notebook import NotebookTests

_PROJECT = "project"


class CheckWarning(pytest.PytestWarning):
    """A check of severity WARN did not pass."""


class CheckFailed(Exception):
    """A check did not pass, or could not be evaluated. Its text is all that there is to say."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the group ``nbasset``."""
    group = parser.getgroup("nbasset", "notebooks of assets")
    group.addoption(
        "--nbasset-home", default="", metavar="FOLDER",
        help="where tests of notebooks keep records and data: a folder, or 'project' for the notebook's own; by default a temporary one",
    )  # fmt: skip
    group.addoption(
        "--nbasset-checks", choices=("stored", "fresh", "off"), default="stored",
        help="evaluate asset checks on what is stored, on values made for the test, or not at all (default: stored)",
    )  # fmt: skip
    parser.addini("nbasset_notebooks", "globs of notebooks that are collected without being named", type="args", default=[])


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A notebook that is named, or matches the configuration."""
    if file_path.suffix != ".ipynb" or ".ipynb_checkpoints" in file_path.parts:
        return None
    globs = parent.config.getini("nbasset_notebooks")
    if parent.session.isinitpath(file_path) or any(file_path.match(glob) for glob in globs):
        collector: pytest.Collector = NotebookModule.from_parent(parent, path=file_path)
        return collector
    return None


class NotebookModule(pytest.Module):
    """The tests of one notebook, collected as those of a module are, and its asset checks."""

    _tests: NotebookTests

    def _getobj(self) -> Any:
        from _pytest.assertion.rewrite import rewrite_asserts

        from nbasset.errors import Error
        from nbasset.locations.notebook import load_tests

        def rewrite(tree: Any, text: bytes) -> None:
            rewrite_asserts(tree, text, None, self.config)

        with _home_of(self.config, self.path, self._temporary("loading")), _inside(self.path.parent):
            try:
                self._tests = load_tests(self.path, rewrite=rewrite)
            except Error as error:
                raise self.CollectError(f"{type(error).__name__}: {error}") from None
        vars(self._tests.module)["_nbasset_home"] = _home_fixture()
        return self._tests.module

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Tests in the order of the cells, then checks."""
        yield from super().collect()
        for where, why in self._tests.failed.items():
            yield BrokenTest.from_parent(self, name=where, why=why)
        if self.config.getoption("--nbasset-checks") != "off":
            for check in self._tests.location.definitions.resolve().catalog.checks:
                key = check.spec.key
                yield CheckItem.from_parent(self, name=f"check[{key.asset}:{key.name}]", check=key, place=check.place)

    def scope(self) -> Scope:
        """The notebook's assets, with the home that checks read: the notebook's own, or the one that is named."""
        from nbasset.commands.scope import Scope
        from nbasset.home import find_home
        from nbasset.instance import Instance

        named = self.config.getoption("--nbasset-home")
        fresh = self.config.getoption("--nbasset-checks") == "fresh"
        if named and named != _PROJECT:
            root = Path(named).resolve()
        elif named == _PROJECT or not fresh:
            root = find_home(self.path).root
        else:
            root = self._temporary("home")
        return Scope(self._tests.location.check(), Instance.open(root))

    def _temporary(self, name: str) -> Path:
        """A folder of this notebook, made once in a session."""
        made = self.__dict__.setdefault("_folders", {})
        if name not in made:
            factory: pytest.TempPathFactory = self.config._tmp_path_factory  # type: ignore[attr-defined]
            made[name] = factory.mktemp(f"nbasset-{name}")
        found: Path = made[name]
        return found


class CheckItem(pytest.Item):
    """One asset check."""

    def __init__(self, *, check: CheckKey, place: str | None, **options: Any) -> None:
        super().__init__(**options)
        self.check = check
        self.place = place or ""

    def runtest(self) -> None:
        """Evaluate it.

        Raises
        ------
        CheckFailed
            If it does not pass, or cannot be evaluated.
        """
        from nbasset.commands.check_alone import check_fresh, check_stored

        module = self.getparent(NotebookModule)
        assert module is not None
        scope = module.scope()
        with _home_of(self.config, self.path, module._temporary("loading")), _inside(self.path.parent):
            if self.config.getoption("--nbasset-checks") == "fresh":
                outcome = check_fresh(scope, self.check)
            else:
                outcome = check_stored(scope, self.check, module._temporary("checks"))
        if outcome.status == "skipped":
            pytest.skip(outcome.text)
        if outcome.status == "failed" and outcome.is_warning:
            self.warn(CheckWarning(outcome.text))
        elif outcome.status != "passed":
            raise CheckFailed(f"{outcome.text}\n  {self.place}" if self.place and outcome.status == "failed" else outcome.text)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What the check said, with the user's lines where its function failed."""
        return str(excinfo.value) if isinstance(excinfo.value, CheckFailed) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it stands."""
        return self.path, 0, f"check {self.check.asset}:{self.check.name}"


class BrokenTest(pytest.Item):
    """A cell that would define tests, if it ran."""

    def __init__(self, *, why: str, **options: Any) -> None:
        super().__init__(**options)
        self.why = why

    def runtest(self) -> None:
        """Tell why it does not.

        Raises
        ------
        CheckFailed
            Always.
        """
        raise CheckFailed(f"{self.name} defines tests, but it cannot run: {self.why}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Why the cell does not run."""
        return str(excinfo.value) if isinstance(excinfo.value, CheckFailed) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it stands."""
        return self.path, 0, self.name


def _home_fixture() -> Any:
    """A fixture for the notebook's module: a home of its own for each test, in the notebook's folder.

    It is made here, since one that stands in this module would be used by every test there is.
    """

    @pytest.fixture(autouse=True)
    def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        with _home_of(request.config, request.path, tmp_path_factory.mktemp("nbasset-home")), _inside(request.path.parent):
            yield

    return home


@contextmanager
def _home_of(config: pytest.Config, notebook: Path, temporary: Path) -> Iterator[None]:
    """Let `Instance.get()` be the home that was asked for."""
    from nbasset.home import HOME_VARIABLE, find_home

    named = config.getoption("--nbasset-home")
    before = os.environ.get(HOME_VARIABLE)
    root = find_home(notebook).root if named == _PROJECT else Path(named).resolve() if named else temporary
    os.environ[HOME_VARIABLE] = str(root)
    try:
        yield
    finally:
        if before is None:
            del os.environ[HOME_VARIABLE]
        else:
            os.environ[HOME_VARIABLE] = before
        _let_go(temporary)


def _let_go(root: Path) -> None:
    """Close the instance of a temporary home, if one was opened."""
    from nbasset import instance

    opened = instance._OPEN.get(root.resolve())
    if opened is not None:
        opened.close()


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Work in the notebook's folder: its code expects that."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
