"""``check``: is the notebook what its cells say? What it leans on beside them, and the proof in a clean process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from nbasset.arguments.options_time import CheckArguments
from nbasset.commands.clean_run import Proof, prove
from nbasset.commands.scope import Scope
from nbasset.commands.states import Standing, standing
from nbasset.commands.versions import one_partition
from nbasset.commands.words import counted
from nbasset.dataclass import dataclass
from nbasset.definitions.selection import AssetSelection
from nbasset.errors import InvalidSelection
from nbasset.keys import AssetKey
from nbasset.locations.document import NotebookDocument
from nbasset.serde import Json
from nbasset.source.review import review
from nbasset.source.slices import CodeReader

Weight = Literal["problem", "warning", "note"]
_NOT_TOLD = ("another asset", "not used", "only shows something", "a line magic", "acts on assets")


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that was found. A ``problem`` stops a run elsewhere, a ``warning`` may, a ``note`` is worth knowing.

    `kind` is ``hidden-state``, ``order``, ``change``, ``file``, ``environment``, ``left-out`` or ``open``.
    """

    kind: str
    weight: Weight
    text: str
    asset: AssetKey | None = None
    where: str = ""

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "kind": self.kind, "weight": self.weight, "text": self.text, "asset": str(self.asset) if self.asset is not None else None,
            "where": self.where,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class CheckResult:
    """All remarks, heaviest first, and the proofs if they were asked for."""

    location: str
    assets: int
    remarks: tuple[Remark, ...] = ()
    proofs: tuple[Proof, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether a clean process can make everything, as far as was looked."""
        told = any(one.weight == "problem" for one in self.remarks)
        return not told and all(one.verdict in ("same", "random", "unknown") for one in self.proofs)

    @property
    def sentence(self) -> str:
        """For people."""
        problems = sum(one.weight == "problem" for one in self.remarks)
        warnings = sum(one.weight == "warning" for one in self.remarks)
        differing = sum(one.verdict in ("different", "fails") for one in self.proofs)
        proved = sum(one.verdict == "same" for one in self.proofs)
        parts = [counted(count, word) for count, word in ((problems, "problem"), (warnings, "warning")) if count]
        if differing:
            parts.append(f"{counted(differing, 'asset')} differ in a clean process")
        said = ", ".join(parts) if parts else "clean"
        return f"{self.location}: {said}" + (f"; {counted(proved, 'asset')} proved the same in a clean process" if proved else "") + "."

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "location": self.location, "clean": self.is_clean, "assets": self.assets, "remarks": [one.to_json() for one in self.remarks],
            "proofs": [one.to_json() for one in self.proofs],
        }  # fmt: skip


def check(scope: Scope, arguments: CheckArguments = CheckArguments()) -> CheckResult:  # noqa: B008 - frozen
    """Look at the selected assets, all without a selection; with ``clean_kernel`` make them again elsewhere and compare.

    Of a partitioned asset one partition is made again: the one that is named, else the newest that is there.

    Raises
    ------
    UnknownAsset, InvalidSelection, UnknownPartitionError
        If the selection or the partition names what is not there.
    """
    catalog = scope.catalog
    now = standing(scope)
    chosen = frozenset(catalog.by_key)
    if arguments.select:
        chosen = AssetSelection.from_string(arguments.select).resolve(catalog, status=now.status)
    keys = [key for key in catalog.order if key in chosen and catalog.by_key[key].is_executable]
    reader = CodeReader()
    remarks: dict[tuple[str, str, str], Remark] = {}
    for remark in (*(remark for key in keys for remark in _remarks(scope, key, reader)), *_of_location(scope, chosen)):
        remarks.setdefault((remark.kind, remark.text, remark.where), remark)
    ordered = sorted(remarks.values(), key=lambda one: ("problem", "warning", "note").index(one.weight))
    proofs: list[Proof] = []
    if arguments.clean_kernel:
        if arguments.partition and len(keys) != 1:
            raise InvalidSelection(f"-p names a partition of one asset, but {len(keys)} are selected. Name the asset.")
        broken = {one.asset for one in ordered if one.weight == "problem"}
        proofs = [
            prove(scope, key, now, ordinal=_ordinal(scope, key, arguments.partition, now), rows=arguments.rows)
            for key in keys
            if key not in broken and _can_be_proved(scope, key, now)
        ]
    return CheckResult(scope.location.name or catalog.name, len(keys), tuple(ordered), tuple(proofs))


def _ordinal(scope: Scope, key: AssetKey, text: str, now: Standing) -> int | None:
    if scope.catalog.by_key[key].partitions_def is None:
        return None
    if text:
        ref = one_partition(scope, key, text)
        return ref.ordinal if ref is not None else None
    state = now.states[key]
    there = state.fresh or state.stale
    return there.runs[-1][1] - 1


def _can_be_proved(scope: Scope, key: AssetKey, now: Standing) -> bool:
    """Whether there is something to make it from, and of a partitioned asset a partition to make."""
    state = now.states[key]
    if state.is_partitioned:
        return bool(state.fresh or state.stale)
    above = [now.states[one] for one in scope.catalog.upstream[key] if one in now.states]
    return all(one.status not in ("missing", "failed") or one.is_partitioned for one in above)


def _remarks(scope: Scope, key: AssetKey, reader: CodeReader) -> Iterator[Remark]:
    node = scope.catalog.by_key[key].node or ""
    code = scope.location.code
    found = code.slice(node)
    place = code.place(node)
    for sentence in scope.location.hidden_state(node):
        yield Remark("hidden-state", "warning", f"'{key}' leans on this session: {sentence}", key)
    if found is None or place is None:
        return
    if not found.exact:
        text = f"'{key}' can reach names that reading cannot see (exec, globals...), so everything above it counts"
        yield Remark("open", "warning", text, key)
    cells = {cell.id: cell for cell in place.source.cells()}
    makers = {}
    for other in scope.catalog.assets:
        of = code.place(other.node) if other.node is not None else None
        if of is not None and of.roots and of.source is place.source and other.key.last.isidentifier():
            makers[other.key.last] = of.roots[0].cell
    for remark in review(reader, place.source, place.roots, assets=makers):
        yield Remark(remark.kind, "warning", remark.text, key, f"{remark.cell}, line {remark.line}")
    for item in found.left_out:
        if item.reason.startswith(_NOT_TOLD) or "scratch" in item.reason:
            continue
        cell = cells.get(item.place.cell)
        where = f"{cell.label if cell is not None else item.place.cell}, line {item.place.first_line}"
        yield Remark("left-out", "note", f"left out of what assets need: {item.reason}", None, where)


def _of_location(scope: Scope, chosen: frozenset[AssetKey]) -> Iterator[Remark]:
    """Problems of the definitions, and lines that change the surroundings without a trace."""
    names = {str(key): key for key in chosen}
    for problem in scope.catalog.problems:
        if problem.asset is not None and problem.asset not in names:
            continue
        kind = problem.rule if problem.rule == "hidden-state" else "definition"
        weight: Weight = "problem" if problem.severity == "error" else "note"
        yield Remark(kind, weight, str(problem).partition("\n")[0], names.get(problem.asset or ""), problem.where or "")
    source = scope.location.source
    if isinstance(source, NotebookDocument):
        for line in source.hidden_environment:
            yield Remark("environment", "warning", f"{line} changes what the code depends on; a clean process does not run it")


def check_text(result: CheckResult) -> str:
    """The remarks and proofs as plain text."""
    marks = {"problem": "x", "warning": "!", "note": "-"}
    lines = [result.sentence]
    for one in result.remarks:
        where = f" ({one.where})" if one.where and one.where.partition(",")[0] not in one.text else ""
        lines.append(f"  {marks[one.weight]} {one.text}{where}")
    for proof in result.proofs:
        mark = "=" if proof.verdict == "same" else "?" if proof.verdict in ("random", "unknown") else "x"
        lines.append(f"  {mark} {proof.asset}{f' {proof.partition}' if proof.partition else ''}: {proof.text}")
    return "\n".join(lines)
