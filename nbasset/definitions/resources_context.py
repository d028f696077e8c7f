"""What a resource gets when it is opened, and the opened resources as others see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import field, replace
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.errors import UnknownResource, did_you_mean


class Resources(Mapping[str, Any]):
    """Opened resources by key: ``resources.db`` or ``resources["db"]``. Nothing can be added.

    >>> Resources({"db": 1}).db
    1
    """

    __slots__ = ("_opened", "_what")

    def __init__(self, opened: Mapping[str, Any], what: str | None = None) -> None:
        object.__setattr__(self, "_opened", dict(opened))
        object.__setattr__(self, "_what", what)

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__"):
            raise AttributeError(key)
        return self._get(key, AttributeError)

    def __getitem__(self, key: str) -> Any:
        return self._get(key, KeyError)

    def _get(self, key: str, kind: type[Exception]) -> Any:
        opened: dict[str, Any] = self._opened
        if key in opened:
            return opened[key]
        whom = f" for {self._what}" if self._what else ""
        have = f"Open here: {', '.join(sorted(opened))}." if opened else "No resource is open here."
        hint = f"{did_you_mean(key, opened)} {have}".strip()
        raise _missing(kind)(f"no resource '{key}' is open{whom}. {hint} Ask for it by a parameter or in required_resource_keys.")

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError(f"opened resources cannot be changed ('{key}').")

    def __iter__(self) -> Iterator[str]:
        return iter(self._opened)

    def __len__(self) -> int:
        return len(self._opened)

    def __contains__(self, key: object) -> bool:
        return key in self._opened

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._opened]

    def __repr__(self) -> str:
        return f"Resources({', '.join(sorted(self._opened))})"


def _log() -> Any:
    import logging  # 1 MB, for whoever only defines

    return logging.getLogger("nbasset")


class _MissingAttribute(UnknownResource, AttributeError):
    """No such opened resource, asked for as an attribute."""


class _MissingKey(UnknownResource, KeyError):
    """No such opened resource, asked for as a key."""

    def __str__(self) -> str:
        return str(self.args[0])


def _missing(kind: type[Exception]) -> type[Exception]:
    return _MissingAttribute if kind is AttributeError else _MissingKey


@dataclass(frozen=True)
class InitResourceContext:
    """What a resource may look at while it is opened: its config, the resources it needs, the run.

    `run` is None outside runs. `log` is the run's logger inside one.

    >>> from nbasset import build_init_resource_context, resource
    >>> @resource(config_schema={"url": str})
    ... def api(context: InitResourceContext):
    ...     return context.resource_config["url"]
    >>> api(build_init_resource_context(config={"url": "https://example.org"}))
    'https://example.org'
    """

    __nbasset_context__ = True

    resource_config: Any = field(default=None, repr=False)
    resources: Resources = field(default_factory=lambda: Resources({}))
    instance: Any = None
    run: Any = None
    log: Any = field(default_factory=_log)
    resource_key: str | None = None
    all_resource_defs: Mapping[str, Any] = field(default_factory=dict)
    _close: Callable[[], None] | None = field(default=None, repr=False, compare=False)

    @property
    def run_id(self) -> str | None:
        """The id of the run, None outside runs."""
        return getattr(self.run, "run_id", None)

    def replace_config(self, config: Any) -> InitResourceContext:
        """The same context with another config."""
        return replace(self, resource_config=config)

    def __enter__(self) -> InitResourceContext:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._close is not None:
            self._close()


def config_path(key: str) -> tuple[str, ...]:
    """Where a run configures the resource `key`; one nested in another (``db.client``) stands inside the other's config.

    >>> config_path("db"), config_path("db.client")
    (('resources', 'db', 'config'), ('resources', 'db', 'config', 'client'))
    """
    first, *rest = key.split(".")
    return ("resources", first, "config", *rest)


class OpensResource:
    """What can be opened to become the value of a resource. Anything else in ``resources=`` *is* the value."""

    __slots__ = ()

    def nested_resources(self) -> Mapping[str, Any]:
        """Things that must be opened first, by the name under which `open_resource` gets them."""
        return {}

    def required_keys(self) -> frozenset[str]:
        """Keys of other resources that must be open first."""
        return frozenset()

    def open_resource(self, context: InitResourceContext, nested: Mapping[str, Any], config: Any) -> AbstractContextManager[Any]:
        """Open, give the value, close. `config` is data for this run, or None."""
        raise TypeError(f"{type(self).__name__} cannot be opened")

    def digest_data(self) -> Any:
        """JSON data for the digest: what the value depends on, without secrets."""
        return None
