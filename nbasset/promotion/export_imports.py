"""Imports first: the imports of a document's cells as one section at the top of a module, and what is left of the cells.

An import moves up only where that changes nothing. It stays where it is when its name is bound by something else too, when a statement
above it reads the name, or when something above it decides what an import finds (``sys.path.insert(...)``, ``os.environ[...] = ...``).
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field

from nbasset.dataclass import dataclass
from nbasset.source.names import Names, names_of
from nbasset.source.shapes import parse
from nbasset.source.units import first_line_of

_DECIDES = frozenset({"sys", "os", "site", "importlib", "warnings", "multiprocessing"})
_WIDTH = 120
_COMMENT = re.compile(r"\s*#")


@dataclass(frozen=True, slots=True, order=True)
class Alias:
    """One name that an import binds: ``from module import attribute as name``, or ``import module as name`` without an attribute.

    `module` has the dots of a relative import in front. A plain ``import a.b`` binds ``a``; its `name` is then ``a.b``.
    """

    module: str
    attribute: str = ""
    name: str = ""

    @property
    def binds(self) -> str:
        """The name that is bound."""
        return self.name.partition(".")[0]

    @property
    def fits(self) -> tuple[str, str, str]:
        """What other imports have to be to bind the same: those of a package's modules all bind the package."""
        return (self.binds, "", self.binds) if "." in self.name else (self.module, self.attribute, self.name)


@dataclass(frozen=True, slots=True)
class Import:
    """An import statement that moved: its text with the comments that belong to it, and what it binds."""

    text: str
    aliases: tuple[Alias, ...]
    has_comments: bool = False


@dataclass(slots=True)
class Split:
    """What `split_imports` finds: the imports, the other texts in order, and features of ``from __future__``."""

    imports: list[Import] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    futures: set[str] = field(default_factory=set)


def split_imports(texts: Sequence[str]) -> Split:
    """Take the imports that may move out of the texts of a document, which are in its order.

    >>> found = split_imports(["import pandas as pd\\nx = 1", "# numbers\\nimport math\\ny = math.pi"])
    >>> [one.text for one in found.imports], found.rest
    (['import pandas as pd', '# numbers\\nimport math'], ['x = 1', 'y = math.pi'])
    """
    split = Split()
    trees = [parse(text).body for text in texts]
    names = [[(node, names_of([node])) for node in body] for body in trees]
    binders = _binders(pair for one in names for pair in one)
    read: set[str] = set()
    blocked = False
    for text, body in zip(texts, names, strict=True):
        lines = text.split("\n")
        gone: set[int] = set()
        alone = _alone([node for node, _ in body])
        for node, found in body:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__" and not node.level:
                split.futures.update(alias.name for alias in node.names)
                gone.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
                continue
            aliases = aliases_of(node)
            if aliases and not blocked and node in alone and all(_may_move(alias, binders, read) for alias in aliases):
                first = _comments_above(lines, node.lineno, gone)
                last = node.end_lineno or node.lineno
                gone.update(range(first, last + 1))
                moved = "\n".join(lines[first - 1 : last])
                split.imports.append(Import(moved, aliases, "#" in moved))
                continue
            blocked = blocked or _decides(node, found, binders)
            read |= found.read_now
        split.rest.append("\n".join(line for number, line in enumerate(lines, 1) if number not in gone).strip("\n"))
    return split


def aliases_of(node: ast.stmt) -> tuple[Alias, ...]:
    """What an import binds; nothing for a star or another statement."""
    if isinstance(node, ast.Import):
        return tuple(Alias(alias.name, "", alias.asname or alias.name) for alias in node.names)
    if isinstance(node, ast.ImportFrom) and all(alias.name != "*" for alias in node.names):
        module = "." * node.level + (node.module or "")
        return tuple(Alias(module, alias.name, alias.asname or alias.name) for alias in node.names)
    return ()


