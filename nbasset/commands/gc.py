"""``gc``: delete earlier versions that the rule of retention does not keep. Never a current one, nor one that is referred to.

Old runs and old ticks go as well, after as many days as the settings say, and outputs of ops that nobody goes on from.
"""

from __future__ import annotations

from collections.abc import Iterable

from nbasset import clock
from nbasset.arguments.options_time import GcArguments
from nbasset.commands.managers import Managers
from nbasset.commands.old_runs import forget_runs, forget_ticks, forgettable, old_ticks
from nbasset.commands.retention import versions_in
from nbasset.commands.words import counted, size_text
from nbasset.dataclass import dataclass
from nbasset.instance import Instance
from nbasset.io_managers.versions import Retention, plan_retention, unknown_versions
from nbasset.keys import AssetKey
from nbasset.serde import Json

_DAY_S = 86_400
_DAY_US = _DAY_S * 1_000_000


@dataclass(frozen=True, slots=True)
class Gone:
    """A version that goes."""

    asset: AssetKey
    partition: str | None
    version_id: str
    written_us: int
    size_bytes: int

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "asset": str(self.asset), "partition": self.partition, "version_id": self.version_id, "written_us": self.written_us,
            "size_bytes": self.size_bytes,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class GcResult:
    """What went (or would go), and what stays. `strangers` are version files that no record knows: they are left for people to look at.

    `notes` say which I/O managers could not be asked; what they keep is left alone. `runs` are runs that are (or would be) forgotten,
    `outputs` runs whose ops' outputs went while the runs stay, `ticks` how many ticks of schedules and sensors.
    """

    gone: tuple[Gone, ...]
    kept: int = 0
    kept_bytes: int = 0
    strangers: tuple[str, ...] = ()
    is_dry: bool = False
    notes: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    outputs_bytes: int = 0
    ticks: int = 0

    @property
    def size_bytes(self) -> int:
        """Bytes that are free now, or would be."""
        return sum(one.size_bytes for one in self.gone) + self.outputs_bytes

    @property
    def sentence(self) -> str:
        """For people."""
        what = f"{counted(len(self.gone), 'version')}, {size_text(self.size_bytes)}"
        if self.outputs:
            what += f", with what the ops of {counted(len(self.outputs), 'run')} gave to each other"
        what += f"; {counted(len(self.runs), 'old run')}" if self.runs else ""
        what += f"; {counted(self.ticks, 'old tick')}" if self.ticks else ""
        done = f"{what} would go" if self.is_dry else f"{what} deleted"
        said = f"{done}; {counted(self.kept, 'earlier version')} kept, {size_text(self.kept_bytes)}."
        return said + (f" {counted(len(self.strangers), 'file')} that no record names: see doctor." if self.strangers else "")

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "dry_run": self.is_dry, "versions": [one.to_json() for one in self.gone], "size_bytes": self.size_bytes, "kept": self.kept,
            "kept_bytes": self.kept_bytes, "strangers": list(self.strangers), "notes": list(self.notes), "runs": list(self.runs),
            "outputs": list(self.outputs), "ticks": self.ticks,
        }  # fmt: skip


def gc(
    instance: Instance, arguments: GcArguments = GcArguments(), managers: Iterable[Managers] = ()  # noqa: B008 - frozen
) -> GcResult:  # fmt: skip
    """Apply the rule of the settings, or the one that was given, to a home; ``dry_run`` only says what would go.

    Looked at are the warehouse and the folders of `managers`: those that the definitions bring along.
    """
    settings = instance.settings.retention
    rule = Retention(
        settings.versions if arguments.keep is None else arguments.keep,
        (settings.versions_days * _DAY_S or None) if arguments.older_than_s is None else arguments.older_than_s,
        (settings.size_bytes or None) if arguments.max_bytes is None else arguments.max_bytes,
    )
    now = clock.now_us()
    given = list(managers)
    folders = {one.folder.base: one.folder for one in (instance.manager("parquet"), *(one for some in given for one in some.found))}
    where = {one.version_id: (folder, one) for folder in folders.values() for one in folder.versions()}
    versions = versions_in(instance.reader, {name: one.size_bytes for name, (_, one) in where.items()})
    going = set(plan_retention(versions, rule, now_us=now))
    gone = tuple(
        Gone(one.asset, one.partition, one.version_id, one.written_us, one.size_bytes) for one in versions if one.version_id in going
    )  # fmt: skip
    if not arguments.dry_run:
        for one in gone:
            where[one.version_id][0].remove_version(one.version_id)
    old = forgettable(instance, now)
    if not arguments.dry_run:
        forget_runs(instance, [run.run_id for run in old.runs])
        for one_run in old.outputs:
            instance.manager("parquet").folder.remove_outputs(one_run.version_id)
    ticks = old_ticks(instance, now) if arguments.dry_run else forget_ticks(instance, now)
    staying = [one for one in versions if one.version_id not in going and not one.is_current]
    strangers = unknown_versions([one for _, one in where.values()], {one.version_id for one in versions}, older_than_us=now - _DAY_US)
    return GcResult(
        gone, len(staying), sum(one.size_bytes for one in staying), tuple(one.version_id for one in strangers), arguments.dry_run,
        tuple(dict.fromkeys(note for some in given for note in some.notes)),
        tuple(str(run.run_id) for run in old.runs), tuple(one.version_id for one in old.outputs),
        sum(one.size_bytes for one in old.outputs), ticks,
    )  # fmt: skip
