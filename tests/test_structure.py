"""The bars that keep the house readable: sizes, documentation, one clock, a light import, clean files.

Each bar lists every offender at once, as `file:line what`, so that one run says all there is to mend.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import nbasset

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "nbasset"
FILE_LINES = 500
FUNCTION_LINES = 80
IMPORTED_MODULES = 250
HEAVY = ("pandas", "pyarrow", "pydantic", "IPython", "sqlalchemy", "numpy", "nbformat", "papermill", "sqlite3")

# The clock as it is spelled, and the only file that may read it.
CLOCK_CALLS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
    "time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns",
}  # fmt: skip
CLOCK_NAMES = {call.partition(".")[2] for call in CLOCK_CALLS}
CLOCK_FILE = PACKAGE / "clock.py"

# pydantic costs 0.1 s of import: only configuration and resources, which are made of it, may name it.
PYDANTIC_FILES = re.compile(r"nbasset/definitions/(config|resources)\w*\.py|nbasset/io_managers/configurable\w*\.py")


pytestmark = pytest.mark.xdist_group("structure")  # one worker reads the files for all of these


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _trees_that_name(paths: list[Path], words: str) -> Iterator[tuple[Path, ast.Module]]:
    """Files whose text matches `words`, with their trees: only those can hold what is looked for."""
    yield from ((path, _tree(path)) for path in paths if re.search(words, path.read_text(encoding="utf-8")))


def _sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def _checked_files() -> list[Path]:
    return [*_sources(), *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py"))]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def _texts() -> Iterator[tuple[Path, int, str]]:
    """Every line of every tracked text file."""
    for path in _tracked():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        yield from ((path, number, line) for number, line in enumerate(lines, 1))


def test_files_are_at_most_500_lines() -> None:
    sizes = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in _checked_files()}
    assert {name: size for name, size in sizes.items() if size > FILE_LINES} == {}


def test_functions_are_at_most_80_lines() -> None:
    """The body counts, not the signature and the docstring: a public signature is as long as its arguments."""
    long = [
        f"{_name(path)}:{node.lineno} {node.name} has {lines} lines"
        for path in _checked_files()
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (lines := _body_lines(node)) > FUNCTION_LINES
    ]
    assert not long, "\n".join(long)


def _body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return 1 + (body[-1].end_lineno or body[-1].lineno) - body[0].lineno if body else 0


def test_every_module_and_public_name_says_what_it_is_for() -> None:
    missing = [
        f"{_name(path)}:{getattr(node, 'lineno', 1)} {getattr(node, 'name', 'the module')}"
        for path in _sources()
        for node in [_tree(path), *_public(_tree(path).body)]
        if ast.get_docstring(node) is None
    ]
    assert missing == []


def _public(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Public functions and classes of a module, and the public methods of those classes.

    Left out: overloads, methods of a private class, property setters, and bodies of one line `...` or `return`, whose class says enough.
    """
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            yield from _public(node.body)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if any(ast.unparse(decorator).endswith(("overload", ".setter", "override")) for decorator in node.decorator_list):
            continue
        yield node
        if isinstance(node, ast.ClassDef):
            yield from (method for method in _public(node.body) if not _is_plain(method))


def _is_plain(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    return len(node.body) == 1 and isinstance(node.body[0], ast.Expr | ast.Return | ast.Pass) and ast.get_docstring(node) is None


def test_only_the_clock_module_reads_the_clock() -> None:
    reads = [
        f"{_name(path)}:{node.lineno} {ast.unparse(node)}"
        for path, tree in _trees_that_name(_sources(), r"\b(?:now|utcnow|today|time|monotonic|perf_counter)\b|_ns\b")
        if path != CLOCK_FILE
        for node in ast.walk(tree)
        if isinstance(node, ast.Call | ast.ImportFrom) and _reads_clock(node)
    ]
    assert reads == []


def _reads_clock(node: ast.Call | ast.ImportFrom) -> bool:
    if isinstance(node, ast.Call):
        if not isinstance(node.func, ast.Attribute) or node.func.attr not in CLOCK_NAMES:
            return False
        return ".".join(ast.unparse(node.func).split(".")[-2:]) in CLOCK_CALLS
    return node.module == "time" and any(f"time.{alias.name}" in CLOCK_CALLS for alias in node.names)


def test_tests_wait_for_facts_and_never_sleep() -> None:
    sleeps = [
        f"{_name(path)}:{node.lineno} {ast.unparse(node)}"
        for path, tree in _trees_that_name(sorted((ROOT / "tests").rglob("test_*.py")), r"\bsleep\(")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"time.sleep", "sleep"}
    ]
    assert sleeps == []


