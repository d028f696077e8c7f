"""An ``%%asset`` cell as a function with ``@asset``, in text: what `source.body` does with a syntax tree, for people to read.

The body keeps its lines and its comments. It is indented, but for the lines inside a text over several lines, which would become another
text; the last expression becomes the value that is returned.
"""

from __future__ import annotations

import ast
import builtins
import io
import tokenize
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from nbasset.arguments.cell import parse_cell
from nbasset.arguments.options import CellArguments
from nbasset.dataclass import dataclass
from nbasset.definitions.listed_partitions import DynamicPartitionsDefinition, StaticPartitionsDefinition
from nbasset.definitions.multi_partitions import MultiPartitionsDefinition
from nbasset.definitions.partition_text import partitions_from_text
from nbasset.definitions.partitions import PartitionsDefinition
from nbasset.definitions.time_partitions import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    TimeWindowPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from nbasset.errors import InvalidDefinitionError
from nbasset.keys import AssetKey
from nbasset.source.body import AssetBody, asset_function
from nbasset.source.names import names_of
from nbasset.source.shapes import parse
from nbasset.source.text import Piece

WIDTH = 120
_INDENT = "    "
_DATED = (HourlyPartitionsDefinition, DailyPartitionsDefinition, WeeklyPartitionsDefinition, MonthlyPartitionsDefinition)


@dataclass(frozen=True, slots=True)
class CellFunction:
    """The function of an asset cell. `uses` are the names of nbasset that its text needs; `modules` the modules."""

    key: AssetKey
    text: str
    uses: frozenset[str]
    modules: frozenset[str] = frozenset()


def key_of(piece: Piece) -> AssetKey:
    """The key of the asset that a cell defines."""
    arguments = parse_cell(piece.header)
    key = AssetKey.from_user_string(arguments.name)
    return key.with_prefix(arguments.key_prefix.split("/")) if arguments.key_prefix else key


def cell_function(
    piece: Piece, name: str, inputs: Mapping[str, AssetKey], *, bound: Collection[str] = (), prefix: str = "", futures: Collection[str] = ()
) -> CellFunction:
    """The function `name` of an asset cell.

    `inputs` says what the names that it reads stand for. `bound` are the names that the module binds: one that the body reads and then
    binds anew is taken from there. With `prefix` (``nb.``) the names of nbasset are written behind it.

    Raises
    ------
    InvalidDefinitionError
        If the body cannot be a function; the message names cell and line.
    """
    arguments = parse_cell(piece.header)
    key = key_of(piece)
    body = asset_function(
        piece.text, key.to_python_identifier(), list(inputs), filename=piece.filename, first_line=piece.first_line,
        has_value=not arguments.no_value, where=f"{piece.label} ({piece.document})", futures=tuple(futures),
    )  # fmt: skip
    if body.code is None:
        raise InvalidDefinitionError("\n".join(str(problem) for problem in body.problems))
    writer = Writer(prefix)
    decorator = _decorator(writer, arguments, key, name, inputs)
    fetched, modules = _fetched(piece, body, bound)
    parameters = ", ".join([*(["context"] if body.has_context else []), *inputs])
    keyword = "async def" if body.kind.startswith("async") else "def"
    result = "" if body.has_value else " -> None"
    head = f"{keyword} {name}({parameters}){result}:"
    if len(head) > WIDTH:
        head = f"{keyword} {name}(\n" + "".join(f"{_INDENT}{one},\n" for one in parameters.split(", ")) + f"){result}:"
    lines = [decorator, head, *_body_lines(piece.text, body, fetched)]
    return CellFunction(key, "\n".join(lines), frozenset(writer.uses), frozenset(modules))


