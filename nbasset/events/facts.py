"""Facts that ride in the row of the step they belong to: what was loaded, stored, checked, observed, seen.

One finished step is one row of the log; its facts say everything that the field's finer-grained events say, without a row for each.
Log lines and captured output are in files; a fact only says where.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Literal, TypeAlias

from nbasset.dataclass import NOTHING, dataclass
from nbasset.keys import AssetKey, PartitionRef
from nbasset.metadata import MetadataValue
from nbasset.ordinals import OrdinalSet
from nbasset.serde import packed, serializable


@serializable
@dataclass(frozen=True, slots=True, order=True)
class CheckKey:
    """The name of an asset check: the asset and the check's own name.

    >>> str(CheckKey(AssetKey("orders"), "unique_ids"))
    'orders:unique_ids'
    """

    asset: AssetKey
    name: str

    def __init__(self, asset: AssetKey | None = None, name: str = "", *, asset_key: AssetKey | None = None) -> None:
        said = asset if asset is not None else asset_key
        if said is None or not name:
            raise TypeError("a check key takes the key of the asset and the name of the check: AssetCheckKey(asset_key, name).")
        object.__setattr__(self, "asset", said)
        object.__setattr__(self, "name", name)

    @property
    def asset_key(self) -> AssetKey:
        """The asset."""
        return self.asset

    def __str__(self) -> str:
        return f"{self.asset}:{self.name}"


AssetCheckKey = CheckKey
"""The same, as users of the field call it."""


@serializable
@dataclass(frozen=True, slots=True, order=True)
class InstigatorId:
    """Which schedule or sensor: two locations may each have one of the same name.

    >>> str(InstigatorId("flights", "schedule", "nightly"))
    'nightly (schedule of flights)'
    """

    location: str
    kind: Literal["schedule", "sensor"]
    name: str

    @property
    def text(self) -> str:
        """One line that is this one's alone, whatever the names are: for columns and names of files.

        >>> InstigatorId("flights", "schedule", "nightly").text
        'schedule:nightly@flights'
        """
        return f"{self.kind}:{_escaped(self.name)}@{_escaped(self.location)}"

    def __str__(self) -> str:
        return f"{self.name} ({self.kind} of {self.location})"


def _escaped(name: str) -> str:
    return re.sub("[%@\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", lambda found: f"%{ord(found[0]):04x}", name)


@serializable
@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a traceback: a file or ``cell 7 of flights.ipynb``, and up to three lines of code around the one that ran.

    `code` holds (line number, text). `is_user` tells the user's frames from those of libraries.
    """

    file: str
    line: int
    function: str
    code: tuple[tuple[int, str], ...] = ()
    is_user: bool = True
    cell: str | None = None


@serializable
@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """An exception as data: nothing of it is unpickled or run again. The user's own frames come first in every display."""

    cls: str
    message: str
    frames: tuple[Frame, ...] = ()
    cause: ErrorInfo | None = None
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The innermost frame of the user: ``cell 7, line 6``; empty when there is none."""
        for frame in reversed(self.frames):
            if frame.is_user:
                return f"{frame.file}, line {frame.line}"
        return ""

    @property
    def cls_name(self) -> str:
        """The name of the exception's class."""
        return self.cls

    @property
    def error(self) -> ErrorInfo:
        """The same: what users of the field find inside what they are told of a failed step."""
        return self

    @property
    def user_failure_data(self) -> ErrorInfo | None:
        """The same where the step failed on purpose, with `description` and `metadata`; None for any other exception."""
        return self if self.cls == "Failure" else None

    @property
    def description(self) -> str:
        """What the exception says."""
        return self.message

    def __str__(self) -> str:
        return f"{self.cls}: {self.message}" if self.message else self.cls


@packed("$u")
@dataclass(frozen=True, slots=True)
class InputUsed:
    """What a materialization read of one upstream asset.

    `partitions` is None for an unpartitioned upstream. `digest` is over the data versions that were read, in order of ordinal;
    `as_of_seq` is the last sequence number that the step had seen when it read.
    """

    asset: AssetKey
    partitions: OrdinalSet | None
    digest: str
    as_of_seq: int = 0


