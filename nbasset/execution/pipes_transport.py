"""How a program in a process of its own learns of its step, and how what it tells comes back: injectors, readers, messages.

By default both ways are files in a private temporary folder; `pipes` puts them to use.
"""

from __future__ import annotations

import contextvars
import json
import logging
import os
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from nbasset.definitions.results import AssetCheckResult, AssetMaterialization, DataVersion, MaterializeResult
from nbasset.errors import Error, InvariantViolationError, did_you_mean
from nbasset.events.facts import AssetCheckSeverity
from nbasset.execution.context import OpExecutionContext
from nbasset.keys import AssetKey
from nbasset.metadata import MetadataValue, RawMetadataValue
from nbasset.pipes import CONTEXT_VARIABLE, MESSAGES_VARIABLE

Params = Mapping[str, str]
_POLL_S = 0.05
_KINDS = ("text", "url", "path", "notebook", "json", "md", "float", "int", "bool", "timestamp", "asset", "null")
_METHODS = ("opened", "log", "report_asset_materialization", "report_asset_check", "report_custom_message", "closed")


class PipesContextInjector(ABC):
    """Tells the program about its step. Derive from it to bring that by another way.

    >>> class Remembering(PipesContextInjector):
    ...     @contextmanager
    ...     def inject_context(self, context_data):
    ...         yield {"MY_RUN": context_data["run_id"]}
    >>> with Remembering().inject_context({"run_id": "3f2a"}) as variables:
    ...     variables
    {'MY_RUN': '3f2a'}
    """

    @abstractmethod
    def inject_context(self, context_data: Mapping[str, Any]) -> AbstractContextManager[Params]:
        """Environment variables by which the program finds the data."""


class PipesEnvContextInjector(PipesContextInjector):
    """The data stands in an environment variable.

    >>> with PipesEnvContextInjector().inject_context({"run_id": "3f2a"}) as variables:
    ...     variables
    {'NBASSET_PIPES_CONTEXT': '{"run_id": "3f2a"}'}
    """

    @contextmanager
    def inject_context(self, context_data: Mapping[str, Any]) -> Iterator[Params]:
        """The variable holds the data as JSON."""
        yield {CONTEXT_VARIABLE: json.dumps(context_data)}


class PipesFileContextInjector(PipesContextInjector):
    """The data stands in a file at this path, removed afterwards.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with PipesFileContextInjector(f"{folder}/context.json").inject_context({"run_id": "3f2a"}) as variables:
    ...         Path(variables["NBASSET_PIPES_CONTEXT"]).read_text()
    '{"run_id": "3f2a"}'
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    @contextmanager
    def inject_context(self, context_data: Mapping[str, Any]) -> Iterator[Params]:
        """The variable names the file."""
        self.path.touch(mode=0o600)
        self.path.write_text(json.dumps(context_data), encoding="utf-8")
        try:
            yield {CONTEXT_VARIABLE: str(self.path)}
        finally:
            self.path.unlink(missing_ok=True)


class PipesTempFileContextInjector(PipesContextInjector):
    """The data stands in a temporary file that only its owner can read.

    >>> with PipesTempFileContextInjector().inject_context({"run_id": "3f2a"}) as variables:
    ...     Path(variables["NBASSET_PIPES_CONTEXT"]).read_text()
    '{"run_id": "3f2a"}'
    """

    @contextmanager
    def inject_context(self, context_data: Mapping[str, Any]) -> Iterator[Params]:
        """The variable names the file."""
        with (
            tempfile.TemporaryDirectory(prefix="nbasset-pipes-") as folder,
            PipesFileContextInjector(Path(folder) / "context.json").inject_context(context_data) as params,
        ):
            yield params


class PipesMessageReader(ABC):
    """Hears what the program tells. Derive from it to hear by another way.

    >>> class Telling(PipesMessageReader):
    ...     @contextmanager
    ...     def read_messages(self, handler):
    ...         handler.handle_message({"method": "opened"})
    ...         yield {}
    >>> from nbasset import build_op_context
    >>> handler = PipesMessageHandler(build_op_context())
    >>> with Telling().read_messages(handler):
    ...     handler.has_opened
    True
    """

    @abstractmethod
    def read_messages(self, handler: PipesMessageHandler) -> AbstractContextManager[Params]:
        """While inside, give each message to the handler. Environment variables tell the program where to."""

    def no_messages_debug_text(self) -> str:
        """What to look at when the program never connected."""
        return f"Messages were expected through {type(self).__name__}."


class PipesFileMessageReader(PipesMessageReader):
    """Messages are lines of a file at this path.

    >>> from nbasset import build_op_context
    >>> handler = PipesMessageHandler(build_op_context())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with PipesFileMessageReader(f"{folder}/messages").read_messages(handler) as variables:
    ...         _ = Path(variables["NBASSET_PIPES_MESSAGES"]).write_text('{"method": "opened"}')
    >>> handler.has_opened
    True
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Iterator[Params]:
        """Follow the file until the program has ended."""
        self.path.touch(mode=0o600)
        stop = threading.Event()
        run = contextvars.copy_context().run
        thread = threading.Thread(target=run, args=(_follow, self.path, handler, stop), name="nbasset-pipes", daemon=True)
        thread.start()
        try:
            yield {MESSAGES_VARIABLE: str(self.path)}
        finally:
            stop.set()
            thread.join()

    def no_messages_debug_text(self) -> str:
        """Where messages were expected."""
        return f"Messages were expected in {self.path}."