def partitions_code(definition: PartitionsDefinition, writer: Writer) -> str:
    """The expression that makes a partitions definition, as somebody would write it."""
    name = type(definition).__name__
    call = writer.name(name)
    if isinstance(definition, StaticPartitionsDefinition):
        return f"{call}({literal(list(definition.partition_keys))})"
    if isinstance(definition, DynamicPartitionsDefinition):
        return f"{call}(name={literal(definition.name)})"
    if isinstance(definition, MultiPartitionsDefinition):
        dimensions = ", ".join(f"{literal(str(one))}: {partitions_code(part, writer)}" for one, part in definition.partitions_defs.items())
        return f"{call}({{{dimensions}}})"
    assert isinstance(definition, (*_DATED, TimeWindowPartitionsDefinition))
    is_dated = isinstance(definition, _DATED)
    given: list[str] = [] if is_dated else [f"fmt={literal(definition.fmt)}", f"cron_schedule={literal(definition.cron_schedule)}"]
    fmt = str(definition.fmt)
    if definition.end is not None:
        given.append(f"{'end_date' if is_dated else 'end'}={_moment(definition.end, fmt)}")
    if definition.timezone and definition.timezone != "UTC":
        given.append(f"timezone={literal(definition.timezone)}")
    start = _moment(definition.start, fmt)
    return f"{call}({', '.join([start if is_dated else f'start={start}', *given])})"


def _moment(moment: Any, fmt: str) -> str:
    """A bound in the form of keys, which is how people write it."""
    return literal(moment.strftime(fmt) if isinstance(moment, datetime) else str(moment))


