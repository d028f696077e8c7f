"""Every error nbasset raises, and `Problem`, what it reports without raising.

A message says what is wrong, where, which rule it breaks, the nearest right thing and the next step. The values stand as
attributes too, so that a program can act on them. A notebook is half-written most of the time: what is wrong in it is a
`Problem`, shown beside the cell, and becomes an error only when somebody asks for the thing it spoils.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from nbasset.dataclass import dataclass


class Error(Exception):
    """Root of all errors raised by nbasset on purpose.

    >>> issubclass(UnknownAsset, Error)
    True
    """


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong or worth knowing about a definition, with the place it stands and what to do.

    `rule` is a stable short name (`unknown-asset`, `cycle`, ...). `where` is text for people: ``cell 7, line 2 (flights.ipynb)``.
    An ``error`` stops a plan that includes the asset, or runs the job; a ``note`` never does.

    >>> print(Problem("unknown-asset", "no asset 'order' is defined.", where="cell 7", hint="Did you mean 'orders'?"))
    no asset 'order' is defined. (cell 7)
    Did you mean 'orders'?
    """

    rule: str
    message: str
    where: str | None = None
    hint: str | None = None
    severity: Literal["error", "note"] = "error"
    asset: str | None = None
    job: str | None = None

    def __str__(self) -> str:
        place = self.where or ""
        if place.endswith(")"):  # brackets within brackets read badly: the file is said with "of"
            place = place[:-1].replace(" (", " of ", 1)
        hint = f"\n{self.hint}" if self.hint else ""
        return self.message + (f" ({place})" if place else "") + hint


# -- What somebody wrote ------------------------------------------------------------------------------------------------


class InvalidDefinitionError(Error):
    """A definition breaks a rule: a bad name, a contradiction between arguments, a missing resource.

    >>> from nbasset import RetryPolicy
    >>> RetryPolicy(max_retries=-1)
    Traceback (most recent call last):
    nbasset.errors.InvalidDefinitionError: RetryPolicy(max_retries=-1): the number of retries cannot be negative.
    """


class InvalidAssetName(InvalidDefinitionError):
    """A part of an asset key that cannot be one."""


class DuplicateAsset(InvalidDefinitionError):
    """Two definitions claim one key.

    >>> issubclass(DuplicateAsset, InvalidDefinitionError)
    True
    """


class AssetCycle(InvalidDefinitionError):
    """Assets that need each other in a ring.

    >>> from nbasset import Definitions, asset
    >>> @asset
    ... def hen(egg): ...
    >>> @asset
    ... def egg(hen): ...
    >>> {problem.rule for problem in Definitions(assets=[hen, egg]).problems}
    {'cycle'}
    """


class UnknownAsset(InvalidDefinitionError):
    """An input, a selection or a verb names an asset that nobody defines.

    >>> from nbasset import AssetSelection, Definitions, asset
    >>> @asset
    ... def orders(): ...
    >>> AssetSelection.from_string("order").resolve(Definitions(assets=[orders]).catalog)
    Traceback (most recent call last):
    nbasset.errors.UnknownAsset: no asset 'order' is defined. Did you mean 'orders'?
    """


class InvalidSelection(InvalidDefinitionError):
    """A selection that cannot be read, with the place in the text."""


class InvalidMetadata(InvalidDefinitionError):
    """A metadata value of a type that cannot be recorded."""


class InvalidCron(InvalidDefinitionError):
    """A cron text that cannot be read or that never fires."""


class InvalidPartitionMapping(InvalidDefinitionError):
    """A partition mapping that cannot be between these two partitions definitions."""


class UnknownJob(InvalidDefinitionError):
    """A job, schedule or sensor is named that nobody defines.

    >>> from nbasset import Definitions, Instance
    >>> from nbasset.arguments.options_jobs import JobRunArguments
    >>> from nbasset.commands.job_verbs import run_job_verb
    >>> from nbasset.commands.scope import scope_of
    >>> with Instance.ephemeral() as instance:
    ...     run_job_verb(scope_of(Definitions(), instance=instance), JobRunArguments("nightly"))
    Traceback (most recent call last):
    nbasset.errors.UnknownJob: no job 'nightly' is defined here.
    """


class UnknownPartitionError(Error):
    """A partition key that its definition does not have.

    >>> from nbasset import StaticPartitionsDefinition
    >>> StaticPartitionsDefinition(["EWR", "JFK"]).validate_partition_key("JKF")
    Traceback (most recent call last):
    nbasset.errors.UnknownPartitionError: no partition 'JKF' in static: EWR, JFK. There are 2 from 'EWR' to 'JFK'. Did you mean 'JFK'?
    """


class InvalidPartitionRange(UnknownPartitionError):
    """A range of partitions that cannot be read, or whose end comes before its start."""


