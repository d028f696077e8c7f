"""A small bench for runs: definitions, a plan, a loop in this process, and what it wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nbasset.definitions.definitions import Definitions
from nbasset.definitions.partitions import PartitionsView
from nbasset.execution.cancel import CancelToken
from nbasset.execution.environment import StepEnvironment
from nbasset.execution.run import RunLoop
from nbasset.execution.run_options import RunOptions, RunOutcome
from nbasset.execution.run_resources import RunResources
from nbasset.execution.step import StepRunner
from nbasset.execution.task import CodeRef
from nbasset.io_managers.memory import InMemoryIOManager
from nbasset.keys import AssetKey, new_run_id
from nbasset.ordinals import OrdinalSet
from nbasset.planning.plan import PlanRequest
from nbasset.planning.run_plan import plan_run
from nbasset.storage.memory import MemoryStorage


@dataclass
class Bench:
    """Runs definitions again and again over one storage and one I/O manager."""

    manager: Any = field(default_factory=InMemoryIOManager)
    storage: MemoryStorage = field(default_factory=MemoryStorage)
    folder: Path | None = None
    code: Callable[[str], CodeRef] = lambda node: CodeRef(version=f"code of {node}")
    cancel: CancelToken = field(default_factory=CancelToken)
    now: datetime = datetime(2013, 2, 1, tzinfo=UTC)

    def run(
        self,
        assets: Iterable[Any],
        *,
        select: Iterable[str] | None = None,
        partitions: dict[str, list[str]] | None = None,
        executor: Any = None,
        conditional: bool = False,
        config: dict[str, Any] | None = None,
        resources: dict[str, Any] | None = None,
        on_event: Callable[[Any], None] = lambda event: None,
        asset_checks: Iterable[Any] = (),
    ) -> RunOutcome:
        defs = Definitions(assets=assets, resources=resources, asset_checks=asset_checks).resolve()
        view = PartitionsView(self.now, self.storage.key_table)
        keys = frozenset(AssetKey.from_user_string(one) for one in select) if select is not None else frozenset(
            key for key, asset in defs.catalog.by_key.items() if asset.is_executable
        )  # fmt: skip
        wanted = {
            key: defs.catalog.by_key[key].partitions_def.ordinals_of((partitions or {}).get(str(key), []), view)  # type: ignore[union-attr]
            if str(key) in (partitions or {})
            else OrdinalSet()
            for key in keys
            if defs.catalog.by_key[key].partitions_def is not None
        }
        request = PlanRequest(new_run_id(), keys, wanted, conditional=keys if conditional else frozenset(), config=config or {})
        plan = plan_run(defs.catalog, request, view)
        environment = StepEnvironment(
            defs, lambda key: self.manager, runs_folder=lambda: self.folder, key_table=self.storage.key_table, echo=False
        )
        options = RunOptions(defs.catalog, view, lambda key: self.manager, code=self.code, on_event=on_event)
        with RunResources(environment, config or {}) as resources_open:
            runner = StepRunner(environment, resources_open)
            loop = RunLoop(plan, storage=self.storage, run_step=runner.run, options=options, executor=executor, cancel=self.cancel)
            return loop.run()

    def value(self, key: str, partition: str | None = None) -> Any:
        """The stored value of an asset in the memory manager."""
        from nbasset.io_managers.protocol import build_input_context

        return self.manager.load_input(build_input_context(asset_key=key, partition_key=partition))


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def new_bench() -> type[Bench]:
    """For benches with another manager or folder."""
    return Bench