def import_section(imports: Iterable[Import], more: Iterable[Alias], *, body: str, project: Collection[str] = (), merged: str = "") -> str:
    """The section of imports: what the body does not mention is left out, each name stands there once, sorted as tools sort them.

    `more` are imports besides. Those of the module `merged` become one statement. `project` are modules of the project, which come last.
    """
    words = set(re.findall(r"[^\W\d]\w*", body))
    seen: set[tuple[str, str, str]] = set()
    statements: list[tuple[str, str]] = []  # the module and the text
    of_merged: set[Alias] = {alias for alias in more if alias.module == merged and alias.attribute}
    for one in [*imports, *(Import("", (alias,)) for alias in more if alias not in of_merged)]:
        wanted = [alias for alias in one.aliases if not alias.attribute or alias.binds in words]
        if merged and all(alias.module == merged and alias.attribute for alias in one.aliases):
            of_merged.update(wanted)
            continue
        fresh = [alias for alias in wanted if (alias.module, alias.attribute, alias.name) not in seen]
        seen.update((alias.module, alias.attribute, alias.name) for alias in fresh)
        if fresh:
            keeps = one.text and (len(fresh) == len(one.aliases) or one.has_comments)
            statements.append((fresh[0].module, one.text if keeps else import_text(fresh)))
    if of_merged:
        statements.append((merged, import_text(sorted(of_merged, key=_kind_of_name))))
    groups: dict[int, list[tuple[tuple[bool, str, str], str]]] = {}
    for module, text in statements:
        is_from = text.rpartition("\n")[2].lstrip().startswith("from") or "\nfrom " in f"\n{text}"
        groups.setdefault(_group(module, project), []).append(((is_from, module.lower(), text), text))
    return "\n\n".join("\n".join(text for _, text in sorted(groups[number])) for number in sorted(groups))


def import_text(aliases: Sequence[Alias]) -> str:
    """The statement that binds some names of one module.

    >>> import_text([Alias("nbasset", "AssetIn", "AssetIn"), Alias("nbasset", "asset", "define")])
    'from nbasset import AssetIn, asset as define'
    """
    module = aliases[0].module
    if not aliases[0].attribute:
        return "\n".join(f"import {one.module}" + (f" as {one.name}" if one.name != one.module else "") for one in aliases)
    names = [one.attribute + (f" as {one.name}" if one.name != one.attribute else "") for one in aliases]
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= _WIDTH:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"


def _kind_of_name(alias: Alias) -> tuple[int, str]:
    """Constants, classes, functions: the order in which tools sort names of an import."""
    name = alias.attribute
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)


def _group(module: str, project: Collection[str]) -> int:
    top = module.partition(".")[0]
    if not top or module in project or top in project:
        return 2
    return 0 if top in sys.stdlib_module_names else 1


# -- what may move ------------------------------------------------------------------------------------------------------------


def _binders(statements: Iterable[tuple[ast.stmt, Names]]) -> Mapping[str, set[tuple[str, str, str]]]:
    """What binds each name; a statement that is no import counts by itself."""
    found: dict[str, set[tuple[str, str, str]]] = {}
    for number, (node, names) in enumerate(statements):
        aliases = aliases_of(node)
        for alias in aliases:
            found.setdefault(alias.binds, set()).add(alias.fits)
        if not aliases:
            for name in (*names.binds, *names.gone):
                found.setdefault(name, set()).add(("", "", str(number)))
    return found


def _may_move(alias: Alias, binders: Mapping[str, set[tuple[str, str, str]]], read: Collection[str]) -> bool:
    return binders[alias.binds] == {alias.fits} and alias.binds not in read


def _decides(node: ast.stmt, names: Names, binders: Mapping[str, set[tuple[str, str, str]]]) -> bool:
    """Whether later imports depend on the statement: it acts on what imports look at, or binds names that nobody knows."""
    if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
        return True
    acts = isinstance(node, (ast.AugAssign, ast.Delete, ast.With, ast.If, ast.For, ast.Try)) or (
        isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)
    )
    if isinstance(node, ast.Assign):
        acts = any(isinstance(target, (ast.Attribute, ast.Subscript)) for target in node.targets)
    return acts and any(top.partition(".")[0] in _DECIDES for name in names.read_now for top, _, _ in binders.get(name, ()))


def _alone(nodes: Sequence[ast.stmt]) -> set[ast.stmt]:
    """The statements that share no line with another one."""
    shared: dict[int, int] = {}
    for node in nodes:
        for line in _lines(node):
            shared[line] = shared.get(line, 0) + 1
    return {node for node in nodes if all(shared[line] == 1 for line in _lines(node))}


def _lines(node: ast.stmt) -> Iterator[int]:
    yield from range(first_line_of(node), (node.end_lineno or node.lineno) + 1)


def _comments_above(lines: Sequence[str], line: int, gone: Collection[int]) -> int:
    """The first of the comment lines that stand right above a line."""
    first = line
    while first > 1 and first - 1 not in gone and _COMMENT.match(lines[first - 2]):
        first -= 1
    return first
