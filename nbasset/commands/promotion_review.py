"""What a promotion comes to, before anything is written: the job, its copy of the notebook, and all that a reviewer should know.

It is made in a process that holds nothing but the saved notebook: a command of its own, or a worker of the session that asks. So it is
plain data. Names that a session holds, edits that were not saved and values in memory cannot get into a job.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from nbasset import clock
from nbasset.arguments.options_promotion import PromoteArguments
from nbasset.arguments.options_time import CheckArguments
from nbasset.commands.check import check
from nbasset.commands.configuration import run_config_of
from nbasset.commands.forecast_words import moment_text
from nbasset.commands.managers import ready_manager
from nbasset.commands.promotion_job import existing_job, name_of, partitions_for, schedule_for
from nbasset.commands.scope import Scope
from nbasset.commands.states import standing
from nbasset.commands.words import counted
from nbasset.dataclass import dataclass
from nbasset.definitions.cron import describe, ticks
from nbasset.definitions.partition_ranges import format_ranges
from nbasset.definitions.selection import AssetSelection
from nbasset.errors import InvalidConfigError, InvalidInvocationError, InvalidSelection, PathOutsideHome, ProblemsFound
from nbasset.home import Home
from nbasset.instance import Instance
from nbasset.io_managers.memory import InMemoryIOManager
from nbasset.keys import AssetKey
from nbasset.locations.document import NotebookDocument
from nbasset.locations.job_file import JOBS_FOLDER, CodeEntry, JobFile, beside, job_text, wrong_in
from nbasset.locations.notebook import load_notebook
from nbasset.locations.parameters import defaults_of, parameters_of
from nbasset.ordinals import OrdinalSet
from nbasset.planning.asked_partitions import named_in
from nbasset.planning.partition_rule import partitions_by_rule
from nbasset.promotion.copied import cells_digest, copy_of, copy_text, left_out
from nbasset.promotion.drift import code_changes
from nbasset.promotion.environment import captured
from nbasset.promotion.prepare import Part
from nbasset.promotion.refusals import refusals, secret_values
from nbasset.promotion.taking_part import part_for
from nbasset.secrets import references_in, remember_named
from nbasset.serde import Json, serializable

_NEXT = 5
_ENVIRON = re.compile(r"""environ\[\s*["']([^"']+)["']\s*\]""")


@serializable
@dataclass(frozen=True, slots=True)
class ReviewTask:
    """What a worker is asked to review."""

    home: str
    notebook: str
    arguments: PromoteArguments


@serializable
@dataclass(frozen=True, slots=True)
class ReviewedNode:
    """One function of the job, in order: what it makes, where it stands, what it reads, which partitions a run makes as of now."""

    assets: tuple[str, ...]
    cell: str = ""
    reads: tuple[str, ...] = ()
    partitions: str = ""


@serializable
@dataclass(frozen=True, slots=True)
class Review:
    """A job as it would be written, and what to know of it.

    `copy` is the text of its notebook. `outside` are assets that it reads and does not make. `parameters` are names with the value of the
    job and the notebook's default; `secrets` names of variables and whether they are set here; `next_runs` moments on the schedule's
    clock, with the partition of the first asset that is latest then.
    `changes` say what differs from the job that is there, `diff` how its file does; `before` is None for a new one.
    """

    job: JobFile
    copy: str
    nodes: tuple[ReviewedNode, ...] = ()
    outside: tuple[str, ...] = ()
    parameters: tuple[tuple[str, str, str], ...] = ()
    secrets: tuple[tuple[str, bool], ...] = ()
    when: str = ""
    next_runs: tuple[tuple[str, str], ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    before: JobFile | None = None
    state: Literal["new", "changed", "unchanged"] = "new"
    changes: tuple[str, ...] = ()
    diff: str = ""
    code_diff: str = ""

    def to_json(self) -> Json:
        """Plain data; the notebook's text is not in it."""
        job = self.job
        schedule = job.schedule
        return {
            "name": job.name, "state": self.state, "select": job.select, "notebook": job.notebook, "source": job.source,
            "nodes": [{"assets": list(one.assets), "cell": one.cell, "reads": list(one.reads), "partitions": one.partitions or None}
                      for one in self.nodes],
            "reads": list(self.outside), "partitions": job.partitions or None, "parameters": dict(job.parameters),
            "secrets": [{"name": name, "set": is_set} for name, is_set in self.secrets],
            "schedule": {"cron": list(schedule.cron), "timezone": schedule.timezone, "status": schedule.status} if schedule else None,
            "next_runs": [{"at": at, "partitions": keys or None} for at, keys in self.next_runs],
            "retries": job.retries.max_retries, "tags": dict(job.tags),
            "environment": {"python": job.environment.python, "packages": dict(job.environment.packages), "strict": job.environment.strict},
            "left_out": [{"where": where, "why": why} for where, why in self.left_out], "warnings": list(self.warnings),
            "changes": list(self.changes), "diff": self.diff,
        }  # fmt: skip


