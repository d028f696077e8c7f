"""Where the steps of a job run, as a definition: in this process, its threads, worker processes, or an executor of one's own.

>>> from nbasset import in_process_executor, multi_or_in_process_executor, multiprocess_executor, thread_executor
>>> [one.name for one in (in_process_executor, thread_executor, multiprocess_executor, multi_or_in_process_executor)]
['in_process', 'threads', 'multiprocess', 'multi_or_in_process_executor']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Literal

from nbasset.dataclass import dataclass
from nbasset.definitions.config_errors import ConfigError
from nbasset.errors import InvalidConfigError, InvalidDefinitionError, did_you_mean

Kind = Literal["default", "inline", "threads", "processes", "custom"]
_FIELDS: Mapping[Kind, tuple[str, ...]] = {
    "inline": ("retries", "marker_to_close"),
    "threads": ("max_concurrent", "tag_concurrency_limits", "retries"),
    "processes": ("max_concurrent", "tag_concurrency_limits", "retries", "start_method", "step_execution_mode"),
}
_SECTIONS: Mapping[str, Kind] = {"in_process": "inline", "multiprocess": "processes", "threads": "threads"}


@dataclass(frozen=True, slots=True)
class TagLimit:
    """At most `limit` steps at once with this tag; without a `value` whatever its value is."""

    key: str
    limit: int
    value: str | None = None

    def counts(self, tags: Mapping[str, str]) -> bool:
        """Whether a step with these tags is one of them."""
        return self.key in tags and self.value in (None, tags[self.key])


@dataclass(frozen=True, slots=True)
class ExecutorChoice:
    """Where the steps of one run go. `max_workers` 0 means one a core; `make` gives an executor of the user's own."""

    kind: Kind
    max_workers: int = 0
    tag_limits: tuple[TagLimit, ...] = ()
    make: Callable[[], Any] | None = None


@dataclass(frozen=True, eq=False)
class ExecutorDefinition:
    """An executor by name and how it is configured. Use `in_process_executor`, `multiprocess_executor` and its like, or `executor`.

    >>> multiprocess_executor.configured({"max_concurrent": 4}).choice().max_workers
    4
    """

    name: str
    kind: Kind
    config: Mapping[str, Any] = field(default_factory=dict)
    fn: Callable[..., Any] | None = None
    config_schema: Any = None
    description: str | None = None

    def configured(
        self, config_or_config_fn: Any, name: str | None = None, config_schema: Any = None, description: str | None = None
    ) -> ExecutorDefinition:
        """A copy with this configuration.

        Raises
        ------
        InvalidConfigError
            If the executor does not know an entry.
        """
        config = config_or_config_fn(None) if callable(config_or_config_fn) else config_or_config_fn
        made = replace(self, name=name or self.name, config={**self.config, **config}, description=description or self.description)
        if self.kind != "custom":
            made.choice()
        return made

    def choice(self, given: Mapping[str, Any] | None = None) -> ExecutorChoice:
        """What it comes to, with the section ``execution`` of a run config over its own configuration.

        Raises
        ------
        InvalidConfigError
            If an entry is unknown or of the wrong type.
        """
        config = {**self.config, **(given or {})}
        if self.kind == "custom":
            fn, schema = self.fn, self.config_schema
            assert fn is not None
            if schema is not None:
                from nbasset.definitions.config_ports import ConfigSchema

                config = ConfigSchema(schema).resolve(config, ("execution", "config"), of=f"executor '{self.name}'")
            return ExecutorChoice("custom", make=lambda: fn(config) if _takes_argument(fn) else fn())
        kind: Kind = self.kind
        named = [section for section in _SECTIONS if section in config]
        if kind == "default" and named:
            kind, config = _SECTIONS[named[0]], dict(config[named[0]] or {})
            config = config.get("config", config)
        if kind == "default":
            kind = "processes" if config else "default"
        return _choice(kind, config)


def _choice(kind: Kind, config: Mapping[str, Any]) -> ExecutorChoice:
    known = _FIELDS.get(kind, _FIELDS["processes"])
    errors = [
        ConfigError(
            ("execution", "config", name), "unknown entry", "unknown", hint=did_you_mean(name, known) or f"Known here: {', '.join(known)}."
        )
        for name in config
        if name not in known
    ]
    most = config.get("max_concurrent") or 0
    if isinstance(most, bool) or not isinstance(most, int) or most < 0:
        errors.append(ConfigError(("execution", "config", "max_concurrent"), f"expected a whole number from 0 up, got {most!r}", "type"))
    limits: Sequence[Any] = config.get("tag_concurrency_limits") or ()
    made = []
    for at, one in enumerate(limits):
        if not isinstance(one, Mapping) or not isinstance(one.get("key"), str) or not isinstance(one.get("limit"), int):
            path = ("execution", "config", "tag_concurrency_limits", at)
            errors.append(ConfigError(path, "expected {key: ..., limit: ..., value: ...}", "type", hint="Example: {key: db, limit: 2}"))
            continue
        made.append(TagLimit(one["key"], one["limit"], one.get("value")))
    if errors:
        raise InvalidConfigError(errors, "the executor")
    return ExecutorChoice(kind, most, tuple(made))


def _takes_argument(fn: Callable[..., Any]) -> bool:
    import inspect

    return bool(inspect.signature(fn).parameters)


def executor(
    name: str | Callable[..., Any] | None = None, config_schema: Any = None, requirements: Any = None
) -> ExecutorDefinition | Callable[[Callable[..., Any]], ExecutorDefinition]:
    """Decorator: the function makes a `concurrent.futures.Executor` that runs the steps of a job. It may take its config.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> @executor(name="two", config_schema={"workers": int})
    ... def two(config):
    ...     return ThreadPoolExecutor(config["workers"])
    >>> two.configured({"workers": 2}).choice().kind
    'custom'
    """

    def make(fn: Callable[..., Any]) -> ExecutorDefinition:
        return ExecutorDefinition(name if isinstance(name, str) else fn.__name__, "custom", {}, fn, config_schema, fn.__doc__)

    return make(name) if callable(name) else make


def checked_executor(given: Any, what: str) -> ExecutorDefinition | None:
    """An executor as a definition, or an error that says what to give.

    Raises
    ------
    InvalidDefinitionError
        If it is none.
    """
    if given is None or isinstance(given, ExecutorDefinition):
        return given
    raise InvalidDefinitionError(
        f"{what}: executor_def={given!r:.60} is no executor. Give in_process_executor, thread_executor or multiprocess_executor."
    )


in_process_executor = ExecutorDefinition("in_process", "inline", description="One step after the other in this process.")
thread_executor = ExecutorDefinition("threads", "threads", description="Steps in threads of this process.")
multiprocess_executor = ExecutorDefinition("multiprocess", "processes", description="Steps in worker processes.")
multi_or_in_process_executor = ExecutorDefinition(
    "multi_or_in_process_executor", "default", description="What the settings say, unless the run config names one."
)
