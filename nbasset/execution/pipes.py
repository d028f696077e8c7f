"""Steps that run a program of their own: what it logs, makes and checks comes back while it runs.

The program calls `nbasset.pipes.open_pipes`. What it is told goes through a *context injector*, what it tells through a *message reader*;
by default both are files in a private temporary folder. What it prints is kept with the step like any other output.
"""

from __future__ import annotations

import contextvars
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any

from nbasset.definitions.results import AssetCheckResult, AssetCheckSeverity, AssetMaterialization, DataVersion, MaterializeResult
from nbasset.errors import Error, InvariantViolationError, PipesExecutionError, did_you_mean
from nbasset.execution.context import OpExecutionContext
from nbasset.keys import AssetKey
from nbasset.metadata import MetadataValue, RawMetadataValue
from nbasset.pipes import CONTEXT_VARIABLE, MESSAGES_VARIABLE

Params = Mapping[str, str]
Command = str | Sequence[str]
_POLL_S = 0.05
_GRACE_S = 10.0


class PipesContextInjector(ABC):
    """Tells the program about its step. Derive from it to bring that by another way."""

    @abstractmethod
    def inject_context(self, context_data: Mapping[str, Any]) -> AbstractContextManager[Params]:
        """Environment variables by which the program finds the data."""


class PipesEnvContextInjector(PipesContextInjector):
    """The data stands in an environment variable."""

    @contextmanager
    def inject_context(self, context_data: Mapping[str, Any]) -> Iterator[Params]:
        """The variable holds the data as JSON."""
        yield {CONTEXT_VARIABLE: json.dumps(context_data)}


class PipesFileContextInjector(PipesContextInjector):
    """The data stands in a file at this path, removed afterwards."""

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
    """The data stands in a temporary file that only its owner can read."""

    @contextmanager
    def inject_context(self, context_data: Mapping[str, Any]) -> Iterator[Params]:
        """The variable names the file."""
        with (
            tempfile.TemporaryDirectory(prefix="nbasset-pipes-") as folder,
            PipesFileContextInjector(Path(folder) / "context.json").inject_context(context_data) as params,
        ):
            yield params


class PipesMessageReader(ABC):
    """Hears what the program tells. Derive from it to hear by another way."""

    @abstractmethod
    def read_messages(self, handler: PipesMessageHandler) -> AbstractContextManager[Params]:
        """While inside, give each message to the handler. Environment variables tell the program where to."""

    def no_messages_debug_text(self) -> str:
        """What to look at when the program never connected."""
        return f"Messages were expected through {type(self).__name__}."


class PipesFileMessageReader(PipesMessageReader):
    """Messages are lines of a file at this path."""

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
    """Messages are lines of a temporary file."""

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Iterator[Params]:
        """Follow the file until the program has ended."""
        with (
            tempfile.TemporaryDirectory(prefix="nbasset-pipes-") as folder,
            PipesFileMessageReader(Path(folder) / "messages.jsonl").read_messages(handler) as params,
        ):
            yield params


class PipesMessageHandler:
    """Takes in messages: logs them with the step, and keeps the results."""

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