class Writer:
    """Writes names of nbasset, and remembers which."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.uses: set[str] = set()

    def name(self, name: str) -> str:
        """A public name as the module has to write it."""
        self.uses.add(name)
        return f"{self.prefix}{name}"


# -- the decorator ------------------------------------------------------------------------------------------------------------


def _decorator(writer: Writer, arguments: CellArguments, key: AssetKey, name: str, inputs: Mapping[str, AssetKey]) -> str:
    given: dict[str, str] = {}
    if list(key.path) != [name]:
        given["key"] = literal(key.path[0] if len(key.path) == 1 else list(key.path))
    others = {one: asset for one, asset in inputs.items() if list(asset.path) != [one]}
    if others:
        parts = [f"{literal(one)}: {writer.name('AssetIn')}({literal(list(asset.path))})" for one, asset in others.items()]
        given["ins"] = "{" + ", ".join(parts) + "}"
    if arguments.deps:
        deps = [dep if "/" not in dep else None for dep in arguments.deps]
        given["deps"] = (
            "[" + ", ".join(literal(dep) if dep else _key(writer, text) for dep, text in zip(deps, arguments.deps, strict=True)) + "]"
        )
    if arguments.partitions:
        given["partitions_def"] = partitions_code(partitions_from_text(arguments.partitions), writer)
    if arguments.single_run:
        given["backfill_policy"] = f"{writer.name('BackfillPolicy')}.single_run()"
    plain: dict[str, Any] = {
        "group_name": arguments.group, "kinds": set(arguments.kinds), "description": arguments.description,
        "owners": list(arguments.owners),
        "tags": dict(arguments.tags), "metadata": dict(arguments.metadata), "io_manager_key": arguments.io_manager_key,
        "code_version": arguments.code_version, "required_resource_keys": set(arguments.resources), "pool": arguments.pool,
    }  # fmt: skip
    given |= {word: literal(value) for word, value in plain.items() if value}
    if arguments.optional:
        given["output_required"] = "False"
    if arguments.retries:
        given["retry_policy"] = _retry(writer, arguments)
    call = f"@{writer.name('asset')}"
    if not given:
        return call
    line = f"{call}({', '.join(f'{word}={value}' for word, value in given.items())})"
    if len(line) <= WIDTH:
        return line
    return f"{call}(\n" + "".join(f"{_INDENT}{word}={value},\n" for word, value in given.items()) + ")"


def _key(writer: Writer, text: str) -> str:
    return f"{writer.name('AssetKey')}({literal(text.split('/'))})"


def _retry(writer: Writer, arguments: CellArguments) -> str:
    parts = [f"max_retries={arguments.retries}"]
    if arguments.retry_delay_s:
        delay = arguments.retry_delay_s
        parts.append(f"delay={int(delay) if delay == int(delay) else delay}")
        if arguments.backoff != "constant":
            parts.append(f"backoff={writer.name('Backoff')}.{arguments.backoff.upper()}")
    return f"{writer.name('RetryPolicy')}({', '.join(parts)})"


def literal(value: Any) -> str:
    """A plain value as Python, texts in double quotes, sets and what came from JSON in one order.

    >>> literal({"rows": [1, 'a "b"'], "kinds": {"sql", "csv"}})
    '{"rows": [1, \\'a "b"\\'], "kinds": {"csv", "sql"}}'
    """
    if isinstance(value, str):
        text = repr(value)
        return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in text and "\\'" not in text else text
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (set, frozenset)):
        return "{" + ", ".join(literal(item) for item in sorted(value)) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    return repr(value)


# -- the body -----------------------------------------------------------------------------------------------------------------


def _fetched(piece: Piece, body: AssetBody, bound: Collection[str]) -> tuple[list[str], set[str]]:
    """Lines that fetch what the body reads from the module and then binds itself: a function would take it for its own from the start."""
    binds = names_of(parse(piece.text).body, is_body=True).binds
    lines: list[str] = []
    modules: set[str] = set()
    for name in sorted(body.free & set(binds) - set(body.inputs) - {"context"}):
        if name in bound:
            lines.append(f'{name} = globals()["{name}"]')
        elif hasattr(builtins, name):
            lines.append(f"{name} = builtins.{name}")
            modules.add("builtins")
    return lines, modules


def _body_lines(text: str, body: AssetBody, fetched: list[str]) -> list[str]:
    """The lines of the body below the function's head."""
    lines = text.split("\n")
    statements = parse(text).body
    last = statements[-1]
    if body.has_value and body.kind in ("function", "async") and isinstance(last, ast.Expr):
        end = (last.end_lineno or last.lineno) - 1
        tail = lines[end].encode()[last.end_col_offset :].decode()
        if tail.lstrip().startswith(";"):  # has a meaning to IPython only
            lines[end] = lines[end].encode()[: last.end_col_offset].decode() + tail.replace(";", "", 1).rstrip()
        line = lines[last.lineno - 1].encode()
        lines[last.lineno - 1] = (line[: last.col_offset] + b"return " + line[last.col_offset :]).decode()
    inside = _inside_texts(text)
    indented = [line if number in inside else _INDENT + line if line.strip() else "" for number, line in enumerate(lines, 1)]
    first = statements[0]
    is_docstring = len(statements) > 1 and isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    at = (first.end_lineno or first.lineno) if is_docstring else next(number for number, line in enumerate(indented) if line)
    indented[at:at] = [_INDENT + line for line in fetched]
    while indented and not indented[-1].strip():
        indented.pop()
    while indented and not indented[0].strip():
        indented.pop(0)
    return indented


def _inside_texts(text: str) -> frozenset[int]:
    """The lines, from one, that begin inside a text over several lines: nothing may be put before them.

    >>> sorted(_inside_texts("a = '''one\\ntwo\\n'''\\nb = (1,\\n  2)"))
    [2, 3]
    """
    found: set[int] = set()
    opened: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(text + "\n").readline):
        kind = tokenize.tok_name[token.type]
        if kind == "STRING":
            found.update(range(token.start[0] + 1, token.end[0] + 1))
        elif kind.endswith("STRING_START"):  # f-strings are tokens of their own since 3.12
            opened.append(token.start[0])
        elif kind.endswith("STRING_END"):
            found.update(range(opened.pop() + 1, token.end[0] + 1))
    return frozenset(found)
