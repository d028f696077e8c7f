"""From an ``%%asset`` cell to an asset definition.

The body is compiled once for each set of inputs: which of the names it reads are assets is known only when all definitions are, so the
definition carries `reads` and makes its function when it is resolved. The function's globals are the namespace of the notebook, so a helper
that is defined anew counts from then on, as in any cell.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import click

from nbasset.arguments import CellArguments, parse_cell
from nbasset.dataclass import dataclass
from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.asset_decorators import asset
from nbasset.definitions.op import OpDefinition
from nbasset.definitions.policies import BackfillPolicy, Backoff, RetryPolicy
from nbasset.errors import Error, InvalidDefinitionError, Problem
from nbasset.keys import AssetKey
from nbasset.places import name_file
from nbasset.source.body import AssetBody, asset_function
from nbasset.source.program import Cell
from nbasset.source.text import filename

_BACKOFF = {"constant": None, "linear": Backoff.LINEAR, "exponential": Backoff.EXPONENTIAL}


@dataclass(frozen=True, slots=True)
class CompiledCell:
    """What an ``%%asset`` cell came to. `definition` is None when a problem forbids it; `key` is the asset's, as far as it is known."""

    key: str
    definition: AssetsDefinition | None
    problems: tuple[Problem, ...] = ()


def compile_cell(
    cell: Cell, *, document: str, namespace: dict[str, Any], futures: Sequence[str] = (), file: str | None = None
) -> CompiledCell:
    """The asset of a cell, or the problems that forbid it. Nothing of the body runs.

    `document` is what people call the notebook, `namespace` the globals of its cells. `file` is the file name to compile under where the
    front end has one of its own (a live kernel); by default the cell's name.
    """
    place = f"{cell.label} ({document})"
    try:
        arguments = parse_cell(cell.header)
        key = _key(arguments)
    except click.UsageError as error:
        return _spoilt(cell.header.split(" ")[0], "usage", error.format_message(), place)
    except Error as error:
        return _spoilt(cell.header.split(" ")[0], "invalid-name", str(error), place)
    code_file = file or filename(cell.label, document)
    show_lines(code_file, cell, document)

    def build(inputs: Sequence[str]) -> AssetBody:
        return asset_function(
            cell.text, key.to_python_identifier(), inputs, filename=code_file, first_line=cell.first_line,
            has_value=not arguments.no_value, where=place, futures=tuple(futures),
        )  # fmt: skip

    body = build(())
    problems = tuple(replace(problem, asset=str(key)) for problem in body.problems)
    if body.code is None:
        return CompiledCell(str(key), None, problems)
    try:
        definition = _definition(arguments, key, body, build, namespace, f"{cell.label} of {document}")
    except Error as error:
        return CompiledCell(str(key), None, (*problems, *_spoilt(str(key), "invalid-definition", str(error), place).problems))
    return CompiledCell(str(key), definition, problems)


def show_lines(code_file: str, cell: Cell, document: str) -> None:
    """Let tracebacks name the cell and show its lines."""
    name_file(code_file, f"{cell.label} of {document}" if cell.label else document, cell=cell.id)
    text = "\n" * (cell.first_line - 1) + cell.text
    linecache.cache[code_file] = (len(text), None, text.splitlines(keepends=True), code_file)


def _definition(
    arguments: CellArguments,
    key: AssetKey,
    body: AssetBody,
    build: Callable[[Sequence[str]], AssetBody],
    namespace: dict[str, Any],
    place: str,
) -> AssetsDefinition:
    @cache
    def rebuild(inputs: tuple[str, ...]) -> OpDefinition:
        return decorate(_function(build(inputs), namespace)).op

    def decorate(fn: Callable[..., Any]) -> AssetsDefinition:
        made: Any = asset(
            key=key,
            group_name=arguments.group,
            description=arguments.description or body.docstring,
            deps=[AssetKey.from_user_string(dep) for dep in arguments.deps] or None,
            kinds=set(arguments.kinds) or None,
            owners=list(arguments.owners) or None,
            tags=dict(arguments.tags) or None,
            metadata=dict(arguments.metadata) or None,
            io_manager_key=arguments.io_manager_key,
            code_version=arguments.code_version,
            output_required=not arguments.optional,
            retry_policy=_retry(arguments),
            pool=arguments.pool,
            required_resource_keys=set(arguments.resources) or None,
            partitions_def=_partitions(arguments.partitions),
            backfill_policy=BackfillPolicy.single_run() if arguments.single_run else None,
        )(fn)
        definition: AssetsDefinition = made
        return definition

    return replace(decorate(_function(body, namespace)), reads=body.free - {"context"}, rebuild=rebuild, given_inputs={}, place_given=place)


def _function(body: AssetBody, namespace: dict[str, Any]) -> Callable[..., Any]:
    if body.code is None:
        raise InvalidDefinitionError("\n".join(str(problem) for problem in body.problems))
    made: dict[str, Any] = {}
    exec(body.code, namespace, made)  # noqa: S102 - the user's own cell; this only defines the function
    function: Callable[..., Any] = made[body.name]
    function.__module__ = namespace.get("__name__", "__main__")
    if not body.has_value:
        function.__annotations__ = {"return": None}
    return function


def _key(arguments: CellArguments) -> AssetKey:
    key = AssetKey.from_user_string(arguments.name)
    return key.with_prefix(arguments.key_prefix.split("/")) if arguments.key_prefix else key


def _retry(arguments: CellArguments) -> RetryPolicy | None:
    if not arguments.retries:
        return None
    delay = arguments.retry_delay_s or None
    return RetryPolicy(arguments.retries, delay, _BACKOFF[arguments.backoff] if delay else None)


def _partitions(text: str) -> Any:
    if not text:
        return None
    from nbasset.definitions.partition_text import partitions_from_text

    return partitions_from_text(text)


def _spoilt(key: str, rule: str, message: str, place: str) -> CompiledCell:
    return CompiledCell(key, None, (Problem(rule, message, place, asset=key or None),))
