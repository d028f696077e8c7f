"""What every schedule and sensor function gets: the instance, resources, a log whose lines are kept with the tick, the definitions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nbasset.definitions.parameters import Parameters, parameters_of
from nbasset.definitions.resources_context import InitResourceContext, Resources
from nbasset.errors import InvalidDefinitionError, InvariantViolationError

if TYPE_CHECKING:
    import logging


class InstigatorContext:
    """The part that contexts of schedules and sensors share. Use as a context manager where resources should be closed early.

    Resources given as definitions are opened when they are first asked for. `log_lines` are what was logged through `log`.
    """

    __nbasset_context__ = True
    _repository_name: str | None = None

    def __init__(
        self,
        *,
        instance: Any = None,
        resources: Mapping[str, Any] | None = None,
        definitions: Any = None,
        name: str | None = None,
    ) -> None:
        self._instance = instance
        self._given = dict(resources or {})
        self._definitions = definitions
        self._name = name
        self._stack = ExitStack()
        self._scope: Any = None
        self._wanted: frozenset[str] | None = None
        self.log_lines: list[str] = []
        from nbasset.definitions.log_lines import tick_log  # loads logging: 1 MB, for whoever only defines

        self.log: logging.Logger = tick_log(name, self.log_lines)

    @property
    def instance(self) -> Any:
        """The instance: records, runs, dynamic partitions.

        Raises
        ------
        InvariantViolationError
            If the context was built without one.
        """
        if self._instance is None:
            raise InvariantViolationError(f"this context has no instance. Pass one: {self._builder()}(instance=Instance.ephemeral()).")
        return self._instance

    @property
    def has_instance(self) -> bool:
        """Whether there is an instance to ask."""
        return self._instance is not None

    @property
    def now(self) -> datetime:
        """The current moment, as the instance tells it."""
        found: datetime = self.instance.partitions_view(None).now
        return found

    @property
    def definitions(self) -> Any:
        """Everything that is defined beside the schedule or sensor."""
        if self._definitions is None:
            raise InvariantViolationError(f"this context knows no definitions. Pass them: {self._builder()}(definitions=defs).")
        return self._definitions

    @property
    def repository_def(self) -> Any:
        """The definitions, under the older name."""
        return self.definitions

    @property
    def has_definitions(self) -> bool:
        """Whether the definitions are known."""
        return self._definitions is not None

    @property
    def repository_name(self) -> str | None:
        """The name of the code location, where it is known."""
        return self._repository_name or ((self._definitions.name or None) if self._definitions is not None else None)

    @property
    def resources(self) -> Resources:
        """The opened resources: those given when the context was built, else those that the function asked for."""
        return self._opened(self._wanted if self._wanted is not None and not self._given else None)

    def open(self, keys: Collection[str], needed_by: str) -> Resources:
        """The resources of these keys, opened; afterwards `resources` gives at least these.

        Raises
        ------
        UnknownResource
            If a key has no definition.
        """
        self._wanted = frozenset(keys)
        return self._opened(self._wanted, needed_by)

    def close(self) -> None:
        """Close what was opened."""
        self._stack.close()
        self._scope = None

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _opened(self, keys: Collection[str] | None, needed_by: str | None = None) -> Resources:
        inherited = self._definitions.resources if self._definitions is not None else {}
        known = {**inherited, **self._given}
        wanted = list(self._given) if keys is None else [*dict.fromkeys([*self._given, *keys])]
        if not wanted:
            return Resources({}, needed_by or self._name)
        if self._scope is None:
            from nbasset.definitions.resources_open import ResourceScope

            instance = self._instance
            self._scope = self._stack.enter_context(ResourceScope(known, context=lambda: InitResourceContext(instance=instance)))
        found: Resources = self._scope.get(wanted, needed_by=needed_by)
        return found

    def _builder(self) -> str:
        return "build_schedule_context" if type(self).__name__.startswith("Schedule") else "build_sensor_context"


class InstigatorFunction:
    """A schedule's or sensor's function with its parameters sorted: a context (by any name), resources, nothing else."""

    def __init__(self, fn: Callable[..., Any], *, what: str, required: Collection[str] | None = None, leading: Sequence[str] = ()) -> None:
        self.fn = fn
        self.what = what
        parameters = parameters_of(fn, what=what)
        self.parameters: Parameters = parameters
        names = [*([parameters.context] if parameters.context else []), *parameters.inputs]
        room = ("context", *leading)
        if len(names) > len(room) or parameters.config is not None:
            extra = names[len(room) :] or [str(parameters.config)]
            raise InvalidDefinitionError(
                f"{what} takes {' and '.join(room)}, and resources; nobody says what '{extra[0]}' is. "
                f"If it is a resource, say so: {extra[0]}: ResourceParam[...], or a ConfigurableResource class."
            )
        self.positional = len(names)
        self.resource_keys = frozenset(required or ()) | frozenset(parameters.resources.values())

    def call(self, context: Any, *leading: Any, **given: Any) -> Any:
        """Call it with the context and what goes after it, as far as it takes them, and its resources (those in `given` go first)."""
        takes_context = self.parameters.context is not None or self.positional > len(leading)
        arguments = ((context, *leading) if takes_context else leading)[: self.positional]
        needed = self.resource_keys - given.keys()
        opened: Mapping[str, Any] = context.open(needed, self.what) if needed else {}
        values = {name: given.get(name, opened.get(key)) for name, key in self.parameters.resources.items()}
        return self.fn(*arguments, **values)
