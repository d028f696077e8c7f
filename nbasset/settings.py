"""What `nbasset.toml` says, as frozen values. Everything is optional; the defaults make a working project.

Each section may also be written as the one word that matters most in it::

    storage = "postgresql://db.example.org/assets"
    warehouse = "s3://bucket/warehouse"
    executor = "processes"

A value may come from the environment: ``url = { env = "ASSETS_DB" }``. An unknown name is an error that gives the nearest known one.
"""

from __future__ import annotations

import tomllib
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, field, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from nbasset.dataclass import dataclass
from nbasset.errors import InvalidConfigError, did_you_mean, kind_of
from nbasset.secrets import EnvVar

T = TypeVar("T")
Executor = Literal["inline", "threads", "processes", "dask"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
LOAD_SECONDS = 180.0
"""How long code that is loaded in a process of its own may take: heavy imports need a minute on a slow disk."""

_SIZES = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Where events and records are kept: a ``postgresql://`` address, or a file for SQLite. Empty: ``.nbasset/nbasset.db``."""

    url: str | EnvVar = ""


@dataclass(frozen=True, slots=True)
class WarehouseSettings:
    """Where data is kept: a folder (relative to the home) or any address fsspec knows, with that file system's `options`.

    `preview_rows` first rows of each table are kept in its footer for people to see; 0 keeps values out of it.
    """

    url: str | EnvVar = "warehouse"
    options: Mapping[str, Any] = field(default_factory=dict)
    compression: Literal["snappy", "zstd", "gzip", "lz4", "none"] = "snappy"
    preview_rows: int = 10


@dataclass(frozen=True, slots=True)
class ExecutorSettings:
    """Where steps run: in this process, its threads, worker processes, or a Dask cluster at `address`. `max_workers` 0: one a core."""

    kind: Executor = "inline"
    max_workers: int = 0
    address: str | EnvVar = ""


@dataclass(frozen=True, slots=True)
class TagLimit:
    """At most `limit` runs at once with this tag; for each value of it on its own if `per_value`."""

    key: str
    limit: int
    value: str = ""
    per_value: bool = False


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """How many runs go at once: in all, by tag, and how many steps in each pool (`default_pool_limit` 0: no limit)."""

    max_concurrent_runs: int = 10
    tag_limits: tuple[TagLimit, ...] = ()
    pools: Mapping[str, int] = field(default_factory=dict)
    default_pool_limit: int = 0


@dataclass(frozen=True, slots=True)
class RunRetrySettings:
    """Runs of jobs that fail are tried again as a whole, so often at most; a run's tags (``nbasset/max_retries``) go before.

    Without `retry_on_asset_or_op_failure` a failed step is no reason, only a run that was cut off is.
    """

    max_retries: int = 0
    retry_on_asset_or_op_failure: bool = True


@dataclass(frozen=True, slots=True)
class LocationSettings:
    """Code to load: `path` is a notebook, module file, package or glob, relative to the home; or `module` a dotted name.

    An `isolated` location is loaded in a process of its own and given `load_seconds` for it; so is one that names its own `python`, an
    interpreter or the folder of an environment, relative to the home, with nbasset in it.
    """

    path: str = ""
    module: str = ""
    name: str = ""
    python: str = ""
    isolated: bool = False
    load_seconds: float = LOAD_SECONDS


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Captured output of steps: from which level `context.log` is kept, and whether what a step prints is shown as well.

    Records of `python_loggers` (``["root"]``: of all libraries) from `python_level` on are kept with the step that they come from.
    """

    level: LogLevel = "DEBUG"
    echo: bool = True
    python_loggers: tuple[str, ...] = ()
    python_level: LogLevel = "INFO"


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """What is kept: `versions` of each partition, no older than `versions_days` (0: whatever their age), within `size_bytes` in all.

    Runs and their logs are kept for `runs_days`, ticks of schedules and sensors for `ticks_days` (0: for ever).
    """

    versions: int = 5
    versions_days: int = 0
    size_bytes: int = 10 * 10**9
    runs_days: int = 0
    ticks_days: int = 30


@dataclass(frozen=True, slots=True)
class StalenessSettings:
    """What counts as a reason to make something again. With `packages`, another version of an installed package that the code imports."""

    packages: bool = False


@dataclass(frozen=True, slots=True)
class NotebookSettings:
    """What notebooks show: with `widgets` pictures that live, where the front end can run them; else pictures alone."""

    widgets: bool = True


@dataclass(frozen=True, slots=True)
class DaemonSettings:
    """How the daemon works: the function of a schedule or sensor is given `tick_seconds`, and then ended.

    The tick of a schedule that fails is tried again so often as `max_tick_retries` says. Every `poll_seconds` it looks for what changed.
    """

    tick_seconds: float = 60.0
    max_tick_retries: int = 2
    poll_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """All sections."""

    storage: StorageSettings = StorageSettings()
    warehouse: WarehouseSettings = WarehouseSettings()
    executor: ExecutorSettings = ExecutorSettings()
    queue: QueueSettings = QueueSettings()
    run_retries: RunRetrySettings = RunRetrySettings()
    locations: tuple[LocationSettings, ...] = ()
    logs: LogSettings = LogSettings()
    retention: RetentionSettings = RetentionSettings()
    staleness: StalenessSettings = StalenessSettings()
    notebook: NotebookSettings = NotebookSettings()
    daemon: DaemonSettings = DaemonSettings()


def load_settings(file: Path) -> Settings:
    """The settings in a file; the defaults when there is none.

    Raises
    ------
    InvalidConfigError
        With everything that is wrong in it: syntax, unknown names, values of another type.
    """
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidConfigError([f"it is not TOML: {error}"], of=str(file)) from None
    except OSError as error:
        raise InvalidConfigError([f"it cannot be read: {error.strerror or error}"], of=str(file)) from error
    return settings_from(data, of=str(file))


def settings_from(data: Mapping[str, Any], *, of: str = "the settings") -> Settings:
    """The settings that a parsed file says; `of` names it in errors.

    >>> settings_from({"executor": "threads", "queue": {"pools": {"db": 2}}}).queue.pools
    {'db': 2}
    """
    return table_from(Settings, data, of=of)


def table_from(cls: type[T], data: Mapping[str, Any], *, of: str) -> T:
    """A frozen class from the table of a file: unknown and missing names and values of another type are told together.

    Each field's type says what it takes; a part that is a class of its own may also be written as the value of its first field, and a
    value of ``object`` is left as it is.

    Raises
    ------
    InvalidConfigError
        With everything that does not fit.
    """
    errors: list[str] = []
    made = _table(cls, data, "", errors)
    if errors:
        raise InvalidConfigError(errors, of=of)
    table: T = made
    return table


def _table(cls: type, data: Any, path: str, errors: list[str]) -> Any:
    if not isinstance(data, Mapping):
        if not path or isinstance(data, list):
            errors.append(_wrong(path, data, "a table"))
            return None
        data = {fields(cls)[0].name: data}
    known = {one.name: one for one in fields(cls)}
    for name in data:
        if name not in known:
            near = did_you_mean(name, known) or f"There are: {', '.join(known)}."
            errors.append(f"{_join(path, name)}: there is no such setting. {near}")
    hints = _hints(cls)
    values = {name: _value(hints[name], data[name], _join(path, name), errors) for name in known if name in data}
    for name, one in known.items():
        if name not in data and _is_required(one):
            errors.append(f"{_join(path, name)}: is missing.")
    before = len(errors)
    return cls(**values) if before == 0 else None


def _value(hint: Any, value: Any, path: str, errors: list[str]) -> Any:
    origin = get_origin(hint)
    if is_dataclass(hint) and isinstance(hint, type):
        return _table(hint, value, path, errors)
    if origin in (Union, types.UnionType):  # text, or the variable that holds it
        reference = EnvVar.from_data(value)
        return reference if reference is not None else _value(get_args(hint)[0], value, path, errors)
    if origin is Literal:
        return _one_of(get_args(hint), value, path, errors)
    if origin is tuple:
        items = value if isinstance(value, list) else [value]
        return tuple(_value(get_args(hint)[0], item, f"{path}[{place}]", errors) for place, item in enumerate(items))
    if hint is int and isinstance(value, str) and path.endswith("_bytes"):
        return _size(value, path, errors)
    if origin is not None:  # a mapping
        if not isinstance(value, Mapping):
            errors.append(_wrong(path, value, "a table"))
            return {}
        return {name: _value(get_args(hint)[1], item, _join(path, name), errors) for name, item in value.items()}
    if hint is object:
        return value
    if hint is Any:
        reference = EnvVar.from_data(value)
        return reference if reference is not None else value
    if hint is float and type(value) is int:
        value = float(value)
    if type(value) is not hint:
        errors.append(
            _wrong(path, value, {int: "a whole number", float: "a number", str: "text", bool: "true or false"}.get(hint, hint.__name__))
        )
        return None
    if hint in (int, float) and value < 0:
        errors.append(f"{path}: {value} is less than 0.")
    return value


def _one_of(words: tuple[str, ...], value: Any, path: str, errors: list[str]) -> Any:
    if value not in words:
        errors.append(f"{path}: {value!r} is not one of {', '.join(words)}. {did_you_mean(str(value), words)}".rstrip())
    return value


def _size(text: str, path: str, errors: list[str]) -> int:
    number, unit = text.rstrip("BKMGTbkmgt ").strip(), text.lstrip("0123456789._ ").strip().upper()
    try:
        return round(float(number) * _SIZES[unit])
    except (ValueError, KeyError):
        errors.append(f'{path}: {text!r} is no size. Write a number of bytes, or "10 GB".')
        return 0


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _is_required(one: Field[Any]) -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _wrong(path: str, value: Any, wanted: str) -> str:
    return f"{path or 'the file'}: {value!r:.60} is {kind_of(value)}; it takes {wanted}."