class PipesSession:
    """A program that is to run, or has run: how it finds its step, and what it reported."""

    def __init__(self, context: OpExecutionContext, handler: PipesMessageHandler, variables: Params, reader: PipesMessageReader) -> None:
        self.context = context
        self.message_handler = handler
        self._variables = dict(variables)
        self._reader = reader

    def get_bootstrap_env_vars(self) -> dict[str, str]:
        """Environment variables to start the program with."""
        return dict(self._variables)

    def get_results(
        self, *, implicit_materializations: bool = True, metadata: Mapping[str, RawMetadataValue] | None = None
    ) -> Sequence[MaterializeResult[Any] | AssetCheckResult]:
        """What the program reported. An asset that it said nothing of counts as made, unless `implicit_materializations` is False.

        Raises
        ------
        PipesExecutionError
            If a report made no sense.
        """
        if self.message_handler.problems:
            raise PipesExecutionError(f"the program reported what cannot be understood. {'; '.join(self.message_handler.problems)}")
        results = list(self.message_handler.results)
        if implicit_materializations:
            told = {result.asset_key for result in results if isinstance(result, MaterializeResult)}
            results += [MaterializeResult(key) for key in sorted(self.context.selected_asset_keys - told)]
        if metadata:
            results = [_with_metadata(result, metadata) for result in results]
        return tuple(results)

    def get_custom_messages(self) -> Sequence[Any]:
        """What the program said in its own words."""
        return tuple(self.message_handler.custom_messages)

    def warn_if_never_opened(self) -> None:
        """Log that the program never connected, and what to look at."""
        if not self.message_handler.has_opened:
            self.context.log.warning(
                "the program never connected, so it could report nothing: call open_pipes() of nbasset.pipes in it. %s",
                self._reader.no_messages_debug_text(),
            )


class PipesClientCompletedInvocation:
    """A program that has run."""

    def __init__(self, session: PipesSession, metadata: Mapping[str, RawMetadataValue] | None = None) -> None:
        self._session = session
        self._metadata = metadata

    def get_results(self, *, implicit_materializations: bool = True) -> Sequence[MaterializeResult[Any] | AssetCheckResult]:
        """Everything to return or yield from the step: see `PipesSession.get_results`."""
        return self._session.get_results(implicit_materializations=implicit_materializations, metadata=self._metadata)

    def get_materialize_result(self, *, implicit_materialization: bool = True) -> MaterializeResult[Any]:
        """The result for the one asset of the step, with the verdicts of its checks.

        Raises
        ------
        InvariantViolationError
            If there is none, or several.
        """
        results = self.get_results(implicit_materializations=implicit_materialization)
        made = [one for one in results if isinstance(one, MaterializeResult)]
        checks = [one for one in results if isinstance(one, AssetCheckResult)]
        if len(made) != 1:
            raise InvariantViolationError(f"the program made {len(made)} assets, not one. Return get_results().")
        one = made[0]
        return MaterializeResult(one.asset_key, one.metadata, checks, one.data_version, one.tags, one.value)

    def get_asset_check_result(self) -> AssetCheckResult:
        """The one verdict.

        Raises
        ------
        InvariantViolationError
            If there is none, or several.
        """
        checks = [one for one in self.get_results(implicit_materializations=False) if isinstance(one, AssetCheckResult)]
        if len(checks) != 1:
            raise InvariantViolationError(f"the program gave {len(checks)} verdicts, not one. Return get_results().")
        return checks[0]

    def get_custom_messages(self) -> Sequence[Any]:
        """What the program said in its own words."""
        return self._session.get_custom_messages()


