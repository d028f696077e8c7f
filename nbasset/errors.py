"""Every error nbasset raises, and `Problem`, what it reports without raising.

A message says what is wrong, where, which rule it breaks, the nearest right thing and the next step. The values stand as
attributes too, so that a program can act on them. A notebook is half-written most of the time: what is wrong in it is a
`Problem`, shown beside the cell, and becomes an error only when somebody asks for the thing it spoils.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal


class Error(Exception):
    """Root of all errors raised by nbasset on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong or worth knowing about a definition, with the place it stands and what to do.

    `rule` is a stable short name (`unknown-asset`, `cycle`, ...). `where` is text for people: ``cell 7, line 2 (flights.ipynb)``.
    An ``error`` stops a plan that includes the asset, or runs the job; a ``note`` never does.
    """

    rule: str
    message: str
    where: str | None = None
    hint: str | None = None
    severity: Literal["error", "note"] = "error"
    asset: str | None = None
    job: str | None = None

    def __str__(self) -> str:
        where = f" ({self.where})" if self.where else ""
        hint = f"\n{self.hint}" if self.hint else ""
        return f"{self.message}{where}{hint}"


# -- What somebody wrote ------------------------------------------------------------------------------------------------


class InvalidDefinitionError(Error):
    """A definition breaks a rule: a bad name, a contradiction between arguments, a missing resource."""


class InvalidAssetName(InvalidDefinitionError):
    """A part of an asset key that cannot be one."""


class DuplicateAsset(InvalidDefinitionError):
    """Two definitions claim one key."""


class AssetCycle(InvalidDefinitionError):
    """Assets that need each other in a ring."""


class UnknownAsset(InvalidDefinitionError):
    """An input, a selection or a verb names an asset that nobody defines."""


class InvalidSelection(InvalidDefinitionError):
    """A selection that cannot be read, with the place in the text."""


class InvalidMetadata(InvalidDefinitionError):
    """A metadata value of a type that cannot be recorded."""


class InvalidCron(InvalidDefinitionError):
    """A cron text that cannot be read or that never fires."""


class InvalidPartitionMapping(InvalidDefinitionError):
    """A partition mapping that cannot be between these two partitions definitions."""


class UnknownPartitionError(Error):
    """A partition key that its definition does not have."""


class InvalidPartitionRange(UnknownPartitionError):
    """A range of partitions that cannot be read, or whose end comes before its start."""


class InvalidInvocationError(Error):
    """A definition called in a way it cannot be called."""


class InvariantViolationError(Error):
    """A rule of a running asset was broken, such as an output that was never yielded."""


class InvalidConfigError(Error, ValueError):
    """Configuration that does not fit its schema, with every error at once.

    `errors` holds one entry for each: its path (`ops.delays.config.n`), what was given, the type expected, an example.
    """

    def __init__(self, errors: Sequence[object], of: str = "the config") -> None:
        self.errors = tuple(errors)
        self.of = of
        count = "1 error" if len(self.errors) == 1 else f"{len(self.errors)} errors"
        super().__init__("\n".join([f"{count} in {of}:", *(f"  {error}" for error in self.errors)]))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.errors, self.of)


class UnknownResource(InvalidDefinitionError):
    """A resource that somebody needs and nobody gives."""


class ProblemsFound(InvalidDefinitionError):
    """Definitions that cannot be planned; carries all their problems at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


# -- Notebooks and locations ----------------------------------------------------------------------------------------------


class LocationError(Error):
    """A notebook, module or project that cannot be loaded."""


class InvalidNotebook(LocationError):
    """A file that is not a notebook, or one that holds nothing to run."""


class HiddenState(LocationError):
    """A notebook that leans on names no cell defines."""


class KernelUnavailable(LocationError):
    """A notebook whose kernel is not installed here, or does not start."""


# -- Data ---------------------------------------------------------------------------------------------------------------


class UnstorableValue(Error):
    """A value the I/O manager cannot store, with what it can."""


class MissingValue(Error):
    """An input that was never materialized, or whose file is gone."""


class CorruptData(Error):
    """A stored file that cannot be read."""


class ChangedByHand(CorruptData):
    """A stored file that is not the one that was recorded: somebody wrote over it."""


class SchemaMismatch(Error):
    """A value whose columns or types differ from what is expected."""


class TypeCheckDidNotPass(Error):
    """A value that is not of the type its input or output declares.

    `description` and `metadata` are what the type's check said, `type_name` the type expected.
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
    """State or data that cannot be read or written now: locked, read-only, full, unreachable."""


class StorageCorrupt(Error):
    """A state file that is damaged; nothing is written until somebody decides."""


class PartitionBusy(Error):
    """Somebody else is writing the same asset or partition."""


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
    """

    def __init__(self, description: str | None = None, metadata: dict[str, object] | None = None, allow_retries: bool = True) -> None:
        self.description = description
        self.metadata = dict(metadata or {})
        self.allow_retries = allow_retries
        super().__init__(description or "the step failed on purpose")


class RetryRequested(Error):
    """Raised by user code to ask for another attempt."""

    def __init__(self, max_retries: int = 1, seconds_to_wait: float = 0.0) -> None:
        self.max_retries = max_retries
        self.seconds_to_wait = seconds_to_wait
        super().__init__(f"another attempt was asked for (at most {max_retries})")


class RunFailure(Error):
    """A run that ended in failure and was asked to raise."""


class RunCancelled(Error):
    """A run that was cancelled."""


class WorkerLost(Error):
    """A worker process that died under a step: its signal or exit code."""


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """A sentence naming the nearest known word, or an empty text when none is near.

    >>> did_you_mean("order", ["orders", "customers"])
    "Did you mean 'orders'?"
    """
    near = get_close_matches(wrong, list(known), n=1, cutoff=0.6)
    return f"Did you mean '{near[0]}'?" if near else ""