def review_of(task: ReviewTask) -> Review:
    """Load the saved notebook and say what its promotion would be. Nothing is written.

    Raises
    ------
    ProblemsFound
        With all that stands in the way.
    InvalidConfigError, InvalidInvocationError, UnknownAsset, UnknownPartitionError
        If an option says what cannot be; also for a job file that is there and broken.
    """
    instance = Instance.open(task.home)
    home, path = instance.home, Path(task.notebook).resolve()
    if not path.is_relative_to(home.root):
        raise PathOutsideHome(
            f"{path} is not in the project {home.root}, so a job there could not find it. Move it, or name its own --home."
        )
    if path.is_relative_to(home.root / JOBS_FOLDER):
        raise InvalidInvocationError(f"{path.name} is the copy that a job runs. Promote the notebook that it was made from.")
    remember_named(os.environ)
    location = load_notebook(path, home=home.root)
    return _Reviewing(Scope(location, instance), path, task.arguments, clock.now()).review()


@dataclass(slots=True)
class _Reviewing:
    scope: Scope
    path: Path
    arguments: PromoteArguments
    now: datetime
    _notebook: dict[str, Any] = field(default_factory=dict)
    _found: Part | None = None

    def review(self) -> Review:
        home = self.scope.instance.home
        self._notebook = json.loads(self.path.read_bytes().decode("utf-8-sig"))
        name, select, before = self._named(home)
        meant = AssetSelection.from_string(select)
        chosen = self._chosen(meant, select)
        copy = copy_of(self._notebook)
        problems = refusals(self.scope.location, self.scope.catalog, chosen, in_memory=self._in_memory, copy=copy)
        if problems:
            raise ProblemsFound(problems)
        job = self._job(name, select, before, chosen, copy, meant)
        return self._reviewed(job, before, chosen, copy_text(copy), meant)

    # -- what the job says ---------------------------------------------------------------------------------------------------

    def _named(self, home: Home) -> tuple[str, str, JobFile | None]:
        """Name and selection of the job, and the one that is there."""
        catalog = self.scope.catalog
        name, select = name_of(self.arguments, home, self.path)
        taken = next((one for one in (*catalog.jobs, *catalog.schedules) if one.name == name), None)
        if taken is not None:
            what = "job" if taken in catalog.jobs else "schedule"
            where = f" ({taken.place})" if getattr(taken, "place", None) else ""
            raise InvalidInvocationError(f"{self.path.name} defines a {what} '{name}' itself{where}. Give this one another --name.")
        return name, select, existing_job(home, name, self.path)

    def _chosen(self, meant: AssetSelection, select: str) -> frozenset[AssetKey]:
        if "status" in select:
            raise InvalidSelection(f"{select!r} depends on how things stand, and a job is the same each day. Select by name, group or tag.")
        catalog = self.scope.catalog
        keys = frozenset(key for key in meant.resolve(catalog) if catalog.by_key[key].is_executable)
        if not keys:
            raise InvalidSelection(f"{select!r} is met by no asset of {self.path.name} that can be made. See them: list.")
        return keys

    def _job(
        self, name: str, select: str, before: JobFile | None, chosen: Collection[AssetKey], copy: Mapping[str, Any], meant: AssetSelection
    ) -> JobFile:
        said = self.arguments
        file = self.scope.instance.home.root / JOBS_FOLDER / f"{name}.toml"
        kernel = ((self._notebook.get("metadata") or {}).get("kernelspec") or {}).get("name") or "python3"
        base = before or JobFile(name, f"{name}.ipynb", select, kernel=kernel)
        texts = self._texts(chosen)
        config = run_config_of(said.config, self.scope) if said.config else base.config
        made = replace(
            base,
            select=select,
            notebook=f"{name}.ipynb",
            source=_from(file.parent, self.path),
            folder=_from(file.parent, self.path.parent),
            description=said.description or base.description,
            kernel=said.kernel or base.kernel,
            partitions=partitions_for(said, base, self.scope.catalog, chosen),
            parameters=self._parameters(base),
            tags={**base.tags, **said.tags},
            config=config,
            schedule=schedule_for(said, base),
            retries=base.retries if said.retries is None else replace(base.retries, max_retries=said.retries),
            environment=captured(texts, self._packages(chosen), strict=said.strict or base.environment.strict),
            code=CodeEntry(cells_digest(copy), {str(key): self.scope.location.code.version_of(key) for key in sorted(chosen)}),
        )
        made = replace(made, secrets=self._secrets(base, texts, made))
        secret = [*secret_values(made.parameters, what="parameter"), *secret_values(made.tags, what="tag")]
        secret += [*secret_values({"config": _values_in(made.config), "description": made.description}, what="the")]
        if errors := [*wrong_in(made), *secret]:
            raise InvalidConfigError(errors, of=f"job '{name}'")
        self._partitions(made, chosen, meant)
        return made

    def _parameters(self, base: JobFile) -> dict[str, Json]:
        """Those of the file that the notebook still has, and those that were given, checked."""
        cells = _document(self.scope).cells()
        known = defaults_of(cells)
        kept = {name: value for name, value in base.parameters.items() if name in known}
        return parameters_of(cells, {**kept, **self.arguments.parameters})

    def _functions(self, chosen: Collection[AssetKey]) -> list[str]:
        """The nodes that make the assets, in order."""
        catalog = self.scope.catalog
        return list(dict.fromkeys(node for key in catalog.order if key in chosen and (node := catalog.by_key[key].node) is not None))

    def _part(self, chosen: Collection[AssetKey]) -> Part:
        """The statements that take part, found once."""
        if self._found is None:
            catalog = self.scope.catalog
            keys = [key for key in catalog.order if key in chosen]
            self._found = part_for(self.scope.location, catalog, nodes=self._functions(chosen), keys=keys)
        return self._found

    def _texts(self, chosen: Collection[AssetKey]) -> list[str]:
        """The code that takes part: that of the assets and of what they read, resources among it."""
        code, part = self.scope.location.code, self._part(chosen)
        lines = {cell.id: cell.text.split("\n") for cell in _document(self.scope).cells()}
        always = ["\n".join(lines[place.cell][place.first_line - 1 : place.last_line]) for place in part.always if place.cell in lines]
        return [*(text for node in part.nodes if (text := code.text(node))), *always]

    def _packages(self, chosen: Collection[AssetKey]) -> frozenset[str]:
        """Installed packages that the code imports, also by modules of the project."""
        found = [self.scope.location.code.slice(node) for node in self._functions(chosen)]
        return frozenset(name for one in found if one is not None for name in one.packages)

    def _secrets(self, base: JobFile, texts: Sequence[str], made: JobFile) -> tuple[str, ...]:
        """The variables that code and configuration refer to, and those that somebody wrote into the file."""
        by_hand = set(base.secrets) - self._referred_before(base)
        return tuple(sorted(by_hand | _named_in("\n".join(texts)) | _references(made.config)))

    def _referred_before(self, base: JobFile) -> set[str]:
        """The variables that the copy that is there refers to: these are in the file since it was made, not by somebody's hand."""
        try:
            copy = beside(self.scope.instance.home.root / JOBS_FOLDER / f"{base.name}.toml", base.notebook).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return set()
        return _named_in(copy.replace('\\"', '"')) | _references(base.config)

    # -- what to know of it --------------------------------------------------------------------------------------------------

    def _reviewed(self, job: JobFile, before: JobFile | None, chosen: frozenset[AssetKey], copy: str, meant: AssetSelection) -> Review:
        home, catalog = self.scope.instance.home, self.scope.catalog
        file = home.root / JOBS_FOLDER / f"{job.name}.toml"
        code = list(code_changes(file, before, self.scope.location)) if before is not None else []
        part = self._part(chosen)
        there = _text_of(beside(file, before.notebook)) if before is not None else None
        state: Literal["new", "changed", "unchanged"] = (
            "new" if before is None else "unchanged" if (job, copy) == (before, there) else "changed"
        )
        defaults = defaults_of(_document(self.scope).cells())
        told = check(self.scope, CheckArguments(job.select))
        return Review(
            job,
            copy,
            tuple(self._nodes(job, chosen, meant)),
            tuple(dict.fromkeys(str(up) for key in catalog.order if key in chosen for up in catalog.upstream[key] if up not in chosen)),
            tuple((name, _shown(job.parameters.get(name, default)), _shown(default)) for name, default in defaults.items()),
            tuple((name, name in os.environ) for name in job.secrets),
            describe(job.schedule.cron, job.schedule.timezone) if job.schedule is not None else "",
            tuple(self._next(job, chosen, meant)),
            tuple(left_out(_document(self.scope), part, self._others(chosen))),
            (*(one.text for one in told.remarks if one.weight != "note"), *self._warnings(job, chosen, meant)),
            before,
            state,
            (*(one.text for one in code), *self._changes(job, before, copy, there)),
            _diff(job, before),
            "\n\n".join(one.diff for one in code if one.diff),
        )

    def _nodes(self, job: JobFile, chosen: frozenset[AssetKey], meant: AssetSelection) -> Iterator[ReviewedNode]:
        catalog, code = self.scope.catalog, self.scope.location.code
        labels = {cell.id: cell.label for cell in _document(self.scope).cells()}
        partitions = self._partitions(job, chosen, meant)
        for node in self._functions(chosen):
            made = catalog.nodes_by_name[node]
            keys = [key for key in made.assets if key in chosen or not made.can_subset]  # most functions make all of theirs or nothing
            place = code.place(node)
            cell = labels.get(place.roots[0].cell, "") if place is not None and place.roots else ""
            reads = dict.fromkeys(str(up) for key in keys for up in catalog.upstream[key])
            yield ReviewedNode(tuple(map(str, keys)), cell, tuple(reads), partitions.get(keys[0], ""))

    def _partitions(
        self, job: JobFile, chosen: Collection[AssetKey], meant: AssetSelection, *, at: datetime | None = None
    ) -> dict[AssetKey, str]:
        """Which partitions a run would make at a moment, by default now, in words, by asset."""
        catalog = self.scope.catalog
        parted = [key for key in chosen if catalog.by_key[key].partitions_def is not None]
        if not job.partitions or not parted:
            return {}
        if job.partitions == "stale":
            return dict.fromkeys(parted, "what is missing or stale then")
        view = self.scope.view(at or self.now)
        found = partitions_by_rule(job.partitions, catalog, chosen, named_in(meant, catalog), view)
        definitions = {key: catalog.by_key[key].partitions_def for key in found}
        words = {}
        for key, ordinals in found.items():
            definition = definitions[key]
            assert definition is not None
            text = format_ranges(ordinals, definition, view) if len(ordinals) <= 400 else counted(len(ordinals), "partition")
            words[key] = text or "none exists yet"
        return words

    def _others(self, chosen: Collection[AssetKey]) -> dict[str, str]:
        """The assets that cells define and that are not in the job, by cell."""
        found: dict[str, list[str]] = {}
        for asset in self.scope.catalog.assets:
            place = self.scope.location.code.place(asset.node) if asset.node is not None and asset.key not in chosen else None
            if place is not None and place.roots:
                found.setdefault(place.roots[0].cell, []).append(str(asset.key))
        return {cell: ", ".join(keys) for cell, keys in found.items()}

    def _next(self, job: JobFile, chosen: frozenset[AssetKey], meant: AssetSelection) -> Iterator[tuple[str, str]]:
        if job.schedule is None:
            return
        zone = ZoneInfo(job.schedule.timezone)
        for tick in islice(ticks(job.schedule.cron, job.schedule.timezone, self.now.astimezone(UTC)), _NEXT):
            words = self._partitions(job, chosen, meant, at=tick) if job.partitions == "latest" else {}
            yield moment_text(tick.astimezone(zone)), next((words[key] for key in self.scope.catalog.order if key in words), "")

    def _warnings(self, job: JobFile, chosen: frozenset[AssetKey], meant: AssetSelection) -> Iterator[str]:
        for name in job.secrets:
            if name not in os.environ:
                yield f"the variable {name} is not set here; it has to be where the job runs"
        catalog = self.scope.catalog
        read = {up for key in chosen for up in catalog.upstream[key] if up not in chosen and up in catalog.by_key}
        made = {key for key, record in self.scope.instance.reader.latest(sorted(read)).items() if record.materialization is not None}
        for key in sorted(read - made):
            if catalog.by_key[key].is_executable:
                yield f"it reads '{key}', which was never made and which the job does not make: add it, as in --select '+{job.select}'"
        if job.partitions not in ("all", "stale"):
            yield from self._gaps(job, chosen, meant)

    def _gaps(self, job: JobFile, chosen: frozenset[AssetKey], meant: AssetSelection) -> Iterator[str]:
        """What reads all partitions of another asset, of which some are neither there nor made by a run: that run would fail."""
        catalog = self.scope.catalog
        readers: dict[AssetKey, AssetKey] = {}
        for key in (key for key in catalog.order if key in chosen and catalog.by_key[key].partitions_def is None):
            for dep in catalog.by_key[key].deps:
                asset = catalog.by_key.get(dep.asset)
                is_whole = dep.input is not None and dep.partition_mapping is None and not dep.missing_allowed
                if is_whole and asset is not None and asset.partitions_def is not None and asset.is_executable:
                    readers.setdefault(dep.asset, key)
        if not readers:
            return
        view = self.scope.view(self.now)
        has_rule = job.partitions and any(catalog.by_key[key].partitions_def is not None for key in chosen)
        made = partitions_by_rule(job.partitions, catalog, chosen, named_in(meant, catalog), view) if has_rule else {}
        states = standing(self.scope, keys=list(readers), view=view).states
        for key, reader in readers.items():
            missing = states[key].missing - made.get(key, OrdinalSet())
            if missing:
                yield (
                    f"'{reader}' reads all partitions of '{key}', and {len(missing):,} of them are neither there nor made "
                    f"by a run: make them first, `%asset backfill +{key} --only missing`"
                )

    def _changes(self, job: JobFile, before: JobFile | None, copy: str, there: str | None) -> Iterator[str]:
        if before is None:
            return
        gone = [name for name in before.parameters if name not in job.parameters]
        if gone:
            yield f"the notebook no longer has the parameter {', '.join(gone)}, so it is left out"
        if there is None:
            yield f"{before.notebook} is not there, and is written anew"
        elif before.code.notebook and _digest_of(there) != before.code.notebook:
            yield f"{before.notebook} was edited by hand, and is overwritten"
        elif there != copy:
            yield f"{job.notebook} follows the notebook"
        path = self.scope.instance.home.root / JOBS_FOLDER / f"{job.name}.toml"
        if job != before and _text_of(path) not in (job_text(before), None):
            yield f"comments and layout of {path.name} that were written by hand are not kept; what it says is"

    def _in_memory(self, key: AssetKey) -> bool:
        return isinstance(ready_manager(self.scope, key), InMemoryIOManager)


def _document(scope: Scope) -> NotebookDocument:
    assert isinstance(scope.location.source, NotebookDocument)
    return scope.location.source


def _from(folder: Path, path: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


def _text_of(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _digest_of(text: str) -> str:
    try:
        return cells_digest(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError):
        return ""


def _shown(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except TypeError:
        return "worked out by the notebook"


def _named_in(text: str) -> set[str]:
    """The variables that code reads."""
    return references_in(text) | set(_ENVIRON.findall(text))


def _references(data: object) -> set[str]:
    """The variables that configuration refers to."""
    if isinstance(data, Mapping):
        if set(data) == {"env"} and isinstance(data["env"], str):
            return {data["env"]}
        return {name for value in data.values() for name in _references(value)}
    return {name for value in data for name in _references(value)} if isinstance(data, (list, tuple)) else set()


def _values_in(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, default=str)


def _diff(job: JobFile, before: JobFile | None) -> str:
    """What differs in the file, but for digests."""
    if before is None:
        return ""
    import difflib

    old, new = (job_text(replace(one, code=CodeEntry())).split("\n") for one in (before, job))
    return "\n".join(line for line in list(difflib.unified_diff(old, new, lineterm="", n=0))[2:] if not line.startswith("@@"))
