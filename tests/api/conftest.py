"""A project with something of everything, and what was done in it: one for all tests of the API that only look, and new ones for others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbasset.api.context import ApiContext
from nbasset.api.execute import execute
from nbasset.api.workspace import Here, Workspace
from nbasset.commands.answering import Answer, Question
from nbasset.commands.materialize import materialize_in
from nbasset.commands.scope import Scope
from nbasset.home import Home
from nbasset.instance import Instance
from nbasset.locations.module import load_module_file
from nbasset.serde import dumps, loads

SHOP = '''
from datetime import timedelta
import nbasset as nb

days = nb.DailyPartitionsDefinition("2013-01-01", end_date="2013-01-08")
shops = nb.StaticPartitionsDefinition(["north", "south"])
customers = nb.DynamicPartitionsDefinition("customers")
both = nb.MultiPartitionsDefinition({"day": days, "shop": shops})

class Rates(nb.ConfigurableResource):
    url: str = "https://rates.example.org"

class Archive(nb.ConfigurableResource):
    """Where old orders are."""

    url: str = "https://archive.example.org"
    token: str = "none"
    password: str = "never-told-by-default"

class Wanted(nb.Config):
    rows: int = 2
    word: str = "a"
    level: str

@nb.asset(group_name="raw", owners=["ann@example.org", "team:data"], tags={"tier": "1"}, kinds={"csv"}, metadata={"about": "money"})
def orders():
    """What was ordered."""
    return nb.MaterializeResult(value=[1, 2, 3], metadata={
        "source": nb.MetadataValue.url("https://x.org"), "share": 0.5, "made": 3,
        "shape": nb.MetadataValue.table_schema(nb.TableSchema([nb.TableColumn("id", "int64")])),
    })

@nb.asset(group_name="clean", freshness_policy=nb.FreshnessPolicy.time_window(fail_window=timedelta(hours=24)),
          automation_condition=nb.AutomationCondition.eager())
def total(orders, rates: Rates):
    return sum(orders)

@nb.asset(partitions_def=days, group_name="daily", backfill_policy=nb.BackfillPolicy.multi_run(2))
def sales(context):
    if "2013-01-03" in context.partition_keys:
        raise ValueError("no third")
    return {key: [key] for key in context.partition_keys}

@nb.asset(partitions_def=both)
def by_shop(context, sales):
    return [1]

@nb.asset(partitions_def=customers)
def letters(context):
    return [context.partition_key]

@nb.asset
def picky(config: Wanted):
    return [config.level]

@nb.multi_asset(outs={"left": nb.AssetOut(), "right": nb.AssetOut()})
def pair():
    return 1, 2

@nb.observable_source_asset
def upload():
    return nb.DataVersion("7")

@nb.asset_check(asset=orders)
def some_rows(orders):
    return nb.AssetCheckResult(passed=len(orders) > 0, metadata={"rows": len(orders)})

@nb.asset_check(asset=orders, blocking=True, description="never true")
def many_rows(orders):
    return nb.AssetCheckResult(passed=False, severity=nb.AssetCheckSeverity.WARN)

@nb.asset_check(asset=total)
def not_run_yet(total):
    return nb.AssetCheckResult(passed=True)

@nb.op
def fetch(): return 2

@nb.op(config_schema={"times": int})
def grow(context, number): return number * context.op_config["times"]

@nb.op
def tell(context, number): context.log.info(number)

@nb.graph
def growing(number): return grow(number)

@nb.job(tags={"team": "data"}, description="Grows a number.", config={"ops": {"growing": {"ops": {"grow": {"config": {"times": 2}}}}}})
def growth(): tell(growing(fetch()))

morning = nb.define_asset_job("morning", selection=["orders", "total"], tags={"team": "sales"})
days_job = nb.define_asset_job("days_job", selection=["sales"], partitions_def=days)

@nb.schedule(cron_schedule="0 6 * * *", job=morning, execution_timezone="Europe/Berlin", description="early")
def nightly(context): return nb.RunRequest(run_key="r", tags={"by": "nightly"})

broken_schedule = nb.ScheduleDefinition(name="hourly", cron_schedule="0 * * * *", job=growth)

@nb.sensor(job=growth, minimum_interval_seconds=60)
def inbox(context):
    at = context.cursor
    if at == "bad":
        raise ValueError("no such file")
    context.update_cursor("7")
    return nb.SkipReason("no new file") if at != "go" else nb.RunRequest(run_key="a")

conditions = nb.AutomationConditionSensorDefinition("conditions", target=nb.AssetSelection.all())

defs = nb.Definitions(
    [orders, total, sales, by_shop, letters, picky, pair, upload], asset_checks=[some_rows, many_rows, not_run_yet],
    jobs=[growth, morning, days_job],
    schedules=[nightly, broken_schedule], sensors=[inbox, conditions],
    resources={"rates": Rates(), "archive": Archive(token=nb.EnvVar("ARCHIVE_TOKEN"), password="never-told")},
)
'''


class Piped(Here):
    """Code of this process that is asked as that of another one is: questions and answers go through their text."""

    def answer(self, question: Question, *, within_s: float) -> Answer:
        """The answer as it comes out of a pipe."""
        found: Answer = loads(dumps(super().answer(loads(dumps(question)), within_s=within_s)))
        return found


class Project:
    """A home with the shop in it, and a way to ask about it. Code runs in this process."""

    def __init__(self, folder: Path, text: str = SHOP) -> None:
        self.folder = folder
        self.file = folder / "corner_shop.py"
        self.file.write_text(text, encoding="utf-8")
        (folder / "nbasset.toml").write_text("", encoding="utf-8")
        self.instance = Instance(Home(folder))
        self.scope = Scope(load_module_file(self.file, home=folder).check(), self.instance)
        self.workspace = Workspace(self.instance, [Piped(self.scope)])

    def context(self, **options: Any) -> ApiContext:
        """A request of its own."""
        return ApiContext(self.instance, self.workspace, **options)

    def ask(self, document: str, /, *, read_only: bool = False, **variables: Any) -> dict[str, Any]:
        """The data of an answer without errors."""
        answer = execute(document, variables, None, self.context(is_read_only=read_only))
        assert "errors" not in answer, answer["errors"]
        found: dict[str, Any] = answer["data"]
        return found

    def materialize(self, selection: str, **options: Any) -> str:
        """Make assets in this process; the id of the run."""
        result = materialize_in(self.scope, selection=selection, raise_on_error=False, **options)
        return str(result.run_id)

    def close(self) -> None:
        """Let go of the store."""
        self.workspace.close()
        self.instance.close()


@pytest.fixture(scope="session")
def project() -> type[Project]:
    """Makes a project in a folder."""
    return Project


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project in which this was done: some assets made, one partition failed. Tests only look at it."""
    project = Project(tmp_path_factory.mktemp("shop"))
    project.materialize("orders, total")
    project.materialize("sales", partition_keys=["2013-01-01", "2013-01-02"])
    project.materialize("sales", partition_keys=["2013-01-03"])
    project.materialize("upload")
    project.instance.add_dynamic_partitions("customers", ["ada", "bob"])
    yield project
    project.close()


@pytest.fixture
def new_shop(tmp_path: Path) -> Iterator[Project]:
    """The same project before anything was done."""
    project = Project(tmp_path)
    yield project
    project.close()