class PipesTempFileMessageReader(PipesMessageReader):
    """Messages are lines of a temporary file.

    >>> from nbasset import build_op_context
    >>> handler = PipesMessageHandler(build_op_context())
    >>> with PipesTempFileMessageReader().read_messages(handler) as variables:
    ...     _ = Path(variables["NBASSET_PIPES_MESSAGES"]).write_text('{"method": "opened"}')
    >>> handler.has_opened
    True
    """

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Iterator[Params]:
        """Follow the file until the program has ended."""
        with (
            tempfile.TemporaryDirectory(prefix="nbasset-pipes-") as folder,
            PipesFileMessageReader(Path(folder) / "messages.jsonl").read_messages(handler) as params,
        ):
            yield params


class PipesMessageHandler:
    """Takes in messages: logs them with the step, and keeps the results.

    >>> from nbasset import build_op_context
    >>> handler = PipesMessageHandler(build_op_context())
    >>> handler.handle_message({"method": "report_custom_message", "params": {"payload": {"rows": 3}}})
    >>> handler.custom_messages
    [{'rows': 3}]
    """

    def __init__(self, context: OpExecutionContext) -> None:
        self.context = context
        self.results: list[MaterializeResult[Any] | AssetCheckResult] = []
        self.custom_messages: list[Any] = []
        self.has_opened = False
        self.problems: list[str] = []

    def handle_message(self, message: Mapping[str, Any]) -> None:
        """One message: ``{"method": ..., "params": {...}}``. One that makes no sense is a problem of the step, told at its end."""
        method, params = message.get("method"), message.get("params") or {}
        try:
            self._handle(str(method), params)
        except (Error, TypeError, ValueError, KeyError) as error:
            self.problems.append(f"{method}: {error}")

    def _handle(self, method: str, params: Mapping[str, Any]) -> None:
        if method == "opened":
            self.has_opened = True
        elif method == "log":
            level = params.get("level", logging.INFO)
            self.context.log.log(level if isinstance(level, int) else logging.getLevelName(str(level)), "%s", params.get("message", ""))
        elif method == "report_asset_materialization":
            self._materialized(params)
        elif method == "report_asset_check":
            result = AssetCheckResult(
                bool(params["passed"]), self._key(params), str(params["check_name"]), _metadata(params.get("metadata")),
                AssetCheckSeverity(params.get("severity", "ERROR")),
            )  # fmt: skip
            self.results.append(result)
        elif method == "report_custom_message":
            self.custom_messages.append(params.get("payload"))
        elif method != "closed":
            raise InvariantViolationError(f"there is no such message. {did_you_mean(method, _METHODS)}".rstrip())

    def _materialized(self, params: Mapping[str, Any]) -> None:
        key, metadata = self._key(params), _metadata(params.get("metadata"))
        if key is None or key not in self.context.selected_asset_keys:
            if key is None:
                raise InvariantViolationError("the step makes no asset, so asset_key has to say which one was made.")
            self.context.log_event(AssetMaterialization(key, metadata=metadata))
            return
        version = params.get("data_version")
        self.results.append(MaterializeResult(key, metadata, data_version=DataVersion(str(version)) if version is not None else None))

    def _key(self, params: Mapping[str, Any]) -> AssetKey | None:
        given = params.get("asset_key")
        if given is not None:
            return AssetKey.from_user_string(str(given))
        keys = {*self.context.selected_asset_keys, *(check.asset for check in self.context.selected_asset_check_keys)}
        if len(keys) > 1:
            raise InvariantViolationError(f"the step is about {len(keys)} assets, so asset_key has to say which one is meant.")
        return next(iter(keys), None)


def _follow(path: Path, handler: PipesMessageHandler, stop: threading.Event) -> None:
    """Hand over each whole line as it comes; after `stop` whatever is left."""
    with path.open(encoding="utf-8") as file:
        rest = ""
        while True:
            is_last = stop.wait(_POLL_S)
            rest += file.read()
            *lines, rest = rest.split("\n")
            for line in lines:
                _hand_over(line, handler)
            if is_last:
                _hand_over(rest, handler)
                return


def _hand_over(line: str, handler: PipesMessageHandler) -> None:
    if not line.strip():
        return
    try:
        message = json.loads(line)
    except ValueError:
        message = None
    if isinstance(message, dict):
        handler.handle_message(message)
    else:
        handler.problems.append(f"{line[:80]!r} is no message")


def _metadata(given: Mapping[str, Any] | None) -> dict[str, RawMetadataValue]:
    """Metadata as the program gave it: plain values, or values with their type."""
    found: dict[str, RawMetadataValue] = {}
    for key, value in (given or {}).items():
        if isinstance(value, Mapping) and set(value) == {"raw_value", "type"}:
            found[key] = _typed(key, value["raw_value"], str(value["type"]))
        else:
            found[key] = value
    return found


def _typed(key: str, value: Any, kind: str) -> RawMetadataValue:
    if kind in ("__infer__", "json") and not isinstance(value, (dict, list)):
        return value
    if kind not in _KINDS:
        raise InvariantViolationError(
            f"metadata '{key}' is of the type {kind!r}, which there is not. {did_you_mean(kind, _KINDS)}".rstrip()
        )
    if kind == "null":
        return None
    make: Callable[[Any], MetadataValue] = getattr(MetadataValue, kind)
    return make(value)
