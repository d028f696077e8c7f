"""Staleness of many assets with many partitions each: read from the store and worked out, cold and warm.

    python benchmarks/staleness.py [--assets 1000] [--partitions 365]

The assets stand in ten layers, each reading up to three of the layer above; every twentieth was edited, one root has new data in five
partitions, and one partition in a hundred failed. "cold" is a new process' first look: records and columns are read from SQLite and
compared. "warm" asks again when nothing has changed, "one event" after one partition was made again. Peers have no such thing: the
reference gives up at a hundred partitions an edge.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from nbasset.definitions.catalog import Catalog, CatalogAsset, CatalogDep, CatalogNode, NodeInput, NodeOutput, NodeStep
from nbasset.definitions.partitions import PartitionsView
from nbasset.definitions.specs import AssetSpec
from nbasset.definitions.time_partitions import DailyPartitionsDefinition
from nbasset.events.facts import AssetMaterialized, ErrorInfo, InputUsed
from nbasset.events.kinds import Event, StepFailed, StepSucceeded, Target
from nbasset.keys import AssetKey, PartitionRef, RunId, new_run_id
from nbasset.ordinals import OrdinalSet
from nbasset.planning.digests import input_digest
from nbasset.planning.plan import PlanRequest
from nbasset.planning.run_plan import plan_run
from nbasset.planning.staleness import Memo, staleness
from nbasset.planning.states import AssetState, StateView, Versions
from nbasset.storage.opening import open_storage
from nbasset.storage.protocol import Storage, StorageReader

START = datetime(2013, 1, 1, tzinfo=UTC)
LAYERS = 10


def catalog_of(assets: int, partitions: int) -> Catalog:
    """Assets in layers, all daily."""
    daily = DailyPartitionsDefinition("2013-01-01", end_date=START + timedelta(days=partitions))
    width = max(1, assets // LAYERS)
    entries, nodes = [], []
    for number in range(assets):
        layer, place = divmod(number, width)
        above = [AssetKey(f"a{(layer - 1) * width + (place + step) % width}") for step in range(3)] if layer else []
        key = AssetKey(f"a{number}")
        deps = tuple(CatalogDep(one, str(one)) for one in dict.fromkeys(above))
        inputs = tuple(NodeInput(str(one), "asset", one) for one in dict.fromkeys(above))
        step = NodeStep(str(key), inputs, (NodeOutput("result", key),))
        entries.append(CatalogAsset(AssetSpec(key, partitions_def=daily), deps, str(key), "result"))
        nodes.append(CatalogNode(str(key), (step,), (key,), partitions_def=daily))
    return Catalog(tuple(entries), tuple(nodes))


def fill(storage: Storage, catalog: Catalog, view: PartitionsView) -> None:
    """Materialize everything, layer by layer, a commit an asset; then change a few things."""
    run = new_run_id()
    digests: dict[tuple[AssetKey, int], str] = {}
    first = catalog.order[0]
    definition = catalog.by_key[first].partitions_def
    assert definition is not None
    refs = definition.refs_of(definition.ordinals(view), view.table)
    for key in catalog.order:
        seq = storage.last_seq()
        events: list[Event] = []
        for ref in refs:
            used = tuple(
                InputUsed(dep.asset, OrdinalSet.of([ref.ordinal]), digests[dep.asset, ref.ordinal], seq) for dep in catalog.by_key[key].deps
            )
            digests[key, ref.ordinal] = f"c1:{hash((key, ref.ordinal)) & (2**128 - 1):032x}"
            events.append(made(run, key, ref, digests[key, ref.ordinal], used))
        storage.append(events)
    root = catalog.order[0]
    storage.append([made(run, root, ref, f"c1:{7:032x}", ()) for ref in refs[10:15]])
    error = ErrorInfo("ValueError", "no")
    storage.append(
        [StepFailed(1, run, "x", error, (Target(key, OrdinalSet.of([refs[3].ordinal])),)) for key in catalog.order[::100]]
    )  # fmt: skip


def made(run: RunId, key: AssetKey, ref: PartitionRef, version: str, used: tuple[InputUsed, ...]) -> StepSucceeded:
    """A partition as a run records it."""
    digest = input_digest(code="n1:00", config="", io="parquet", inputs=used)
    return StepSucceeded(
        1, run, f"{key}[{ref.key}]",
        (AssetMaterialized(key, ref, f"{hash(version) & (2**80 - 1):020x}", version, "n1:00", "", "parquet", digest, "s", used),),
    )  # fmt: skip


def look(reader: StorageReader, catalog: Catalog, view: PartitionsView, versions: Versions, memo: Memo) -> dict[AssetKey, AssetState]:
    """What every verb does first."""
    keys = list(catalog.by_key)
    state = StateView(reader.latest(keys), reader.partition_tables(keys))
    return staleness(catalog, state, versions, view, memo=memo)


def timed(act: Callable[[], object], times: int = 5) -> float:
    """The median time in milliseconds."""
    found = []
    for _ in range(times):
        at = perf_counter()
        act()
        found.append(perf_counter() - at)
    return 1000 * statistics.median(found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--assets", type=int, default=1000)
    parser.add_argument("--partitions", type=int, default=365)
    options = parser.parse_args()
    catalog = catalog_of(options.assets, options.partitions)
    edited = set(catalog.order[::20])
    versions = Versions(lambda key: "n1:01" if key in edited else "n1:00", lambda key: "", lambda key: "parquet")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        storage = open_storage(path)
        view = PartitionsView(datetime(2015, 1, 1, tzinfo=UTC), storage.key_table)
        at = perf_counter()
        fill(storage, catalog, view)
        print(f"{options.assets} assets x {options.partitions} partitions written in {perf_counter() - at:.1f} s")

        def cold() -> dict[AssetKey, AssetState]:
            reader = open_storage(path)
            try:
                return look(reader, catalog, PartitionsView(datetime(2015, 1, 1, tzinfo=UTC), reader.key_table), versions, Memo())
            finally:
                reader.close()

        memo = Memo()
        found = look(storage, catalog, view, versions, memo)
        counts = {name: sum(len(getattr(one, name)) for one in found.values()) for name in ("fresh", "stale", "failed", "missing")}
        print("partitions:", ", ".join(f"{count:,} {name}" for name, count in counts.items()))
        print(f"cold       {timed(cold):8.1f} ms   budget 500")
        print(f"warm       {timed(lambda: look(storage, catalog, view, versions, memo)):8.1f} ms   budget 50")
        run = new_run_id()
        definition = catalog.by_key[catalog.order[0]].partitions_def
        assert definition is not None
        ref = definition.refs_of(definition.ordinals(view), view.table)[20]

        def one_event() -> None:
            storage.append([made(run, catalog.order[0], ref, f"c1:{hash(perf_counter()) & (2**128 - 1):032x}", ())])
            look(storage, catalog, view, versions, memo)

        print(f"one event  {timed(one_event):8.1f} ms")
        plain = Catalog(
            tuple(replace(one, spec=AssetSpec(one.key)) for one in catalog.assets),
            tuple(replace(one, partitions_def=None) for one in catalog.nodes),
        )  # fmt: skip
        request = PlanRequest(new_run_id(), frozenset(plain.order))
        print(f"plan       {timed(lambda: plan_run(plain, request, view)):8.1f} ms   budget 20 ({options.assets} steps without partitions)")


if __name__ == "__main__":
    main()
