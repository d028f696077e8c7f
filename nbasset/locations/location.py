"""A code location: a notebook, module, package or session, loaded. Definitions, their code, and how to load them again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nbasset.cached import cached_property
from nbasset.dataclass import dataclass
from nbasset.definitions.definitions import Definitions
from nbasset.errors import LocationError
from nbasset.execution.failures import error_info
from nbasset.execution.task import CodeRef
from nbasset.locations.code_index import NO_CODE, CodeIndex
from nbasset.serde import Json
from nbasset.source.program import SliceSource

if TYPE_CHECKING:
    from nbasset.locations.job_file import JobFile

Kind = Literal["notebook", "module", "package", "session", "definitions", "slice", "broken"]


def nothing_hidden(node: str) -> tuple[str, ...]:
    """Code that was loaded leans on nothing but what its document says."""
    return ()


@dataclass(frozen=True, slots=True)
class Promoted:
    """What makes a location a promoted job: its file as it was read, and the values of the parameters that stand in the notebook.

    `given` are those among them that a run brought along.
    """

    job: JobFile
    file: Path
    values: Mapping[str, Json]
    given: Mapping[str, Json]
    home: Path | None = None


@dataclass(frozen=True, eq=False)
class Location:
    """Code as it was loaded.

    `name` is what people call it (``flights.ipynb``, ``sales.assets``), unique in a project. `folder` is where its code expects to run:
    relative paths in it count from there. A location that cannot be loaded is ``broken``: it has no assets and carries its `error`.
    `hidden_state` tells of a node of a live session what it would lean on that its document does not say, a sentence each. `promoted` is
    there for a promoted job: papermill carries its runs out.
    """

    name: str
    kind: Kind
    definitions: Definitions
    code: CodeIndex = NO_CODE
    path: Path | None = None
    folder: Path | None = None
    module: str = ""
    source: SliceSource | None = None
    error: Exception | None = None
    loader: Callable[[], Location] | None = field(default=None, repr=False)
    namespace: dict[str, Any] = field(default_factory=dict, repr=False)
    hidden_state: Callable[[str], tuple[str, ...]] = field(default=nothing_hidden, repr=False)
    promoted: Promoted | None = None

    @property
    def is_broken(self) -> bool:
        """Whether it could not be loaded."""
        return self.error is not None

    def check(self) -> Location:
        """The location itself, if it could be loaded.

        Raises
        ------
        LocationError
            The error it carries.
        """
        if self.error is not None:
            raise self.error
        return self

    def code_ref(self, node: str, keep: Callable[[str], str]) -> CodeRef:
        """Where a worker finds the code of a node. `keep` stores the text of its slice and gives its address.

        Code of a notebook or session travels as the text of its slice; a module is imported by its name. A node whose code cannot be read
        lives in this process only.
        """
        code = self.code
        source_id = code.source_id(node, keep) if code.slice(node) is not None else ""
        version = code.version(node)
        if self.kind in ("module", "package") or (self.kind == "definitions" and self.module):
            return CodeRef("module", self.module or str(self.path), source_id, version)
        if source_id:
            return CodeRef("slice", self.name, source_id, version)
        return CodeRef("live", self.name, "", version) if version else self._live

    @cached_property
    def _live(self) -> CodeRef:
        """What all nodes have in common whose code cannot be read."""
        return CodeRef("live", self.name)

    def reload(self) -> Location:
        """The same location loaded anew; what cannot be loaded again (a session, plain definitions) is itself."""
        return self.loader() if self.loader is not None else self


def broken(name: str, error: Exception, *, path: Path | None = None, loader: Callable[[], Location] | None = None) -> Location:
    """The location that stands for one that cannot be loaded."""
    return Location(name, "broken", Definitions(name=name), path=path, error=error, loader=loader)


def could_not_load(name: str, error: BaseException) -> LocationError:
    """The error of code that raises when it is loaded, with the user's place first."""
    info = error_info(error)
    place = f" {info.place}:" if info.place else ""
    made = LocationError(f"{name} cannot be loaded.{place} {info.cls}: {info.message}".rstrip(": "))
    made.__cause__ = error
    return made
