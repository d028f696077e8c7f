"""Names of things: asset keys, partition references, run ids.

The rule for a part of a key is the one users of the field know: letters, digits, ``_`` and ``-`` (also first), no keyword, not ``context``.
It keeps a key a safe file name, a safe Python parameter in nearly all cases, and one word in a selection. Dots are refused although the
reference lets them pass, which its rule for names does not: ``..`` is a folder, ``orders.parquet`` the file of ``orders``, ``a.b`` a step
in a graph.
"""

from __future__ import annotations

import keyword
import os
import re
import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NewType, Protocol, TypeAlias, runtime_checkable
from weakref import KeyedRef, ref

from nbasset.errors import InvalidAssetName

RunId = NewType("RunId", str)

_PART = re.compile(r"[A-Za-z0-9_-]+\Z")
_LONGEST_PART = 200
_TAKEN = frozenset({*keyword.kwlist, "context"})


class KeyPath(tuple[str, ...]):
    """The parts of a key: a tuple that equals the list of the same parts, and that can be added to lists.

    >>> ["data"] + KeyPath(["raw", "orders"]), KeyPath(["raw"]) == ["raw"]
    (['data', 'raw', 'orders'], True)
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return tuple.__eq__(self, tuple(other) if isinstance(other, list) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = tuple.__hash__

    def __add__(self, other: Any) -> Any:
        return [*self, *other] if isinstance(other, list) else tuple(self) + other

    def __radd__(self, other: list[str]) -> list[str]:
        return [*other, *self]


class AssetKey:
    """The name of an asset: one or more parts.

    There is one object for each key that is in use, so that dicts and sets compare keys without looking at their parts. It holds its text
    alone (no part has a ``/``); the parts are made when somebody asks.

    >>> AssetKey("orders"), AssetKey(["raw", "orders"]).to_user_string()
    (AssetKey('orders'), 'raw/orders')

    Raises
    ------
    InvalidAssetName
        If a part is empty, holds anything but letters, digits, ``_`` and ``-``, is a Python keyword or is ``context``.
    """

    __slots__ = ("__weakref__", "_text")

    _text: str

    def __new__(cls, path: str | Sequence[str]) -> AssetKey:
        known = _IN_USE.get(path) if isinstance(path, str) else None
        key = known() if known is not None else None
        if key is not None and "/" not in path:  # as most are asked for
            return key
        parts = (path,) if isinstance(path, str) else tuple(path)
        text = parts[0] if len(parts) == 1 else _joined(parts)
        try:
            key = _IN_USE[text]()
        except (KeyError, TypeError):  # not in use, or no key at all: the checks tell
            key = None
        return key if key is not None and (len(parts) > 1 or "/" not in text) else _made(cls, parts)

    def __reduce__(self) -> tuple[type[AssetKey], tuple[tuple[str, ...]]]:
        return AssetKey, (tuple(self._text.split("/")),)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"an asset key cannot be changed ('{name}'). Make another one.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"an asset key cannot be changed ('{name}').")

    def __lt__(self, other: AssetKey) -> bool:
        return self._sorted_as < other._sorted_as if isinstance(other, AssetKey) else NotImplemented

    def __le__(self, other: AssetKey) -> bool:
        return self._sorted_as <= other._sorted_as if isinstance(other, AssetKey) else NotImplemented

    def __repr__(self) -> str:
        return f"AssetKey({self._text.split('/')!r})" if "/" in self._text else f"AssetKey({self._text!r})"

    def __str__(self) -> str:
        return self._text

    @property
    def path(self) -> KeyPath:
        """The parts, first to last."""
        return KeyPath(self._text.split("/"))

    parts = path

    @property
    def last(self) -> str:
        """The last part: the name that a parameter or a free name is matched with."""
        return self._text.rpartition("/")[2]

    @property
    def _sorted_as(self) -> str:
        """Text that sorts as the parts do: what stands between them comes before all that can stand in them."""
        return self._text.replace("/", " ")

    def to_user_string(self) -> str:
        """The parts joined by ``/``: how people write the key."""
        return self._text

    def to_python_identifier(self, suffix: str | None = None) -> str:
        """A name for Python: parts joined by ``__``, dashes as ``_``."""
        name = self._text.replace("/", "__").replace("-", "_")
        return f"{name}__{suffix}" if suffix else name

    @staticmethod
    def from_user_string(text: str) -> AssetKey:
        """The key written as ``raw/orders``."""
        return AssetKey(text.split("/"))

    @staticmethod
    def from_coercible(value: CoercibleToAssetKey) -> AssetKey:
        """A key from a key, a user string, a sequence of parts, or anything with one `key` (an asset).

        Raises
        ------
        InvalidAssetName
            If `value` is none of these.
        """
        if isinstance(value, AssetKey):
            return value
        if isinstance(value, str):
            return AssetKey.from_user_string(value)
        if isinstance(value, (list, tuple)):
            return AssetKey(value)
        if isinstance(value, HasKey):
            return value.key
        raise InvalidAssetName(f"{value!r} is no asset key. Give a name, 'raw/orders', a list of parts, an AssetKey or an asset.")

    def with_prefix(self, prefix: str | Sequence[str]) -> AssetKey:
        """This key below `prefix`."""
        return AssetKey((*((prefix,) if isinstance(prefix, str) else prefix), *self.path))

    def has_prefix(self, prefix: Sequence[str]) -> bool:
        """Whether the key starts with these parts."""
        return self.path[: len(prefix)] == tuple(prefix)


_IN_USE: dict[str, ref[AssetKey]] = {}
_MAKING = threading.RLock()


def _joined(parts: tuple[object, ...]) -> str:
    """The text of these parts; none that is in use where one of them is no part at all."""
    return "/".join(parts) if all(isinstance(part, str) and "/" not in part for part in parts) else ""  # type: ignore[arg-type]


def _made(cls: type[AssetKey], parts: tuple[str, ...]) -> AssetKey:
    """A key that is not in use yet. Under a lock, so that two threads never have different objects for one key."""
    if not parts:
        raise InvalidAssetName("an asset key has no part. Give at least one name, such as AssetKey('orders').")
    for part in parts:
        _check_part(part)
    made = object.__new__(cls)
    text = str.__str__(parts[0]) if len(parts) == 1 else "/".join(parts)
    object.__setattr__(made, "_text", text)
    with _MAKING:
        known = _IN_USE.get(text)
        key = known() if known is not None else None
        if key is None:
            key = made
            _IN_USE[text] = KeyedRef(made, _forget, text)
    return key


def _forget(gone: KeyedRef[str, AssetKey]) -> None:
    """Nobody holds the key any more."""
    with _MAKING:
        if _IN_USE.get(gone.key) is gone:
            del _IN_USE[gone.key]


@runtime_checkable
class HasKey(Protocol):
    """Anything that stands for one asset."""

    @property
    def key(self) -> AssetKey: ...


if TYPE_CHECKING:
    CoercibleToAssetKey: TypeAlias = AssetKey | str | Sequence[str] | HasKey


class PartitionRef(NamedTuple):
    """One partition: the key people write and the ordinal that state is kept under."""

    key: str
    ordinal: int

    def __str__(self) -> str:
        return self.key


def new_run_id() -> RunId:
    """A fresh run id: 128 random bits, 32 hexadecimal digits."""
    return RunId(os.urandom(16).hex())


def new_version_id() -> str:
    """A fresh id of one stored version of one asset: 20 hexadecimal digits."""
    try:
        return _READY.pop()
    except IndexError:  # the system is asked for many at once: each question costs more than a small step does
        drawn = os.urandom(2560).hex()
        _READY.extend([drawn[at : at + 20] for at in range(20, len(drawn), 20)])
        return drawn[:20]


def _after_fork() -> None:
    """A forked child must not give out what its parent gives out, nor wait for threads that it does not have."""
    global _MAKING  # noqa: PLW0603 - a thread that is not in the child may hold the old one
    _MAKING = threading.RLock()
    _READY.clear()


_READY: list[str] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def keys_text(keys: Iterable[AssetKey], *, at_most: int = 5) -> str:
    """Keys for a sentence: ``'a', 'b' and 3 more``."""
    names = [f"'{key.to_user_string()}'" for key in keys]
    if len(names) <= at_most:
        return ", ".join(names)
    return ", ".join(names[:at_most]) + f" and {len(names) - at_most} more"


def _check_part(part: object) -> None:
    if not isinstance(part, str):
        raise InvalidAssetName(f"a part of an asset key is text, not {type(part).__name__}: {part!r}.")
    if not _PART.match(part):
        import unicodedata

        plain = unicodedata.normalize("NFKD", part)
        fixed = re.sub(r"[^A-Za-z0-9_-]+", "_", re.sub(r"[\u0300-\u036f]", "", plain)).strip("_")[:_LONGEST_PART]
        hint = f" Try {fixed!r}." if fixed else ""
        rule = "only letters (A to Z), digits, '_' and '-' can stand in it"
        raise InvalidAssetName(f"{part!r} cannot be a part of an asset key: {rule}.{hint}")
    if len(part) > _LONGEST_PART:
        raise InvalidAssetName(f"a part of an asset key has {len(part)} characters; at most {_LONGEST_PART} fit a file name.")
    if part in _TAKEN:
        raise InvalidAssetName(f"{part!r} cannot be a part of an asset key: Python or nbasset gives that word a meaning. Try '{part}_'.")
