"""The run configuration that somebody typed: files, and ``path=value`` pairs that win over them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nbasset.commands.carrying_out import checked_config
from nbasset.commands.scope import Scope
from nbasset.errors import InvalidConfigError


def run_config_of(texts: Sequence[str], scope: Scope) -> dict[str, Any]:
    """Run configuration from files (YAML or JSON) and pairs such as ``ops.delays.config.n=3``, checked against the scope.

    Raises
    ------
    InvalidConfigError
        With everything that is wrong.
    """
    return checked_config(scope, frozenset(), merged_config(texts)) if texts else {}


def merged_config(texts: Sequence[str]) -> dict[str, Any]:
    """Files and pairs as one dict; a later one wins.

    >>> merged_config(["ops.a.config.n=3", "ops.a.config.words=[1, 2]"])
    {'ops': {'a': {'config': {'n': 3, 'words': [1, 2]}}}}
    """
    found: dict[str, Any] = {}
    for text in texts:
        path, equals, value = text.partition("=")
        if equals and not Path(text).exists():
            _put(found, path.strip().split("."), _value(value), text)
            continue
        if not Path(text).is_file():
            raise InvalidConfigError([f"{text!r} is neither a file nor a pair such as ops.delays.config.n=3."], of="the run config")
        from nbasset.definitions.config_files import config_from_files

        _merge(found, config_from_files([text]))
    return found


def _put(into: dict[str, Any], path: list[str], value: Any, text: str) -> None:
    for part in path[:-1]:
        below = into.setdefault(part, {})
        if not isinstance(below, dict):
            raise InvalidConfigError([f"{text!r}: '{part}' has a value already, so nothing can stand below it."], of="the run config")
        into = below
    into[path[-1]] = value


def _merge(into: dict[str, Any], more: Any) -> None:
    for key, value in dict(more).items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