class InvalidInvocationError(Error):
    """A definition called in a way it cannot be called.

    >>> from nbasset import asset
    >>> @asset
    ... def total(orders): ...
    >>> try:
    ...     total()
    ... except InvalidInvocationError as error:
    ...     print(str(error).splitlines()[0])
    asset 'total' was called without 'orders'. Pass a value for each.
    """


class InvariantViolationError(Error):
    """A rule of a running asset was broken, such as an output that was never yielded.

    >>> from nbasset import build_asset_context
    >>> build_asset_context().partition_key
    Traceback (most recent call last):
    nbasset.errors.InvariantViolationError: 'asset' runs without a partition. Ask context.has_partition_key first.
    """


class InvalidConfigError(Error, ValueError):
    """Configuration that does not fit its schema, with every error at once.

    `errors` holds one entry for each: its path (`ops.delays.config.n`), what was given, the type expected, an example.

    >>> from nbasset import Config
    >>> class Sampling(Config):
    ...     rows: int = 10
    >>> try:
    ...     Sampling(rows="many")
    ... except InvalidConfigError as error:
    ...     print(error.errors[0])
    rows: expected int, got 'many' (str). Example: rows: 1
    """

    def __init__(self, errors: Sequence[object], of: str = "the config") -> None:
        self.errors = tuple(errors)
        self.of = of
        count = "1 error" if len(self.errors) == 1 else f"{len(self.errors)} errors"
        super().__init__("\n".join([f"{count} in {of}:", *(f"  {error}" for error in self.errors)]))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.errors, self.of)


class UnknownResource(InvalidDefinitionError):
    """A resource that somebody needs and nobody gives.

    >>> from nbasset import build_resources
    >>> with build_resources({"database": 1}) as resources:
    ...     try:
    ...         resources.datbase
    ...     except UnknownResource as error:
    ...         print(error)
    no resource 'datbase' is open. Did you mean 'database'? Open here: database. Ask for it by a parameter or in required_resource_keys.
    """


