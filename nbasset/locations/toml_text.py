"""Plain data as TOML text, one way only: equal data gives equal bytes. The standard library reads TOML, but does not write it.

Names are sorted, nested tables get a header of their own, tables in lists and tables of one reference stand in one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from nbasset.errors import InvalidConfigError, kind_of

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
_ESCAPED = re.compile(r'[\x00-\x1f"\\\x7f]')


def toml_table(path: str, table: Mapping[str, Any]) -> list[str]:
    """The lines of ``[path]`` and of the tables in it; none if it is empty.

    >>> print(*toml_table("config", {"ops": {"load": {"config": {"rows": 3, "key": {"env": "KEY"}}}}}), sep="\\n")
    [config.ops.load.config]
    key = { env = "KEY" }
    rows = 3

    Raises
    ------
    InvalidConfigError
        If a value has no form in TOML, such as None.
    """
    return list(_table(path, table)) if table else []


def toml_key(name: str) -> str:
    """A name as it stands before the equals sign."""
    return name if _BARE.match(name) else toml_value(name)


def toml_value(value: Any, path: str = "") -> str:
    """A value as it stands behind the equals sign; `path` names it in errors.

    >>> toml_value(["a\\tb", 1, 0.5, True, {"b": 1, "a": float("inf")}])
    '["a\\\\tb", 1, 0.5, true, { a = inf, b = 1 }]'

    Raises
    ------
    InvalidConfigError
        If it has no form in TOML.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return '"' + _ESCAPED.sub(lambda found: _SHORT.get(found.group(), f"\\u{ord(found.group()):04X}"), value) + '"'
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(item, f"{path}[{place}]") for place, item in enumerate(value)) + "]"
    if isinstance(value, Mapping):
        inside = ", ".join(f"{toml_key(name)} = {toml_value(value[name], f'{path}.{name}')}" for name in sorted(value))
        return f"{{ {inside} }}" if inside else "{}"
    if value is None:
        raise InvalidConfigError([f"{path}: TOML has no word for None. Leave it out, so that the default counts."], of="the job file")
    raise InvalidConfigError([f"{path}: {value!r:.60} is {kind_of(value)}, and has no form in TOML."], of="the job file")


def _table(path: str, table: Mapping[str, Any]) -> Iterator[str]:
    inner = [name for name in sorted(table) if _has_header(table[name])]
    plain = [name for name in sorted(table) if name not in inner]
    if plain or not inner:
        yield f"[{path}]"
    for name in plain:
        yield f"{toml_key(name)} = {toml_value(table[name], f'{path}.{name}')}"
    for place, name in enumerate(inner):
        if plain or place:
            yield ""
        yield from _table(f"{path}.{toml_key(name)}", table[name])


def _has_header(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value) and set(value) != {"env"}
