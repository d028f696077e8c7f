"""One error in a piece of configuration, and how it reads.

A path says where (``ops.delays.config.n``), then what was given, what is expected, the nearest known name and a valid example. Values
are shown shortened and with known secrets masked; the value of a field that holds a secret is not shown at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from nbasset.dataclass import dataclass
from nbasset.errors import did_you_mean
from nbasset.secrets import EnvVar, looks_secret, mask_secrets

Path: TypeAlias = tuple[str | int, ...]
Rule = Literal["missing", "unknown", "type", "value", "choice", "env-unset", "env-value", "yaml"]

_LONGEST_SHOWN = 80
_PLAIN_KEY = re.compile(r"[A-Za-z_][\w-]*\Z")


@dataclass(frozen=True, slots=True)
class ConfigError:
    """One thing wrong in a config. `str` is the line shown to people.

    >>> print(ConfigError(("ops", "delays", "config", "n"), "expected int, got 'a' (str)", "type", expected="int", example="n: 1"))
    ops.delays.config.n: expected int, got 'a' (str). Example: n: 1
    """

    path: Path
    message: str
    rule: Rule = "value"
    expected: str | None = None
    example: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        where = path_text(self.path)
        text = f"{where}: {self.message}" if where else self.message
        rest = [self.hint] if self.hint else []
        rest += [f"Example: {self.example}"] if self.example else []
        return " ".join([f"{text.rstrip('.')}.", *rest]) if rest else text

    @property
    def where(self) -> str:
        """The path as text."""
        return path_text(self.path)

    def under(self, path: Path) -> ConfigError:
        """The same error of data that stands at `path`."""
        return replace(self, path=(*path, *self.path))


def path_text(path: Iterable[str | int]) -> str:
    """A path as people write it.

    >>> path_text(("ops", "clean", "config", "columns", 0, "name"))
    'ops.clean.config.columns[0].name'
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.match(part):
            text += f".{part}" if text else part
        else:
            text += f"[{json.dumps(part, ensure_ascii=False)}]"
    return text


def unknown_entry(path: Path, known: Sequence[str], *, what: str = "entry", instead: str | None = None) -> ConfigError:
    """An entry that nothing expects; `known` are the names possible there."""
    names = ", ".join(sorted(known)[:12]) + (f" and {len(known) - 12} more" if len(known) > 12 else "")
    hint = did_you_mean(str(path[-1]), known)
    rest = f"Known here: {names}." if known else instead or "Nothing can be configured here."
    return ConfigError(path, f"unknown {what}", "unknown", expected=names or None, hint=f"{hint} {rest}".strip())


def shown(value: object, *, name: str = "") -> str:
    """A value for an error: shortened, secrets masked, with its type.

    >>> shown("a"), shown(3), shown("hunter22", name="password"), shown(None)
    ("'a' (str)", '3 (int)', 'a str (not shown)', 'None')
    """
    kind = type(value).__name__
    if value is None or isinstance(value, EnvVar):
        return repr(value)
    if looks_secret(name):
        return hidden(value)
    text = mask_secrets(_hidden_inside(value))
    return f"{text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + '...'} ({kind})"


def hidden(value: object) -> str:
    """A value by its type only."""
    kind = type(value).__name__
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind} (not shown)"


def _hidden_inside(value: object) -> str:
    """The repr, with the values of secret-looking keys left out."""
    if isinstance(value, Mapping):
        items = (f"{key!r}: {'***' if looks_secret(str(key)) else _hidden_inside(item)}" for key, item in value.items())
        return "{" + ", ".join(items) + "}"
    if type(value) is list:
        return "[" + ", ".join(_hidden_inside(item) for item in value) + "]"
    return repr(value)


def flow(data: Any) -> str:
    """JSON data as one line of YAML, for examples.

    >>> flow({"ops": {"delays": {"config": {"n": 1, "name": "text"}}}})
    '{ops: {delays: {config: {n: 1, name: "text"}}}}'
    """
    if isinstance(data, Mapping):
        return "{" + ", ".join(f"{entry_key(key)}: {flow(value)}" for key, value in data.items()) + "}"
    if isinstance(data, (list, tuple)):
        return "[" + ", ".join(flow(value) for value in data) + "]"
    return json.dumps(data, ensure_ascii=False, default=str)


def entry_key(key: object) -> str:
    """A key as it stands in YAML: quoted where it must be."""
    text = str(key)
    return text if _PLAIN_KEY.match(text) else json.dumps(text, ensure_ascii=False)