class ProblemsFound(InvalidDefinitionError):
    """Definitions that cannot be planned; carries all their problems at once.

    >>> problem = Problem("unknown-asset", "no asset 'order' is defined.")
    >>> ProblemsFound([problem]).problems == (problem,)
    True
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        places: dict[tuple[str, str | None], dict[str, None]] = {}  # what is wrong in several places, as a ring is, is said once
        for one in problems:
            places.setdefault((one.message, one.hint), {}).update({one.where: None} if one.where else {})
        texts = [str(Problem("", message, ", ".join(where) or None, hint)) for (message, hint), where in places.items()]
        if len(texts) > 1:
            listed = "\n".join("- " + text.replace("\n", "\n  ") for text in texts)
            texts = [f"{len(texts)} problems stand in the way:\n{listed}"]
        super().__init__("".join(texts))


# -- Notebooks and locations ----------------------------------------------------------------------------------------------


class LocationError(Error):
    """A notebook, module or project that cannot be loaded.

    >>> from pathlib import Path
    >>> from nbasset.locations.workspace import load_location
    >>> try:
    ...     load_location(Path("nowhere.py"), Path("."))
    ... except LocationError as error:
    ...     print(str(error).rpartition("/")[2])
    nowhere.py is no Python file. A location is a notebook, a .py file, a package or a folder with nbasset.toml.
    """


class InvalidNotebook(LocationError):
    """A file that is not a notebook, or one that holds nothing to run.

    >>> issubclass(InvalidNotebook, LocationError)
    True
    """


class HiddenState(LocationError):
    """A notebook that leans on names no cell defines.

    >>> issubclass(HiddenState, LocationError)
    True
    """


class KernelUnavailable(LocationError):
    """A notebook whose kernel is not installed here, or does not start."""


# -- Data ---------------------------------------------------------------------------------------------------------------


class UnstorableValue(Error):
    """A value the I/O manager cannot store, with what it can.

    >>> from nbasset import Instance, asset, materialize
    >>> @asset
    ... def thing():
    ...     return object()
    >>> with Instance.ephemeral() as instance:
    ...     materialize([thing], instance=instance, raise_on_error=False).failure_data_for_node("thing").cls
    'UnstorableValue'
    """


class MissingValue(Error):
    """An input that was never materialized, or whose file is gone.

    >>> from nbasset import Definitions, Instance, asset
    >>> @asset
    ... def orders(): ...
    >>> with Instance.ephemeral() as instance:
    ...     Definitions(assets=[orders]).load_asset_value("orders", instance=instance)
    Traceback (most recent call last):
    nbasset.errors.MissingValue: asset 'orders' was never materialized. Run it first: %asset run orders, or materialize().
    """


class CorruptData(Error):
    """A stored file that cannot be read.

    >>> issubclass(ChangedByHand, CorruptData)
    True
    """


class ChangedByHand(CorruptData):
    """A stored file that is not the one that was recorded: somebody wrote over it.

    >>> issubclass(ChangedByHand, CorruptData)
    True
    """


class SchemaMismatch(Error):
    """A value whose columns or types differ from what is expected.

    >>> issubclass(SchemaMismatch, Error)
    True
    """


class TypeCheckDidNotPass(Error):
    """A value that is not of the type its input or output declares.

    `description` and `metadata` are what the type's check said, `type_name` the type expected.

    >>> TypeCheckDidNotPass("the output of asset 'ages' is not of type list[int]", type_name="list[int]").type_name
    'list[int]'
    """

    def __init__(
        self, message: str, *, type_name: str = "", description: str | None = None, metadata: Mapping[str, object] | None = None
    ) -> None:
        self.type_name = type_name
        self.description = description
        self.metadata = dict(metadata or {})
        super().__init__(message)


class PathOutsideHome(Error):
    """A key that would name a file outside the warehouse."""


class StorageUnavailable(Error):
    """State or data that cannot be read or written now: locked, read-only, full, unreachable.

    >>> issubclass(StorageUnavailable, Error)
    True
    """


class StorageCorrupt(Error):
    """A state file that is damaged; nothing is written until somebody decides.

    >>> issubclass(StorageCorrupt, Error)
    True
    """


class PartitionBusy(Error):
    """Somebody else is writing the same asset or partition.

    >>> issubclass(PartitionBusy, Error)
    True
    """


class UnknownBackfill(Error):
    """A backfill that was never asked for in this home."""


class BackfillBusy(Error):
    """A backfill that another process carries out right now."""


class LeaseLost(Error):
    """A write under a lease that was given back, or that somebody else has won since."""


# -- Runs ---------------------------------------------------------------------------------------------------------------


class UnknownRun(Error):
    """A run that is not in this home."""


class Failure(Error):
    """Raised by user code to fail a step on purpose, with metadata for people.

    `allow_retries=False` ends the step at once, whatever its retry policy says.

    >>> from nbasset import job, op
    >>> @op
    ... def hopeless():
    ...     raise Failure("the disk is full", metadata={"free": 0}, allow_retries=False)
    >>> @job
    ... def copy(): hopeless()
    >>> copy.execute_in_process(raise_on_error=False).success
    False
    """

    def __init__(self, description: str | None = None, metadata: dict[str, object] | None = None, allow_retries: bool = True) -> None:
        self.description = description
        self.metadata = dict(metadata or {})
        self.allow_retries = allow_retries
        super().__init__(description or "the step failed on purpose")


class RetryRequested(Error):
    """Raised by user code to ask for another attempt.

    >>> from nbasset import job, op
    >>> @op
    ... def flaky(context):
    ...     if context.retry_number == 0:
    ...         raise RetryRequested(max_retries=1)
    ...     return context.retry_number
    >>> @job
    ... def copy(): flaky()
    >>> copy.execute_in_process().output_for_node("flaky")
    1
    """

    def __init__(self, max_retries: int = 1, seconds_to_wait: float = 0.0) -> None:
        self.max_retries = max_retries
        self.seconds_to_wait = seconds_to_wait
        super().__init__(f"another attempt was asked for (at most {max_retries})")


class RunFailure(Error):
    """A run that ended in failure and was asked to raise, where the error of its step is at hand as data only.

    >>> from nbasset import Instance, asset, materialize
    >>> from nbasset.commands.carrying_out import raise_failure
    >>> @asset
    ... def orders():
    ...     return 1 / 0
    >>> with Instance.ephemeral() as instance:
    ...     result = materialize([orders], instance=instance, raise_on_error=False)
    >>> try:
    ...     raise_failure(result)
    ... except RunFailure as error:
    ...     print(str(error).rpartition(", ")[2])
    line 3: ZeroDivisionError: division by zero
    """


class RunCancelled(Error):
    """A run that was cancelled.

    >>> issubclass(RunCancelled, Error)
    True
    """


class PipesExecutionError(Error):
    """A program that a step ran and that failed, or reported what cannot be understood.

    >>> issubclass(PipesExecutionError, Error)
    True
    """


class WorkerLost(Error):
    """A worker process that died under a step: its signal or exit code.

    >>> issubclass(WorkerLost, Error)
    True
    """


def kind_of(value: object) -> str:
    """What a value is, with its article, for sentences.

    >>> kind_of(1), kind_of("x"), kind_of(object())
    ('an int', 'a str', 'an object')
    """
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """A sentence naming the nearest known word, or an empty text when none is near.

    >>> did_you_mean("order", ["orders", "customers"])
    "Did you mean 'orders'?"
    """
    from difflib import get_close_matches  # only for whoever misspells

    near = get_close_matches(wrong, list(known), n=1, cutoff=0.6)
    return f"Did you mean '{near[0]}'?" if near else ""
