"""The slice of some assets as one Python module that needs no notebook: a location of nbasset like any other.

Imports stand first, then what the cells say, in their order, with their comments; ``%%asset`` cells are functions with ``@asset``. Equal
slices give equal bytes.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from nbasset.dataclass import dataclass
from nbasset.definitions.requests import MAX_RETRIES_TAG, ON_STEP_FAILURE_TAG
from nbasset.errors import InvalidDefinitionError
from nbasset.keys import AssetKey
from nbasset.locations.job_file import JobFile
from nbasset.promotion.export import Code, Exported, Names, signed
from nbasset.promotion.export_cells import CellFunction, cell_function, key_of, literal
from nbasset.promotion.export_imports import Alias, Import, Split, aliases_of, import_section, split_imports
from nbasset.source.names import names_of
from nbasset.source.program import Place
from nbasset.source.shapes import parse
from nbasset.source.slices import CodeReader
from nbasset.source.text import Piece, SliceText, statements_of_text

_GENERATED = frozenset({
    "AssetIn", "AssetKey", "AssetSelection", "BackfillPolicy", "Backoff", "DailyPartitionsDefinition", "DefaultScheduleStatus",
    "Definitions",
    "DynamicPartitionsDefinition", "HourlyPartitionsDefinition", "MonthlyPartitionsDefinition", "MultiPartitionsDefinition", "RetryPolicy",
    "ScheduleDefinition", "StaticPartitionsDefinition", "TimeWindowPartitionsDefinition", "WeeklyPartitionsDefinition", "asset",
    "define_asset_job",
})  # fmt: skip
_SHELL = re.compile(r"\bget_ipython\(\)")
_DEFINES = re.compile(r"(@|def |async def |class )")


@dataclass(frozen=True, slots=True)
class Script:
    """A slice on its way to a module: its imports, its texts in order, the functions of its asset cells.

    `prefix` stands before generated names of the library (``nbasset.``), where the code calls something else by one of them.
    """

    split: Split
    texts: tuple[str, ...]
    functions: tuple[CellFunction, ...]
    function_names: tuple[str, ...]
    project: frozenset[str]
    document: str
    prefix: str = ""
    needs_display: bool = False

    @property
    def uses(self) -> frozenset[str]:
        """Names of the library that generated text needs."""
        return frozenset(name for one in self.functions for name in one.uses)


def module_text(code: Code, job: JobFile | None = None) -> Exported:
    """The module. With a job, its job and schedule are defined there, too.

    Raises
    ------
    InvalidDefinitionError
        If the slice cannot be a module: a magic or a shell command in code that runs, two bindings of a name that assets need both.
    """
    script = script_of(code)
    tail, uses, notes = job_block(script, code, job)
    merged = merged_definitions(script, code.names, job is not None and bool(tail))
    body = joined([*script.texts, tail, merged])
    if merged:
        uses = uses | {"Definitions"}
    text = assembled(script, body, code, library="nbasset", uses=script.uses | uses)
    return Exported(signed(text), (*code.notes, *project_note(script), *notes))


def script_of(code: Code, *, library: str = "nbasset") -> Script:
    """Take a slice apart and write its asset cells as functions; see `module_text` for what is refused."""
    taken = statements_of_text(code.text)
    _refuse_two_bindings(taken)
    pieces = [piece for piece in taken.pieces if piece.kind != "module"]
    _refuse_shell(pieces)
    texts = ["" if piece.kind == "asset" else _dedented(piece.text) for piece in pieces]
    bound = _bound(texts)
    split = split_imports(texts)
    prefix = "" if _GENERATED.isdisjoint(_others(texts, library)) else f"{library}."
    names = _function_names([piece for piece in pieces if piece.kind == "asset"], bound)
    written: list[str] = []
    functions: list[CellFunction] = []
    for piece, text in zip(pieces, split.rest, strict=True):
        if piece.kind == "asset":
            key = key_of(piece)
            inputs = code.inputs.get(str(key), {})
            functions.append(cell_function(piece, names[key], inputs, bound=bound, prefix=prefix, futures=taken.futures))
            written.append(functions[-1].text)
        elif text.strip():
            written.append(text)
    whole = "\n".join(written)
    shows = "display" not in bound and re.search(r"(?<![.\w])display\(", whole) is not None
    project = frozenset(piece.cell for piece in taken.pieces if piece.kind == "module")
    return Script(split, tuple(written), tuple(functions), tuple(names.values()), project, taken.name, prefix, shows)


def assembled(
    script: Script,
    body: str,
    code: Code,
    *,
    library: str,
    uses: Iterable[str],
    more: Iterable[Alias] = (),
    imports: Sequence[Import] | None = None,
) -> str:
    """Docstring, imports and body as one text."""
    aliases = [*more, *(Alias(module, "", module) for one in script.functions for module in sorted(one.modules))]
    if script.prefix:
        aliases.append(Alias(library, "", library))
    else:
        aliases += [Alias(library, name, name) for name in sorted(uses)]
    if script.needs_display:
        aliases.append(Alias("IPython.display", "display", "display"))
    moved = script.split.imports if imports is None else imports
    section = import_section(moved, aliases, body=body, project=script.project, merged=library)
    future = f"from __future__ import {', '.join(sorted(script.split.futures))}" if script.split.futures else ""
    parts = [part for part in (docstring(code, script.document), future, section) if part]
    return "\n\n".join(parts) + f"\n\n{_gap(body)}{body}\n"


def docstring(code: Code, document: str) -> str:
    """What the module is, in a text that names the document and the assets."""
    names = ", ".join(sorted(str(key) for key in code.selected))
    others = len(set(code.assets) - set(code.selected))
    what = f"{names} of {document}" + (", and what they are made from" if others else "")
    what = what if len(what) <= 110 else f"{len(code.selected)} assets of {document}" + (", and what they are made from" if others else "")
    return f'"""Assets: {what}."""'.replace("\\", "/")


def joined(texts: Iterable[str]) -> str:
    """Texts as one, with two blank lines around what defines something and one elsewhere."""
    whole = ""
    for text in texts:
        text = text.strip("\n")
        if text.strip():
            whole = f"{whole}\n{_between(whole, text)}{text}" if whole else text
    return whole


def job_block(script: Script, code: Code, job: JobFile | None) -> tuple[str, frozenset[str], tuple[str, ...]]:
    """The job and the schedule that a job file describes, the names they use, and what of it they do not say."""
    if job is None:
        return "", frozenset(), ()
    name, prefix = f"{job.name}_job", script.prefix
    selection = ", ".join(literal(str(key)) for key in sorted(code.selected, key=str))
    given = [literal(job.name), f"selection={prefix}AssetSelection.assets({selection})"]
    if job.description:
        given.append(f"description={literal(job.description)}")
    tags = dict(job.tags) | _retry_tags(job)
    if tags:
        given.append(f"tags={literal(tags)}")
    lines = [_call(f"{name} = {prefix}define_asset_job", given)]
    uses = {"define_asset_job", "AssetSelection"}
    notes: list[str] = []
    if job.schedule is not None and not code.partitions.keys().isdisjoint(code.selected):
        notes.append(
            f"the schedule of '{job.name}' is left out: its assets have partitions, and which a tick makes ({job.partitions or 'given'}) "
            "is said by the job file. Write a @schedule that gives RunRequest(partition_key=...)."
        )
    elif job.schedule is not None:
        entry = job.schedule
        cron = literal(entry.cron[0] if len(entry.cron) == 1 else list(entry.cron))
        status = "RUNNING" if entry.status == "running" else "STOPPED"
        given = [f"job={name}", f"cron_schedule={cron}", f"execution_timezone={literal(entry.timezone)}"]
        given.append(f"default_status={prefix}DefaultScheduleStatus.{status}")
        lines.append(_call(f"{job.name}_schedule = {prefix}ScheduleDefinition", given))
        uses |= {"ScheduleDefinition", "DefaultScheduleStatus"}
    return "\n".join(lines), frozenset(uses), tuple(notes)


def _retry_tags(job: JobFile) -> dict[str, str]:
    if not job.retries.max_retries:
        return {}
    only_cut_off = {} if job.retries.on_failure else {ON_STEP_FAILURE_TAG: "false"}
    return {MAX_RETRIES_TAG: str(job.retries.max_retries), **only_cut_off}


def merged_definitions(script: Script, names: Names, has_job: bool) -> str:
    """The statement that joins what no `Definitions` object of the code holds to one that there is: in a module it says all there is."""
    if not names.definitions:
        return ""
    first, *others = names.definitions
    loose = definitions_call(script, replace(names, definitions=()))
    parts = [first, *others, *([loose] if loose else [])]
    if len(parts) == 1 and not has_job:
        return ""
    line = f"{first} = {script.prefix}Definitions.merge({', '.join(parts)})"
    return line + (f"\ndel {', '.join(others)}" if others else "")


def definitions_call(script: Script, names: Names, *, more: Sequence[str] = ()) -> str:
    """The call that makes a `Definitions` of all names and of the asset cells; empty when there is nothing."""
    kinds = {
        "assets": (*names.assets, *script.function_names), "asset_checks": names.asset_checks, "jobs": names.jobs,
        "schedules": names.schedules, "sensors": names.sensors,
    }  # fmt: skip
    given = [f"{kind}=[{', '.join(dict.fromkeys(found))}]" for kind, found in kinds.items() if found]
    given += more
    return _call(f"{script.prefix}Definitions", given) if given else ""


def project_note(script: Script) -> tuple[str, ...]:
    """That the module needs modules of the project beside it."""
    if not script.project:
        return ()
    names = ", ".join(sorted(script.project))
    return (f"it imports {names} of your project, which have to be found from where it stands.",)


def _call(head: str, given: Sequence[str]) -> str:
    line = f"{head}({', '.join(given)})"
    return line if len(line) <= 120 else f"{head}(\n" + "".join(f"    {one},\n" for one in given) + ")"


def _between(above: str, below: str) -> str:
    """The blank lines between two texts."""
    return "\n\n" if _ends_in_definition(above) or _DEFINES.match(_without_comments(below)) else "\n"


def _gap(body: str) -> str:
    return "\n" if _DEFINES.match(_without_comments(body)) else ""


def _without_comments(text: str) -> str:
    lines = text.split("\n")
    while len(lines) > 1 and (lines[0].startswith("#") or not lines[0].strip()):
        lines.pop(0)
    return "\n".join(lines)


def _ends_in_definition(text: str) -> bool:
    """Whether the last statement is a function or a class: its last line is indented, or it stands in one line."""
    last = text.rpartition("\n")[2]
    return last.startswith((" ", "\t")) or bool(_DEFINES.match(last))


# -- reading the slice --------------------------------------------------------------------------------------------------------


def _dedented(text: str) -> str:
    return text.strip("\n")


def _bound(texts: Iterable[str]) -> frozenset[str]:
    """All names that the code binds at its top level."""
    found = [names_of([node]) for text in texts for node in parse(text).body]
    return frozenset(name for one in found for name in one.binds)


def _others(texts: Iterable[str], library: str) -> frozenset[str]:
    """Names that the code binds to something else than what nbasset calls so."""
    found: set[str] = set()
    for text in texts:
        for node in parse(text).body:
            names = names_of([node])
            ours = {alias.name for alias in aliases_of(node) if alias.module == "nbasset" and alias.attribute == alias.name}
            found |= set(names.binds) - ours
    return frozenset(found)


def _function_names(pieces: Sequence[Piece], bound: Collection[str]) -> dict[AssetKey, str]:
    """A name of its own for each asset cell: the asset's, unless the module needs it for something else."""
    taken = {*bound, *dir(builtins), *_GENERATED, "nbasset", "dagster", "builtins"}
    found: dict[AssetKey, str] = {}
    for piece in pieces:
        key = key_of(piece)
        name = key.to_python_identifier()
        if not name.isidentifier():
            name = f"asset_{name}"
        while name in taken:
            name += "_asset"
        taken.add(name)
        found[key] = name
    return found


