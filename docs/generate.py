"""Writes the pages of the manual that are made from the code: names, verbs, settings, and the table of concepts.

Run it to write them anew (``make docs``); a test compares what is written with what it would write.
"""

from __future__ import annotations

import inspect
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args

import click

import nbasset
from nbasset import settings
from nbasset.arguments.cell import cell_command
from nbasset.arguments.verbs import VERBS

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
MADE = "<!-- Made by docs/generate.py; `make docs` writes it anew. -->\n"
STATUSES = {"works": "works", "better": "works better", "differs": "works differently", "later": "later", "absent": "absent"}


_NAMES = """\
Import them from `nbasset`: `from nbasset import asset`. What is not listed here may change without notice. `help(name)` says more, with
an example."""
_VERBS = """\
Each verb is one function with several faces: the magic `%asset VERB` in a notebook, the command `nbasset VERB` in a terminal, and
Python. The command takes a location first (a notebook, a module file, a package) and, for all verbs, `--home FOLDER`, `--module NAME`
and `--json`. It ends with 0 when all went well, 1 when something failed, 2 when it was called wrongly."""
_SETTINGS = """\
`nbasset.toml` in the project's folder; everything in it is optional. A section may also be written as the one word that matters most in
it: `warehouse = "s3://bucket/warehouse"`. A value may come from the environment: `url = { env = "ASSETS_DB" }`. An unknown name is an
error that gives the nearest known one. The file is read when a project is opened."""
_CONCEPTS = """\
Every concept of an asset orchestrator that people know from Dagster, and where nbasset stands: it works as there, works better (how),
works differently (how), comes later, or is absent (why). Each line names what shows it: a notebook, or a test."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table of concepts; `shown_by` is a notebook, or a test as ``file::name``."""

    section: str
    row: str
    tier: str
    status: str
    how: str
    shown_by: tuple[str, ...]


def pages() -> dict[str, str]:
    """Every generated page by its file name."""
    return {"names.md": names_page(), "verbs.md": verbs_page(), "settings.md": settings_page(), "concepts.md": concepts_page()}


# -- names ------------------------------------------------------------------------------------------------------------------------


def names_page() -> str:
    """All public names, by the module that they live in."""
    by_module: dict[str, list[str]] = {}
    for name, module in nbasset._PLACES.items():
        by_module.setdefault(module, []).append(name)
    lines = [
        "# Public names",
        "",
        MADE,
        _NAMES,
    ]
    for module in sorted(by_module):
        lines += ["", f"## {module}", "", "| name | what it is |", "|---|---|"]
        lines += [f"| `{name}` | {_summary(getattr(nbasset, name))} |" for name in sorted(by_module[module], key=str.lower)]
    lines += ["", "## For IPython", "", "| name | what it is |", "|---|---|"]
    lines += [f"| `{name}` | {_summary(getattr(nbasset, name))} |" for name in ("load_ipython_extension", "unload_ipython_extension")]
    lines += ["| `__version__` | The version of the package, as text |"]
    return "\n".join(lines) + "\n"


def _whole(value: Any) -> str:
    """A docstring as Markdown."""
    return re.sub(r"``(.+?)``", r"`\1`", inspect.getdoc(value) or "")


def _summary(value: Any) -> str:
    """The first sentence or line of a docstring, as Markdown for a table cell."""
    text = (inspect.getdoc(value) or "").split("\n\n")[0].replace("\n", " ")
    return _cell(text)


def _cell(text: str) -> str:
    return re.sub(r"``(.+?)``", r"`\1`", text).replace("|", "\\|").strip()


# -- verbs ------------------------------------------------------------------------------------------------------------------------


def verbs_page() -> str:
    """All verbs with their parameters, and the options of a defining cell."""
    lines = [
        "# Verbs",
        "",
        MADE,
        _VERBS,
        "",
        "| verb | what it does |",
        "|---|---|",
    ]
    lines += [f"| [`{verb.name}`](#{verb.name.replace(' ', '-')}) | {_cell(_first_line(verb.help))} |" for verb in VERBS.values()]
    lines += ["| [`%%asset`](#a-cell-that-is-an-asset) | Define an asset by a cell. |"]
    for verb in VERBS.values():
        lines += ["", f"## {verb.name}", "", *_help(verb.help.replace("{asset}", "%asset"))]
        if not verb.in_shell:
            lines += ["", "Only in a notebook."]
        lines += ["", *_parameters(verb.params)]
    command = cell_command()
    lines += ["", "## A cell that is an asset", "", "`%%asset NAME [OPTIONS]` on top of a cell.", "", *_help(command.help or "")]
    lines += ["", *_parameters(command.params)]
    return "\n".join(lines) + "\n"


def _first_line(text: str) -> str:
    return text.strip().split("\n")[0]


def _help(text: str) -> Iterator[str]:
    """Click's help as Markdown: what follows a ``\\b`` line is code."""
    for number, part in enumerate(inspect.cleandoc(text).split("\n\n")):
        if number:
            yield ""
        head, mark, code = part.partition("\b\n")
        if mark:
            yield from ["```", *code.rstrip().splitlines(), "```"]
        else:
            yield " ".join(head.split())


