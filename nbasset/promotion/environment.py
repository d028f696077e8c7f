"""What a job was promoted with, and how this environment differs from it: the Python, and the distributions that its code imports.

Exact versions and nothing else are kept: no paths, no addresses, no packages that only happen to be installed. What is compared is the
environment of the process that asks, which is the kernel's where the kernel is this Python.
"""

from __future__ import annotations

import ast
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata

from nbasset.locations.job_file import EnvironmentEntry, JobFile
from nbasset.source.shapes import UNREADABLE, parse

_OURS = "nbasset"


def captured(texts: Iterable[str], packages: Iterable[str] = (), *, strict: bool = False) -> EnvironmentEntry:
    """This Python (``3.11``) and the versions of the distributions that some code imports, and of nbasset.

    `texts` are the code; `packages` are top-level names that it imports besides, as a slice knows them. The standard library and modules
    that belong to no distribution are left out.
    """
    modules = {name for text in texts for name in imported_in(text)}
    known = {name.partition(".")[0] for name in modules}
    found = set(_distributions([*modules, *(name for name in packages if name not in known), _OURS]))
    versions = {name: version for name in sorted(found) if (version := _version(name))}
    return EnvironmentEntry(python_version(), strict, versions)


def python_version() -> str:
    """This Python as a job names it: ``3.11``."""
    return ".".join(platform.python_version_tuple()[:2])


def differences(job: JobFile) -> list[str]:
    """What is otherwise here than where the job was promoted, in sentences; empty when nothing is, or nothing was noted."""
    wanted = job.environment
    here = python_version()
    found = [f"Python is {here} here, and the job was promoted with {wanted.python}"] if wanted.python not in ("", here) else []
    for name, version in sorted(wanted.packages.items()):
        there = _version(name)
        if not there:
            found.append(f"{name} is not installed here, and the job was promoted with {version}")
        elif there != version:
            found.append(f"{name} is {there} here, and the job was promoted with {version}")
    return found


def imported_in(text: str) -> Iterator[str]:
    """The modules that a text imports, by their dotted names; relative imports are the project's own.

    >>> sorted(imported_in("import numpy.linalg as la\\nfrom google.cloud import storage"))
    ['google.cloud.storage', 'numpy.linalg']
    """
    try:
        tree = parse(text)
    except UNREADABLE:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" if alias.name != "*" else node.module for alias in node.names)


def _distributions(modules: Iterable[str]) -> Iterator[str]:
    """The distributions that modules come from."""
    providers: Mapping[str, list[str]] | None = None
    for module in sorted(set(modules)):
        top = module.partition(".")[0]
        if top in sys.stdlib_module_names:
            continue
        if _version(top) and top == module == _OURS:  # in a checkout it has no files of its own to be found by
            yield top
            continue
        if providers is None:
            providers = metadata.packages_distributions()
        names = sorted(set(providers.get(top, ())))
        yield from names if len(names) < 2 else _owners(module, names)


def _owners(module: str, names: list[str]) -> list[str]:
    """Of several distributions that share a top-level package, those that bring the module; all if that cannot be told."""
    parts = module.split(".")
    for length in range(len(parts), 1, -1):
        folder = "/".join(parts[:length])
        owners = [name for name in names if any(_is_in(str(file), folder) for file in metadata.files(name) or ())]
        if owners:
            return owners
    return names


def _is_in(file: str, folder: str) -> bool:
    return file.startswith((f"{folder}/", f"{folder}."))


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