def _refuse_shell(pieces: Sequence[Piece]) -> None:
    """A module has no shell: refuse what calls it.

    Raises
    ------
    InvalidDefinitionError
        With the cells and lines.
    """
    found = [
        f"{piece.label}, line {piece.first_line + number} ({piece.document})"
        for piece in pieces
        for number, line in enumerate(piece.text.split("\n"))
        if _SHELL.search(line)
    ]
    if found:
        raise InvalidDefinitionError(
            f"{'; '.join(found)}: a magic or a command of the shell, which Python outside a notebook does not have. "
            "Write it as Python (subprocess.run for a command), or export the run of the notebook: --to cron, github or airflow."
        )


def _refuse_two_bindings(taken: SliceText) -> None:
    """In a notebook an asset cell sees the names as they stood above it; a module has one binding of each, the last.

    Raises
    ------
    InvalidDefinitionError
        If an asset cell needs an earlier one.
    """
    reader = CodeReader()
    cells = {cell.id: cell for cell in taken.cells()}
    roots = {cell.id: Place(cell.id, 1, cell.text.count("\n") + 1) for cell in cells.values() if cell.role == "asset"}
    binders = {name: reader.binder_cells(taken, [root], assets=taken.reads) for name, root in roots.items()}
    last = {name: cell.id for cell in cells.values() if cell.role != "asset" for name in _bound([cell.text])}
    for owner, found in binders.items():
        for name, cell in found.items():
            if cell != last[name]:
                raise InvalidDefinitionError(
                    f"{cells[owner].label} ({taken.name}) uses `{name}` of {cells[cell].label}, and {cells[last[name]].label} binds "
                    f"`{name}` anew: a module has one `{name}`. Give one of them another name."
                )
