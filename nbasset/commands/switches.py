"""Whether a schedule or sensor is on: what somebody switched goes before what its definition says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from nbasset.arguments.options_automation import Kind
from nbasset.commands.scope import Scope
from nbasset.commands.words import counted
from nbasset.definitions.catalog_instigators import CatalogSchedule, CatalogSensor
from nbasset.events.facts import InstigatorId
from nbasset.events.records import InstigatorRecord

Records = Mapping[InstigatorId, InstigatorRecord]


def instigator_id(scope: Scope, kind: Kind, name: str) -> InstigatorId:
    """What a daemon knows one by: a session is its notebook, whatever that was called when the session began."""
    location = scope.location
    is_file = location.kind == "session" and location.path is not None
    return InstigatorId(location.path.name if is_file and location.path is not None else location.name, kind, name)


def is_on(scope: Scope, entry: CatalogSchedule | CatalogSensor, records: Records) -> bool:
    """Whether a daemon starts its runs, by the records of the home."""
    record = records.get(instigator_id(scope, "schedule" if isinstance(entry, CatalogSchedule) else "sensor", entry.name))
    if record is None or record.status is None:
        return bool(entry.default_status.value == "RUNNING")
    return record.status == "RUNNING"


def automation_text(scope: Scope) -> str:
    """How many schedules and sensors are on, and how many are not: ``1 schedule on, 2 schedules and 1 sensor off``; empty without any."""
    entries = (*scope.catalog.schedules, *scope.catalog.sensors)
    records = scope.instance.reader.instigators() if entries else {}
    said = []
    for word in ("on", "off"):
        there = [one for one in entries if is_on(scope, one, records) == (word == "on")]
        counts = Counter("schedule" if isinstance(one, CatalogSchedule) else "sensor" for one in there)
        if there:
            said.append(f"{' and '.join(counted(count, kind) for kind, count in sorted(counts.items()))} {word}")
    return ", ".join(said)