def test_pydantic_is_named_only_where_configuration_is_made() -> None:
    named = {
        _name(path)
        for path, tree in _trees_that_name(_sources(), r"\bpydantic")
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for module in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
        if module.split(".")[0] in {"pydantic", "pydantic_core"}
    }
    assert {name for name in named if not PYDANTIC_FILES.fullmatch(name)} == set()


def _modules_after(code: str) -> list[str]:
    """Names of the modules that are loaded once a fresh Python has run `code`."""
    program = f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def _assert_light(modules: list[str]) -> None:
    heavy = sorted({name.split(".")[0] for name in modules} & set(HEAVY))
    assert (heavy, len(modules) <= IMPORTED_MODULES) == ([], True), f"{len(modules)} modules, heavy ones: {heavy}"


def test_importing_nbasset_is_light() -> None:
    _assert_light(_modules_after("import nbasset"))


@pytest.mark.skipif(not hasattr(nbasset, "asset"), reason="no public names yet")
def test_defining_a_first_asset_is_light() -> None:
    _assert_light(_modules_after("from nbasset import asset\n@asset\ndef orders(): return 1\n"))


@pytest.mark.skipif(not hasattr(nbasset, "__all__"), reason="no public names yet")
def test_every_public_name_resolves_and_is_documented() -> None:
    unclear = [name for name in nbasset.__all__ if not getattr(getattr(nbasset, name), "__doc__", None)]
    assert (unclear, sorted(set(nbasset.__all__))) == ([], sorted(nbasset.__all__))


def test_dataclasses_are_made_by_the_packages_own_decorator() -> None:
    """The standard one compiles every method of every class as the package is loaded: see `nbasset.dataclass`."""
    own = PACKAGE / "dataclass.py"
    wrong = [
        f"{_name(path)}:{node.lineno}"
        for path, tree in _trees_that_name(_sources(), r"\bfrom dataclasses\b")
        if path != own
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "dataclasses" and any(one.name == "dataclass" for one in node.names)
    ]
    assert wrong == []


def test_architecture_names_every_file() -> None:
    """`make map` writes the list of files anew."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert [name for name in map(_name, _sources()) if f"- `{name}`: " not in text] == []


# Some words stand in brackets, so that this file does not contain what it looks for. Names of made-up people may stand in examples.
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:(?:home|Users)/(?!(?:user|me|ada|jovyan)\b)\w|[r]oot/|[w]ork/|[o]pt/(?:pypi|wheels))")
REGISTRY = re.compile(
    r"[i]ndex-url\s*=|[f]ind-links\s*=|^\s*[r]egistry\s*=|\"[r]esolved\":\s*\"http"
    r"|https?://[\w.]*(?:artifactory|nexus|devpi)|https?://[r]egistry\.|https?://[\w.:-]+/[s]imple\b"
)


def test_no_tracked_file_names_a_machine() -> None:
    found = [f"{_name(path)}:{number} {line.strip()[:100]}" for path, number, line in _texts() if MACHINE_PATH.search(line)]
    assert found == []


def test_no_tracked_file_names_a_package_registry() -> None:
    found = [f"{_name(path)}:{number} {line.strip()[:100]}" for path, number, line in _texts() if REGISTRY.search(line)]
    assert found == []


def _notebooks() -> list[Path]:
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_notebooks_are_kept_without_outputs() -> None:
    kept = [
        f"{_name(path)} cell {cell['id']}"
        for path in _notebooks()
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if cell.get("outputs") or cell.get("execution_count") is not None
    ]
    assert kept == []


def test_notebook_cells_have_readable_ids_of_their_own() -> None:
    for path in _notebooks():
        ids = [cell["id"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
        assert [name for name in ids if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name)] == [], path.name
        assert len(ids) == len(set(ids)), path.name


def test_commands_that_the_readme_names_exist() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    named = set(re.findall(r"\bmake ([a-z]+)\b", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert named - set(targets) == set()