class PipesSubprocessClient:
    """Runs programs on this machine. A resource: ``def asset(context, pipes_client: PipesSubprocessClient)``.

    >>> import sys
    >>> from nbasset import asset, materialize_to_memory
    >>> @asset
    ... def table(context, pipes_client: PipesSubprocessClient):
    ...     script = "from nbasset.pipes import open_pipes\\nwith open_pipes() as p: p.report_asset_materialization({'rows': 3})"
    ...     return pipes_client.run([sys.executable, "-c", script], context=context).get_materialize_result()
    >>> result = materialize_to_memory([table], resources={"pipes_client": PipesSubprocessClient()})
    >>> [fact.metadata["rows"].value for fact in result.get_asset_materialization_events()]
    [3]
    """

    __nbasset_resource__ = True

    def __init__(
        self,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        context_injector: PipesContextInjector | None = None,
        message_reader: PipesMessageReader | None = None,
        forward_termination: bool = True,
    ) -> None:
        self.env = dict(env or {})
        self.cwd = cwd
        self.context_injector = context_injector
        self.message_reader = message_reader
        self.forward_termination = forward_termination

    def run(
        self,
        command: Command,
        context: OpExecutionContext,
        extras: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
    ) -> PipesClientCompletedInvocation:
        """Run a program to its end. `extras` are passed along; `env` goes over the environment of this process.

        Raises
        ------
        PipesExecutionError
            If it ends with another code than 0, or cannot be started.
        """
        with open_pipes_session(
            context=context, extras=extras, context_injector=self.context_injector or PipesTempFileContextInjector(),
            message_reader=self.message_reader or PipesTempFileMessageReader(),
        ) as session:  # fmt: skip
            variables = {**os.environ, **self.env, **(env or {}), **session.get_bootstrap_env_vars()}
            code = self._run(command, variables, cwd or self.cwd)
        if code != 0:
            raise PipesExecutionError(f"the program {_shown(command)} {_ending(code)}. What it printed is among the step's output.")
        session.warn_if_never_opened()
        return PipesClientCompletedInvocation(session)

    def _run(self, command: Command, variables: Mapping[str, str], cwd: Any) -> int:
        try:
            process = subprocess.Popen(
                command, shell=isinstance(command, str), env=variables, cwd=cwd, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
            )  # fmt: skip
        except OSError as error:
            raise PipesExecutionError(f"the program {_shown(command)} cannot be started: {error}.") from error
        threads = [_passing_on(process.stdout, lambda: sys.stdout), _passing_on(process.stderr, lambda: sys.stderr)]
        try:
            code = process.wait()
        except BaseException:
            if self.forward_termination:
                _stop(process)
            raise
        finally:
            for thread in threads:
                thread.join(_GRACE_S)
        return code


@contextmanager
def open_pipes_session(
    context: OpExecutionContext,
    context_injector: PipesContextInjector | None = None,
    message_reader: PipesMessageReader | None = None,
    extras: Mapping[str, Any] | None = None,
) -> Iterator[PipesSession]:
    """For programs that something else starts: a cluster, a container. Start it with `session.get_bootstrap_env_vars()`.

    Results are complete after the ``with`` block.

    Raises
    ------
    InvariantViolationError
        If the extras cannot be written as JSON.
    """
    try:
        data = json.loads(json.dumps(_context_data(context, extras)))
    except TypeError as error:
        raise InvariantViolationError(f"extras cannot be passed to another process: {error}. Give what JSON can hold.") from error
    handler = PipesMessageHandler(context)
    reader = message_reader or PipesTempFileMessageReader()
    injector = context_injector or PipesTempFileContextInjector()
    with injector.inject_context(data) as told, reader.read_messages(handler) as heard:
        yield PipesSession(context, handler, {**told, **heard}, reader)


def _context_data(context: OpExecutionContext, extras: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "asset_keys": [str(key) for key in sorted(context.selected_asset_keys)],
        "partition_keys": [ref.key for ref in context.partition_refs],
        "run_id": context.run_id,
        "job_name": context.job_name,
        "retry_number": context.retry_number,
        "extras": dict(extras or {}),
    }


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


def _passing_on(stream: IO[str] | None, to: Callable[[], IO[str]]) -> threading.Thread:
    """A thread that prints in the step's name what comes from a program."""

    def pass_on() -> None:
        for line in stream or ():
            to().write(line)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(pass_on,), name="nbasset-pipes-output", daemon=True)
    thread.start()
    return thread


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


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


def _with_metadata(result: Any, metadata: Mapping[str, RawMetadataValue]) -> Any:
    together = {**metadata, **result.metadata}
    if isinstance(result, AssetCheckResult):
        return AssetCheckResult(result.passed, result.asset_key, result.check_name, together, result.severity, result.description)
    return MaterializeResult(result.asset_key, together, result.check_results, result.data_version, result.tags, result.value)


def _shown(command: Command) -> str:
    text = command if isinstance(command, str) else " ".join(map(str, command))
    return repr(text if len(text) <= 80 else text[:77] + "...")


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


_KINDS = ("text", "url", "path", "notebook", "json", "md", "float", "int", "bool", "timestamp", "asset", "null")
_METHODS = ("opened", "log", "report_asset_materialization", "report_asset_check", "report_custom_message", "closed")
