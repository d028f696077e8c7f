"""``instance info`` and ``instance migrate``: what a home is and what is in it."""

from __future__ import annotations

from pathlib import Path

from nbasset.commands.scope import shown_path
from nbasset.dataclass import dataclass
from nbasset.instance import Instance, location_text
from nbasset.serde import Json
from nbasset.storage.schema import STEPS


@dataclass(frozen=True, slots=True)
class InstanceInfo:
    """A home: where its parts are, which executor runs by default, how much there is. `schema` is the layout that this version writes."""

    home: str
    settings: str
    store: str
    warehouse: str
    executor: str
    schema: int
    assets: int
    active_runs: int
    entries: int

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "home": self.home, "settings": self.settings or None, "store": self.store, "warehouse": self.warehouse,
            "executor": self.executor, "schema": self.schema, "assets": self.assets, "active_runs": self.active_runs,
            "entries": self.entries,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Migrated:
    """That the store is up to date; `store` is where it is."""

    store: str
    schema: int

    def to_json(self) -> Json:
        """Plain data."""
        return {"store": self.store, "schema": self.schema}


def instance_info(instance: Instance) -> InstanceInfo:
    """What this home is. Nothing is made."""
    reader, home, settings = instance.reader, instance.home, instance.settings
    workers = settings.executor.max_workers
    return InstanceInfo(
        str(home.root),
        str(home.settings_file) if home.settings_file.exists() else "",
        location_text(instance.storage_url),
        location_text(instance.warehouse),
        settings.executor.kind + (f", {workers} workers" if workers else ""),
        len(STEPS),
        len(reader.assets(prefix="", limit=1_000_000)),
        len(reader.active_runs()),
        reader.last_seq(),
    )


def migrate(instance: Instance) -> Migrated:
    """Bring the store up to date, as whatever writes does; one that is not there yet is made.

    Raises
    ------
    StorageUnavailable
        If a newer version wrote it.
    """
    _ = instance.storage
    return Migrated(location_text(instance.storage_url), len(STEPS))


def info_text(info: InstanceInfo) -> str:
    """The same as plain text."""
    rows = [
        ("home", shown_path(Path(info.home))), ("settings", info.settings or "no nbasset.toml: defaults"), ("store", info.store),
        ("warehouse", info.warehouse), ("executor", info.executor), ("schema", str(info.schema)),
        ("assets", f"{info.assets:,}"), ("runs going on", f"{info.active_runs:,}"), ("log entries", f"{info.entries:,}"),
    ]  # fmt: skip
    return "\n".join(f"{name:<14}{text}" for name, text in rows)