@serializable
@dataclass(frozen=True, slots=True)
class AssetMaterialized:
    """A version of an asset (or of one partition) is durable at `uri`.

    `code_version` names the slice, `input_digest` code + config + io + input versions (what staleness compares), `data_version` the
    content. `source_id` finds the stored slice text. `hidden_state` names what the run leaned on that no cell defines.
    """

    asset: AssetKey
    partition: PartitionRef | None = None
    version_id: str = ""
    data_version: str = ""
    code_version: str = ""
    config_version: str = ""
    io_version: str = ""
    input_digest: str = ""
    source_id: str = ""
    inputs: tuple[InputUsed, ...] = ()
    rows: int | None = None
    size_bytes: int | None = None
    schema_id: str | None = None
    uri: str | None = None
    metadata: Mapping[str, MetadataValue] = NOTHING
    tags: Mapping[str, str] = NOTHING
    hidden_state: tuple[str, ...] = ()
    description: str | None = None

    @property
    def materialization(self) -> AssetMaterialized:
        """The same: an event of the field carries what was materialized, here the event is that."""
        return self

    @property
    def asset_key(self) -> AssetKey:
        """The asset."""
        return self.asset


@serializable
@dataclass(frozen=True, slots=True)
class AssetObserved:
    """Something was learned of an asset without making it."""

    asset: AssetKey
    partition: PartitionRef | None = None
    data_version: str | None = None
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None

    @property
    def asset_key(self) -> AssetKey:
        """The asset."""
        return self.asset


class AssetCheckSeverity(StrEnum):
    """How bad a failed check is, which is also the text that is recorded. Only ERROR can block what is downstream.

    >>> from nbasset import AssetCheckResult
    >>> AssetCheckResult(passed=False, severity=AssetCheckSeverity.WARN).severity.value
    'WARN'
    """

    WARN = "WARN"
    ERROR = "ERROR"

    def __repr__(self) -> str:
        return repr(self.value)


@serializable
@dataclass(frozen=True, slots=True)
class CheckEvaluated:
    """An asset check gave its verdict on the version of the asset that is named."""

    check: CheckKey
    passed: bool
    severity: AssetCheckSeverity = AssetCheckSeverity.ERROR
    blocking: bool = False
    partition: PartitionRef | None = None
    version_id: str = ""
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    description: str | None = None

    def __post_init__(self) -> None:
        if type(self.severity) is str:  # as it is recorded
            object.__setattr__(self, "severity", AssetCheckSeverity(self.severity))

    @property
    def asset_key(self) -> AssetKey:
        """The asset that was checked."""
        return self.check.asset

    @property
    def check_name(self) -> str:
        """The check's own name."""
        return self.check.name


@serializable
@dataclass(frozen=True, slots=True)
class ExpectationEvaluated:
    """An expectation inside a step gave its verdict. It never fails the step."""

    success: bool
    label: str | None = None
    description: str | None = None
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)


@packed("$l")
@dataclass(frozen=True, slots=True)
class InputLoaded:
    """An input of the step was ready. `source` is an asset's user string, ``step:output``, ``config`` or ``default``."""

    name: str
    source: str
    versions: tuple[str, ...] = ()
    took_us: int = 0
    metadata: Mapping[str, MetadataValue] = NOTHING


@serializable
@dataclass(frozen=True, slots=True)
class OutputStored:
    """An output of an op was handed to its I/O manager; where later steps and re-executions find it.

    `mapping_key` is set for one value of a dynamic output. `kept` tells when there is nothing to be read back: the op gave no value, or one
    that the I/O manager cannot store, which is known in the process that made it only.
    """

    output: str
    mapping_key: str | None = None
    uri: str | None = None
    version_id: str = ""
    rows: int | None = None
    size_bytes: int | None = None
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    kept: Literal["stored", "not-storable", "nothing"] = "stored"


@serializable
@dataclass(frozen=True, slots=True)
class HookRan:
    """A success or failure hook ended; `error` is set when the hook itself failed, which never fails the run."""

    hook: str
    error: ErrorInfo | None = None


@serializable
@dataclass(frozen=True, slots=True)
class ResourceOpened:
    """A resource was set up, in so many microseconds."""

    resource: str
    took_us: int = 0


@serializable
@dataclass(frozen=True, slots=True)
class LogsCaptured:
    """Where the step's lines are, relative to the home: stdout, stderr and structured log of one attempt."""

    folder: str
    stdout_bytes: int = 0
    stderr_bytes: int = 0
    log_lines: int = 0


@serializable
@dataclass(frozen=True, slots=True)
class DisplayKept:
    """A figure, frame or HTML that the step displayed, kept as a file below the run's folder."""

    mime: str
    file: str
    size_bytes: int = 0


Fact: TypeAlias = (
    AssetMaterialized
    | AssetObserved
    | CheckEvaluated
    | ExpectationEvaluated
    | InputLoaded
    | OutputStored
    | HookRan
    | ResourceOpened
    | LogsCaptured
    | DisplayKept
)
