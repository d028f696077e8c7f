"""Configuration as YAML text: in files, in strings, in packages. Later texts win over earlier ones, entry by entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, reduce
from typing import Any

from nbasset.definitions.config_errors import ConfigError
from nbasset.errors import InvalidConfigError, InvalidDefinitionError, kind_of


def parse_yaml(text: str, *, of: str = "the config") -> Any:
    """The data of a YAML (or JSON) text. An empty text is an empty dict; an entry given twice is an error.

    >>> parse_yaml("ops: {delays: {config: {n: 1}}}")
    {'ops': {'delays': {'config': {'n': 1}}}}

    Raises
    ------
    InvalidConfigError
        With the line and column.
    """
    import yaml

    failure: str | None = None
    data: Any = None
    try:
        data = yaml.load(text, Loader=_loader())  # noqa: S506 - the loader is a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        failure = f"{where}{error.problem or error.context or 'this cannot be read'}"
    except (yaml.YAMLError, ValueError) as error:
        failure = str(error).splitlines()[0]
    if failure is not None:
        raise InvalidConfigError([ConfigError((), f"not readable as YAML: {failure}", "yaml")], of)
    return {} if data is None else data


def config_from_yaml_strings(yaml_strings: Sequence[str]) -> dict[str, Any]:
    """One config from several YAML texts.

    >>> config_from_yaml_strings(["ops: {a: {config: {n: 1}}}", "ops: {a: {config: {m: 2}}}"])
    {'ops': {'a': {'config': {'n': 1, 'm': 2}}}}
    """
    return _merged([(f"YAML text {number}", text) for number, text in enumerate(yaml_strings, 1)])


def config_from_files(config_files: Sequence[str]) -> dict[str, Any]:
    """One config from YAML files. Each name may be a pattern (``config/*.yaml``), whose files are taken in order of their names.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".yaml") as file:
    ...     _ = file.write("ops: {load: {config: {n: 1}}}")
    ...     file.flush()
    ...     config_from_files([file.name])
    {'ops': {'load': {'config': {'n': 1}}}}

    Raises
    ------
    InvalidDefinitionError
        If a name matches no file.
    InvalidConfigError
        If a file is no YAML, or does not hold entries.
    """
    from glob import glob
    from pathlib import Path

    texts = []
    for pattern in config_files:
        names = sorted(glob(str(pattern)))  # noqa: PTH207 - a pattern may be absolute
        if not names:
            raise InvalidDefinitionError(f"no config file matches {str(pattern)!r} (looked from {Path.cwd()}).")
        texts += [(name, Path(name).read_text(encoding="utf-8")) for name in names]
    return _merged(texts)


def config_from_pkg_resources(pkg_resource_defs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """One config from YAML files inside installed packages, each given as ``("package", "file.yaml")``.

    >>> config_from_pkg_resources([("nbasset", "py.typed")])
    {}
    """
    from importlib.resources import files

    texts = []
    for package, name in pkg_resource_defs:
        try:
            texts.append((f"{package}/{name}", files(package).joinpath(name).read_text(encoding="utf-8")))
        except (ModuleNotFoundError, FileNotFoundError) as error:
            raise InvalidDefinitionError(f"no config file {name!r} in package {package!r}: {error}.") from error
    return _merged(texts)


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Two configs, entry by entry; where both have a value, the second's. A reference to the environment is a value.

    >>> merged({"a": {"x": 1}, "b": 1}, {"a": {"y": 2}, "b": {"env": "B"}})
    {'a': {'x': 1, 'y': 2}, 'b': {'env': 'B'}}
    """
    out = dict(first)
    for key, value in second.items():
        before = out.get(key)
        both = isinstance(before, Mapping) and isinstance(value, Mapping) and set(value) != {"env"} and set(before) != {"env"}
        out[key] = merged(before, value) if both else value  # type: ignore[arg-type]
    return out


def _merged(texts: Sequence[tuple[str, str]]) -> dict[str, Any]:
    parts = []
    for name, text in texts:
        data = parse_yaml(text, of=name)
        if not isinstance(data, Mapping):
            raise InvalidConfigError([ConfigError((), f"expected entries, got {kind_of(data)}")], name)
        parts.append(data)
    return reduce(merged, parts, {})


@cache
def _loader() -> Any:
    """A safe loader that refuses an entry given twice."""
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        pass

    def mapping(loader: Any, node: Any) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = loader.construct_object(key_node, deep=True)
            if key_node.tag != "tag:yaml.org,2002:merge" and isinstance(key, (str, int, float, bool)):
                if key in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{key!r} is given twice", key_node.start_mark)
                seen.add(key)
        loader.flatten_mapping(node)
        found: dict[Any, Any] = yaml.SafeLoader.construct_mapping(loader, node, deep=True)
        return found

    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    return Loader
