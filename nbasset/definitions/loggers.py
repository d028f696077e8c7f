"""Loggers of runs: where the lines of ``context.log`` go besides the run's own files.

By default nowhere: a notebook shows what happened in its cards, a terminal in its progress. A run is given loggers by its run config
(``loggers: {console: {config: {log_level: INFO}}}``), by `Definitions(loggers=...)` or by a job's `logger_defs`.

>>> from nbasset import colored_console_logger, job, json_console_logger, op
>>> @op
... def one(): return 1
>>> @job(logger_defs={"plain": colored_console_logger, "machine": json_console_logger})
... def told(): one()
>>> sorted(told.logger_defs)
['machine', 'plain']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, overload

from nbasset.dataclass import dataclass
from nbasset.definitions.config_ports import ConfigSchema
from nbasset.errors import InvalidDefinitionError, InvalidInvocationError, kind_of

if TYPE_CHECKING:
    import logging

LEVELS = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG")


@dataclass(frozen=True)
class InitLoggerContext:
    """What a logger's function may look at: its config, and the run and job it is for.

    >>> InitLoggerContext({"log_level": "INFO"}).logger_config
    {'log_level': 'INFO'}
    """

    __nbasset_context__ = True

    logger_config: Any = None
    logger_def: LoggerDefinition | None = None
    run_id: str | None = None
    job_name: str | None = None
    job_def: Any = field(default=None, repr=False)


@dataclass(frozen=True, eq=False)
class LoggerDefinition:
    """A function that makes a `logging.Logger` from its config. Make one with `@logger`.

    >>> import logging
    >>> LoggerDefinition(lambda init_context: logging.Logger("quiet"))(build_init_logger_context()).name
    'quiet'
    """

    logger_fn: Callable[..., logging.Logger]
    config_schema: ConfigSchema
    description: str | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def __init__(
        self,
        logger_fn: Callable[..., logging.Logger],
        config_schema: Any = None,
        description: str | None = None,
        defaults: Mapping[str, Any] | None = None,
    ) -> None:
        object.__setattr__(self, "logger_fn", logger_fn)
        object.__setattr__(self, "config_schema", ConfigSchema.of({} if config_schema is None else config_schema))
        object.__setattr__(self, "description", description)
        object.__setattr__(self, "defaults", dict(defaults or {}))

    def open(self, data: Any, context: InitLoggerContext, name: str) -> logging.Logger:
        """The logger of a run; `data` is what its run config says under ``config``.

        Raises
        ------
        InvalidConfigError
            If the config does not fit.
        InvalidDefinitionError
            If the function makes something else.
        """
        import logging  # 1 MB, for whoever only defines

        given = {**self.defaults, **(data or {})}
        value = self.config_schema.resolve(given, ("loggers", name, "config"), of=f"the config of logger '{name}'")
        made = self.logger_fn(replace(context, logger_config=value, logger_def=self))
        if not isinstance(made, logging.Logger):
            raise InvalidDefinitionError(f"logger '{name}' gave {kind_of(made)}. Its function returns a logging.Logger.")
        return made

    def configured(self, config_or_config_fn: Any, description: str | None = None) -> LoggerDefinition:
        """The same with some of its config given; a run may still say otherwise."""
        from nbasset.definitions.config_written import written

        data = written(config_or_config_fn)
        return replace(self, defaults={**self.defaults, **(data or {})}, description=description or self.description)

    def __call__(self, context: InitLoggerContext | None = None) -> logging.Logger:
        """Make the logger by hand, as in a test."""
        if context is None:
            raise InvalidInvocationError("a logger is made from a context: build_init_logger_context(logger_config=...).")
        return self.open(context.logger_config, context, "logger")


@overload
def logger(config_schema: Callable[[InitLoggerContext], logging.Logger], /) -> LoggerDefinition: ...
@overload
def logger(config_schema: Any = ..., description: str | None = ...) -> Callable[[Callable[..., logging.Logger]], LoggerDefinition]: ...
def logger(
    config_schema: Any = None, description: str | None = None
) -> LoggerDefinition | Callable[[Callable[..., logging.Logger]], LoggerDefinition]:
    """Make a logger of a function that gets an `InitLoggerContext` and returns a `logging.Logger`.

    >>> import logging
    >>> @logger({"log_level": str})
    ... def quiet(init_context):
    ...     made = logging.Logger("quiet")
    ...     made.setLevel(init_context.logger_config["log_level"])
    ...     return made
    >>> quiet(build_init_logger_context({"log_level": "ERROR"})).level
    40
    """
    if callable(config_schema) and not isinstance(config_schema, type) and not hasattr(config_schema, "__nbasset_fields__"):
        return LoggerDefinition(config_schema, None, description or (config_schema.__doc__ or "").strip() or None)

    def make(fn: Callable[..., logging.Logger]) -> LoggerDefinition:
        return LoggerDefinition(fn, config_schema, description or (fn.__doc__ or "").strip() or None)

    return make


def build_init_logger_context(logger_config: Any = None, job_def: Any = None) -> InitLoggerContext:
    """A context for making a logger by hand.

    >>> colored_console_logger(build_init_logger_context({"log_level": "ERROR"})).level
    40
    """
    return InitLoggerContext(logger_config, job_name=getattr(job_def, "name", None), job_def=job_def)


def checked_loggers(given: Mapping[str, Any] | None) -> dict[str, LoggerDefinition]:
    """Loggers by name, as they were given.

    Raises
    ------
    InvalidDefinitionError
        If something among them is no logger.
    """
    for name, one in (given or {}).items():
        if not isinstance(one, LoggerDefinition):
            hint = " Decorate the function with @logger." if callable(one) else ""
            raise InvalidDefinitionError(f"loggers: '{name}' is {kind_of(one)}, no logger.{hint}")
    return dict(given or {})


def logger_schemas(given: Mapping[str, Any]) -> dict[str, ConfigSchema]:
    """What a run config may say of each logger: of those that are built in, and of these."""
    return {name: one.config_schema for name, one in {**BUILT_IN_LOGGERS, **checked_loggers(given)}.items()}


def _schema() -> Any:
    from nbasset.definitions.config_legacy import Field

    return {
        "log_level": Field(str, is_required=False, default_value="INFO", description="From which level lines are written."),
        "name": Field(str, is_required=False, default_value="nbasset", description="The name that the logger shows."),
    }


def _coloured_console(context: InitLoggerContext) -> logging.Logger:
    from nbasset.definitions.log_lines import Coloured, console_log

    return console_log(Coloured, context.logger_config)


def _json_console(context: InitLoggerContext) -> logging.Logger:
    from nbasset.definitions.log_lines import JsonLogFormatter, console_log

    return console_log(lambda stream: JsonLogFormatter(), context.logger_config)


colored_console_logger = LoggerDefinition(_coloured_console, _schema(), "Lines on the console, coloured on a terminal.")
json_console_logger = LoggerDefinition(_json_console, _schema(), "One line of JSON on the console for each record.")
BUILT_IN_LOGGERS: Mapping[str, LoggerDefinition] = {"console": colored_console_logger, "json_console": json_console_logger}
"""Loggers that a run config may name without a definition; definitions with these keys go before them."""
