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

import json
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import Any, overload

from nbasset.dataclass import dataclass
from nbasset.definitions.config_ports import ConfigSchema
from nbasset.errors import InvalidDefinitionError, InvalidInvocationError, kind_of
from nbasset.secrets import mask_secrets

LEVELS = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG")
_COLOURS = {"DEBUG": "34", "INFO": "34", "WARNING": "33", "ERROR": "31", "CRITICAL": "31;1"}
_TAKEN = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}


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


class _Console(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to the terminal's or notebook's own stderr: never into the output that is captured of a step."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)

    @property
    def stream(self) -> Any:
        found = sys.stderr
        while hasattr(found, "original"):  # a stand-in that captures what steps print
            found = found.original
        return found

    @stream.setter
    def stream(self, value: Any) -> None:
        """Whatever is stderr when a line comes counts."""


class _Coloured(logging.Formatter):
    def __init__(self, handler: Callable[[], Any]) -> None:
        super().__init__("%(asctime)s", "%Y-%m-%d %H:%M:%S")
        self._stream = handler

    def format(self, record: logging.LogRecord) -> str:
        step = getattr(record, "step", "")
        run = str(getattr(record, "run_id", ""))[:8]
        text = " - ".join(
            part for part in (self.formatTime(record, self.datefmt), run, step, record.levelname, record.getMessage()) if part
        )
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        text = mask_secrets(text)
        is_terminal = getattr(self._stream(), "isatty", bool)()
        return f"\033[{_COLOURS.get(record.levelname, '0')}m{text}\033[0m" if is_terminal else text


class JsonLogFormatter(logging.Formatter):
    """One line of JSON for each record: time, level, logger, message, and every field that was passed as ``extra``.

    >>> record = logging.LogRecord("sales", logging.INFO, "", 0, "loaded %d rows", (3,), None)
    >>> json.loads(JsonLogFormatter().format(record))["message"]
    'loaded 3 rows'
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        line: dict[str, Any] = {
            "at_us": int(record.created * 1_000_000),
            "level": record.levelname,
            "logger": record.name,
            "message": mask_secrets(record.getMessage()),
        }
        line.update((key, _plain(value)) for key, value in vars(record).items() if key not in _TAKEN and not key.startswith("_"))
        if record.exc_info:
            line["exception"] = mask_secrets(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def _console(formatter: Callable[[Callable[[], Any]], logging.Formatter], config: Any) -> logging.Logger:
    made = logging.Logger(config["name"], config["log_level"].upper())
    handler = _Console(logging.Formatter())
    handler.setFormatter(formatter(lambda: handler.stream))
    made.addHandler(handler)
    return made


def _schema() -> Any:
    from nbasset.definitions.config_legacy import Field

    return {
        "log_level": Field(str, is_required=False, default_value="INFO", description="From which level lines are written."),
        "name": Field(str, is_required=False, default_value="nbasset", description="The name that the logger shows."),
    }


def _coloured_console(context: InitLoggerContext) -> logging.Logger:
    return _console(_Coloured, context.logger_config)


def _json_console(context: InitLoggerContext) -> logging.Logger:
    return _console(lambda stream: JsonLogFormatter(), context.logger_config)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return mask_secrets(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    return mask_secrets(str(value))


colored_console_logger = LoggerDefinition(_coloured_console, _schema(), "Lines on the console, coloured on a terminal.")
json_console_logger = LoggerDefinition(_json_console, _schema(), "One line of JSON on the console for each record.")
BUILT_IN_LOGGERS: Mapping[str, LoggerDefinition] = {"console": colored_console_logger, "json_console": json_console_logger}
"""Loggers that a run config may name without a definition; definitions with these keys go before them."""
