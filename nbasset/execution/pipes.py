"""Steps that run a program of their own: what it logs, makes and checks comes back while it runs.

The program calls `nbasset.pipes.open_pipes`. What it is told goes through a *context injector*, what it tells through a *message reader*;
by default both are files in a private temporary folder. What it prints is kept with the step like any other output.
"""

from __future__ import annotations

import contextvars
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any

from nbasset.definitions.results import AssetCheckResult, MaterializeResult
from nbasset.errors import InvariantViolationError, PipesExecutionError
from nbasset.execution.context import OpExecutionContext
from nbasset.execution.pipes_transport import (
    Params,
    PipesContextInjector,
    PipesMessageHandler,
    PipesMessageReader,
    PipesTempFileContextInjector,
    PipesTempFileMessageReader,
)
from nbasset.metadata import RawMetadataValue

Command = str | Sequence[str]
_GRACE_S = 10.0


class PipesSession:
    """A program that is to run, or has run: how it finds its step, and what it reported.

    >>> from nbasset import build_op_context
    >>> with open_pipes_session(build_op_context()) as session:
    ...     sorted(session.get_bootstrap_env_vars())
    ['NBASSET_PIPES_CONTEXT', 'NBASSET_PIPES_MESSAGES']
    """

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
    """A program that has run.

    >>> import sys
    >>> from nbasset import build_op_context
    >>> program = "from nbasset.pipes import open_pipes\\nwith open_pipes(): pass"
    >>> ran = PipesSubprocessClient().run(command=[sys.executable, "-c", program], context=build_op_context())
    >>> ran.get_results()
    ()
    """

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

    >>> import subprocess, sys
    >>> from nbasset import build_op_context
    >>> program = "from nbasset.pipes import open_pipes\\nwith open_pipes() as pipes: pipes.report_custom_message('hello')"
    >>> with open_pipes_session(build_op_context()) as session:
    ...     _ = subprocess.run([sys.executable, "-c", program], env={**os.environ, **session.get_bootstrap_env_vars()}, check=True)
    >>> session.get_custom_messages()
    ('hello',)

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