def _parameters(params: Any) -> Iterator[str]:
    yield from ("| parameter | what it says |", "|---|---|")
    for param in params:
        if isinstance(param, click.Option):
            if param.hidden:
                continue
            words = ", ".join(f"`{one}{'' if param.is_flag else f' {_value_word(param)}'}`" for one in param.opts)
            yield f"| {words} | {_cell(param.help or '')} |"
        else:
            metavar = param.make_metavar(click.Context(click.Command("asset")))
            yield f"| `{metavar}` | {_ARGUMENTS.get(str(param.name)) or _BY_TYPE.get(param.type.name, param.type.name)} |"


def _value_word(param: click.Option) -> str:
    choices = getattr(param.type, "choices", None)
    return "{" + ",".join(choices) + "}" if choices else param.type.name.upper().replace(" RANGE", "")


_ARGUMENTS = {
    "words": "Which assets, as words; see [selection](selection.md).",
    "versions": "Versions: an id, a run, or a moment each.",
}
_BY_TYPE = {
    "selection": "Which assets; see [selection](selection.md).",
    "asset": "The key of an asset; several parts are joined with `/`.",
    "partition": "A partition.",
    "file": "A file.",
    "name": "A name or an id; of an id the first letters are enough.",
}


# -- settings ---------------------------------------------------------------------------------------------------------------------


def settings_page() -> str:
    """Every setting with its default."""
    lines = [
        "# Settings",
        "",
        MADE,
        _SETTINGS,
    ]
    for section in fields(settings.Settings):
        cls, is_list = _section_class(section)
        title = f"[[{section.name}]]" if is_list else f"[{section.name}]"
        lines += ["", f"## {title}", "", _whole(cls), "", *_settings_of(cls, section.name)]
    return "\n".join(lines) + "\n"


def _section_class(section: Field[Any]) -> tuple[type, bool]:
    hint = settings._hints(settings.Settings)[section.name]
    return (hint, False) if is_dataclass(hint) else (get_args(hint)[0], True)


def _settings_of(cls: type, path: str) -> Iterator[str]:
    yield from ("| setting | takes | default |", "|---|---|---|")
    nested = []
    for one in fields(cls):
        hint = settings._hints(cls)[one.name]
        inner = next((item for item in get_args(hint) if is_dataclass(item)), None)
        yield f"| `{path}.{one.name}` | {_takes(hint, inner)} | {_default(one)} |"
        if inner is not None:
            nested.append((inner, f"{path}.{one.name}"))
    for inner, name in nested:
        yield from ("", f"Each of `{name}`: {_summary(inner)}", "", *_settings_of(inner, name))


def _takes(hint: Any, inner: Any) -> str:
    if inner is not None:
        return "a list of tables"
    words = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    if hint in words:
        return words[hint]
    arguments = get_args(hint)
    if all(isinstance(item, str) for item in arguments):
        return ", ".join(f"`{item}`" for item in arguments)
    if arguments[-1] is ...:
        return "a list"
    return "a table" if arguments[0] is str and len(arguments) == 2 and arguments[1] is not nbasset.EnvVar else "text, or a variable"


def _default(one: Field[Any]) -> str:
    if one.default is MISSING and one.default_factory is MISSING:
        return "(needed)"
    value = one.default if one.default is not MISSING else {}
    return f"`{json.dumps(value)}`"


# -- concepts ---------------------------------------------------------------------------------------------------------------------


def concept_rows() -> list[Row]:
    """What `concepts.toml` says, in its order."""
    data: Mapping[str, Any] = tomllib.loads((DOCS / "concepts.toml").read_text(encoding="utf-8"))
    return [
        Row(section["title"], row["row"], row["tier"], row["status"], row.get("how", ""), tuple(row.get("shown_by", ())))
        for section in data["section"]
        for row in section["rows"]
    ]


def concepts_page() -> str:
    """The table of concepts, one section after another, with a count on top."""
    rows = concept_rows()
    count = {status: sum(row.status == status for row in rows) for status in STATUSES}
    lines = [
        "# Concepts, one by one",
        "",
        MADE,
        _CONCEPTS,
        "",
        "core: every user meets it; expected: a serious user would miss it; rare: seldom or old.",
        "",
        ", ".join(f"{number} {STATUSES[status]}" for status, number in count.items() if number) + ".",
    ]
    section = None
    for row in rows:
        if row.section != section:
            section = row.section
            lines += ["", f"## {section}", "", "| concept | tier | status | how | shown by |", "|---|---|---|---|---|"]
        shown = ", ".join(map(_link, row.shown_by))
        lines.append(f"| {_cell(row.row)} | {row.tier} | {STATUSES[row.status]} | {_cell(row.how)} | {shown} |")
    return "\n".join(lines) + "\n"


def _link(shown_by: str) -> str:
    file, _, name = shown_by.partition("::")
    path = f"notebooks/{file}" if file.endswith(".ipynb") else file
    return f"[{name.removeprefix('test_').replace('_', ' ') if name else file}](../{path})"


if __name__ == "__main__":
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
