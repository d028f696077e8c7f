"""Exports: a module that makes the same data as the notebook, a crontab, a workflow, a DAG, a code location of Dagster."""

from __future__ import annotations

import ast
import json
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbasset.commands.materialize import materialize
from nbasset.definitions.cron import ticks_between
from nbasset.errors import InvalidDefinitionError, InvalidInvocationError, InvalidSelection, ProblemsFound
from nbasset.events.facts import AssetMaterialized
from nbasset.events.kinds import StepSucceeded
from nbasset.instance import Instance
from nbasset.locations.job_file import EnvironmentEntry, JobFile, RetryEntry, ScheduleEntry
from nbasset.locations.location import Location
from nbasset.locations.module import load_module_file
from nbasset.locations.notebook import load_notebook
from nbasset.promotion.export import Launch, is_ours, signed
from nbasset.promotion.export_airflow import airflow_text
from nbasset.promotion.export_code import code_of
from nbasset.promotion.export_cron import cron_text, plain_cron
from nbasset.promotion.export_dagster import NOT_THERE, RENAMED, dagster_text
from nbasset.promotion.export_github import github_text
from nbasset.promotion.export_module import module_text

EXPECTED = """\
\"\"\"Assets: double, raw/orders, total of job.ipynb.\"\"\"

import math

from nbasset import AssetIn, AssetKey, Backoff, RetryPolicy, asset

# the rate of the day
RATE = 2


@asset(key=["raw", "orders"], group_name="sales", kinds={"csv"}, owners=["team:data"], tags={"level": "raw"})
def raw__orders():
    '''Orders.'''
    # two of them
    text = '''a
  b
'''
    return [len(text), math.floor(2.5)]


@asset(
    ins={"orders": AssetIn(["raw", "orders"])},
    deps=[AssetKey(["raw", "orders"])],
    description='The "sum"',
    retry_policy=RetryPolicy(max_retries=2, delay=1, backoff=Backoff.EXPONENTIAL),
)
def total(orders):
    RATE = globals()["RATE"]
    RATE = RATE + 1
    return sum(orders) * RATE


@asset
def double(total: int) -> int:
    return 2 * total
"""
Write = Callable[..., Path]
ROOT = Path(__file__).parents[2]
DAGSTER = ROOT / ".bench-venv" / "bin" / "python"
CELLS = (
    "%load_ext nbasset",
    "import math\n\nfrom nbasset import asset  # names",
    "# the rate of the day\nRATE = 2",
    (
        "%%asset raw/orders --group sales --kind csv --owner team:data --tag level=raw\n"
        "'''Orders.'''\n# two of them\ntext = '''a\n  b\n'''\n[len(text), math.floor(2.5)]"
    ),
    (
        "%%asset total --retries 2 --retry-delay 1 --backoff exponential --deps raw/orders --description 'The \"sum\"'\n"
        "RATE = RATE + 1\nsum(orders) * RATE;"
    ),
    "@asset\ndef double(total: int) -> int:\n    return 2 * total",
)


def _module(notebook: Path, select: str = "") -> str:
    return module_text(code_of(load_notebook(notebook), select)).text


def _values(location: Location, home: Path) -> dict[str, tuple[Any, str]]:
    """What all assets come to, and the versions of their data."""
    with Instance.open(home) as instance:
        result = materialize(location.definitions, instance=instance)
        facts = [fact for event in result.all_events if isinstance(event, StepSucceeded) for fact in event.facts]
        versions = {fact.asset: fact.data_version for fact in facts if isinstance(fact, AssetMaterialized)}
        return {str(key): (result.asset_value(key), versions[key]) for key in location.definitions.catalog.by_key}


def _loaded(text: str, folder: Path, name: str) -> Location:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return load_module_file(folder / f"{name}.py")


# -- a module -----------------------------------------------------------------------------------------------------------------


def test_a_module_reads_as_if_somebody_had_written_it(write_notebook: Write) -> None:
    text = _module(write_notebook(*CELLS))
    assert is_ours(text)
    assert text.partition("\n")[2] == EXPECTED


def test_the_module_is_a_location_with_the_same_assets_and_the_same_data(write_notebook: Write, tmp_path: Path) -> None:
    notebook = load_notebook(write_notebook(*CELLS))
    module = _loaded(module_text(code_of(notebook)).text, tmp_path / "other", "exported_orders")
    ours, theirs = notebook.definitions.catalog, module.definitions.catalog
    assert ours.upstream == theirs.upstream
    for key, asset in ours.by_key.items():
        spec = theirs.by_key[key].spec
        said = ("group_name", "description", "owners", "tags", "kinds", "partitions_def")
        assert [getattr(spec, name) for name in said] == [getattr(asset.spec, name) for name in said]
    assert _values(notebook, tmp_path / "home1") == _values(module, tmp_path / "home2")


def test_of_a_selection_comes_what_it_is_made_from_and_no_more(write_notebook: Write) -> None:
    notebook = write_notebook(*CELLS, "%%asset alone\nimport json\njson.dumps(1)")
    assert "def alone" not in (text := _module(notebook, "total"))
    assert "def raw__orders" in text
    assert "def double" not in text
    assert "import json" in _module(notebook, "alone")
    assert "RATE" not in _module(notebook, "alone")


def test_equal_notebooks_give_equal_bytes(write_notebook: Write) -> None:
    first = _module(write_notebook(*CELLS))
    assert first == _module(write_notebook("# scratch\n1 / 0", *CELLS))


def test_an_import_stays_where_something_above_decides_what_it_finds(write_notebook: Write) -> None:
    notebook = write_notebook("import sys\nsys.path.insert(0, 'lib')\nimport json", "%%asset one\njson.loads('1')")
    text = _module(notebook)
    assert text.index("sys.path.insert") < text.index("import json") if "sys.path" in text else "import json" in text


def test_a_name_that_the_module_needs_is_not_taken_by_an_asset(write_notebook: Write, tmp_path: Path) -> None:
    cells = ("def largest(rows):\n    return max(rows)", "%%asset max\nlargest([1, 2])", "%%asset after\nmax + 1")
    module = _loaded(_module(write_notebook(*cells)), tmp_path / "other", "exported_max")
    assert {key: value for key, (value, _) in _values(module, tmp_path / "home").items()} == {"max": 2, "after": 3}


def test_names_of_the_library_that_the_code_uses_otherwise_are_written_in_full(write_notebook: Write, tmp_path: Path) -> None:
    text = _module(write_notebook("def asset(x):\n    return x + 1", "%%asset one\nasset(1)"))
    assert "@nbasset.asset" in text
    assert _values(_loaded(text, tmp_path / "other", "exported_one"), tmp_path / "home")["one"][0] == 2


def test_definitions_of_the_notebook_hold_everything_in_the_module(write_notebook: Write, tmp_path: Path) -> None:
    cells = (
        "from nbasset import Definitions, define_asset_job",
        "%%asset one\n1",
        "%%asset two -r rate\none + context.resources.rate",
        "daily = define_asset_job('daily', selection='two')\ndefs = Definitions(jobs=[daily], resources={'rate': 2})",
    )
    module = _loaded(_module(write_notebook(*cells)), tmp_path / "other", "exported_defs")
    assert set(module.definitions.resolve().jobs) == {"daily"}
    assert {key: value for key, (value, _) in _values(module, tmp_path / "home").items()} == {"one": 1, "two": 3}


def test_two_bindings_of_a_name_are_refused_with_their_cells(write_notebook: Write) -> None:
    cells = ("rate = 1", "%%asset one\nrate", "rate = 2", "%%asset two\nrate")
    with pytest.raises(InvalidDefinitionError, match=r"cell 2 .*uses `rate` of cell 1, and cell 3 binds `rate` anew"):
        _module(write_notebook(*cells))


def test_a_shell_command_in_an_asset_is_refused_with_its_line(write_notebook: Write) -> None:
    with pytest.raises(InvalidDefinitionError, match=r"cell 1, line 2 .*subprocess.run"):
        _module(write_notebook("%%asset one\n!ls\n1"))


def test_what_changes_the_surroundings_is_told_when_it_is_left_out(write_notebook: Write) -> None:
    code = code_of(load_notebook(write_notebook("%env RATE=2", "!ls", "%%asset one\n1")))
    assert any("%env RATE=2" in note for note in code.notes)
    assert any("!ls" in note for note in code.notes)


def test_hidden_state_and_empty_selections_are_refused(write_notebook: Write) -> None:
    with pytest.raises(ProblemsFound, match="fx"):
        _module(write_notebook("%%asset one\nfx + 1"))
    with pytest.raises(InvalidSelection, match="nothing to export"):
        _module(write_notebook("x = 1", name="empty.ipynb"))


def test_a_job_stands_in_the_module_with_its_schedule(write_notebook: Write, tmp_path: Path) -> None:
    job = JobFile("daily", "n.ipynb", "total", schedule=ScheduleEntry(("0 6 * * *",), "Europe/Berlin"), retries=RetryEntry(2))
    text = module_text(code_of(load_notebook(write_notebook(*CELLS)), "total"), job).text
    resolved = _loaded(text, tmp_path / "other", "exported_job").definitions.resolve()
    assert set(resolved.jobs) == {"daily"}
    assert [one.cron_schedule for one in resolved.schedules.values()] == ["0 6 * * *"]


_NAMES = ("alpha", "beta", "gamma", "delta")


@st.composite
def _notebooks(draw: Any) -> list[str]:
    """Small notebooks: constants, helpers and assets that read what stands above, in either form."""
    cells = ["import math\nfrom nbasset import asset"]
    numbers: list[str] = []
    made: list[str] = []
    for name in _NAMES[: draw(st.integers(1, 4))]:
        if draw(st.booleans()):
            numbers.append(f"n_{name}")
            cells.append(f"# {name}\nn_{name} = math.floor({draw(st.integers(0, 99))} / 2)")
        if draw(st.booleans()):
            inside = draw(st.sampled_from(numbers)) if numbers else "1"
            cells.append(f"def f_{name}(x):\n    return x + {inside}")
            call = f"f_{name}({{}})"
        else:
            call = "{}"
        parents = draw(st.lists(st.sampled_from(made), unique=True, max_size=2)) if made else []
        terms = [*parents, *([draw(st.sampled_from(numbers))] if numbers and draw(st.booleans()) else [])] or ["3"]
        value = call.format(" + ".join(terms))
        if draw(st.booleans()):
            text = draw(st.sampled_from(["", "note = '''a\n  b\n'''\n", "if True:\n    spare = 1  # never read\n"]))
            cells.append(f"%%asset {name}\n{text}# the value\n{value}")
        else:
            cells.append(f"@asset\ndef {name}({', '.join(parents)}):\n    return {value}")
        made.append(name)
    return cells


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_notebooks())
def test_any_notebook_and_its_module_make_the_same(
    write_notebook: Write, tmp_path_factory: pytest.TempPathFactory, cells: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    notebook = load_notebook(write_notebook(*cells))
    module = _loaded(module_text(code_of(notebook)).text, folder, f"exported_{folder.name}")
    assert _values(notebook, folder / "home1") == _values(module, folder / "home2")


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_the_gallery_can_be_exported(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notebook = load_notebook(path, home=ROOT)
    if not notebook.definitions.catalog.by_key:
        return
    module = _loaded(module_text(code_of(notebook)).text, tmp_path, f"exported_{path.stem}")
    assert set(module.definitions.catalog.by_key) == set(notebook.definitions.catalog.by_key)
    assert [one for one in module.definitions.resolve().catalog.problems if one.severity == "error"] == []


# -- cron, GitHub, Airflow ----------------------------------------------------------------------------------------------------

JOB = JobFile(
    "flights", "flights.ipynb", "delays+", schedule=ScheduleEntry(("0 6 * * 1-5", "@monthly"), "Europe/Berlin"), retries=RetryEntry(2),
    secrets=("DB_PASSWORD",), parameters={"share": "50% of {{ all }}"}, environment=EnvironmentEntry("3.12", packages={"pandas": "3.1.1"}),
)  # fmt: skip
LAUNCH = Launch(JOB, "notebooks/flights.ipynb", Path("/srv/my project"))
PROMOTED = Launch(JOB, "jobs/flights.toml", Path("/srv/my project"), is_promoted=True)


def test_a_crontab_has_a_line_for_each_cron_and_the_clock_above_them() -> None:
    lines = [line for line in cron_text(LAUNCH).text.splitlines() if not line.startswith("#")]
    command = "nbasset run notebooks/flights.ipynb --select delays+ --papermill -P 'share=50\\% of {{ all }}'"
    assert lines == [
        "CRON_TZ=Europe/Berlin",
        f"0 6 * * 1-5 cd '/srv/my project' && {command}",
        f"0 0 1 * * cd '/srv/my project' && {command}",
    ]


def test_a_promoted_job_is_called_by_its_name() -> None:
    assert PROMOTED.command() == "nbasset job run flights"
    assert "&& nbasset job run flights\n" in cron_text(PROMOTED).text


def test_a_job_without_a_schedule_has_no_crontab() -> None:
    with pytest.raises(InvalidInvocationError, match="--cron '0 6"):
        cron_text(Launch(JobFile("flights", "flights.ipynb", "delays"), "notebooks/flights.ipynb", Path("/srv")))


def test_what_counts_from_the_end_of_a_month_cannot_stand_in_a_crontab() -> None:
    with pytest.raises(InvalidDefinitionError, match="no L"):
        plain_cron("0 6 L * *", "a crontab")


@settings(max_examples=50)
@given(st.tuples(
    st.sampled_from(["*", "*/7", "5", "1-20/3", "7", "3,7"]), st.sampled_from(["*", "22-2", "6,18"]),
    st.sampled_from(["*", "?", "1-7"]), st.sampled_from(["*", "jan", "NOV-FEB"]),
        st.sampled_from(["*", "MON-fri", "7", "5-7", "0-7", "SUN,3"]),
))  # fmt: skip
def test_a_plain_cron_has_the_same_ticks(fields: tuple[str, ...]) -> None:
    text = " ".join(fields)
    plain = plain_cron(text, "cron")
    assert set(plain) <= set("0123456789*/,- ")
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 12, tzinfo=UTC)
    assert list(ticks_between(plain, "UTC", start, end)) == list(ticks_between(text, "UTC", start, end))


@pytest.mark.parametrize("launch", [LAUNCH, PROMOTED], ids=["notebook", "promoted"])
def test_a_workflow_installs_runs_and_keeps_the_notebook(launch: Launch) -> None:
    made = yaml.safe_load(github_text(launch, python="3.11").text)
    assert made[True]["schedule"] == [  # YAML 1.1 reads `on` as true; GitHub does not
        {"cron": "0 6 * * 1-5", "timezone": "Europe/Berlin"},
        {"cron": "0 0 1 * *", "timezone": "Europe/Berlin"},
    ]
    checkout, python, install, run, keep = made["jobs"]["flights"]["steps"]
    assert (checkout["uses"].partition("@")[0], python["with"]["python-version"]) == ("actions/checkout", "3.12")
    assert install["run"] == "python -m pip install nbasset pandas==3.1.1"
    assert run["env"] == {"DB_PASSWORD": "${{ secrets.DB_PASSWORD }}"}
    executed = ".nbasset/runs/*/notebook.ipynb" if launch.is_promoted else "executed/flights.ipynb"
    assert run["run"] == launch.command(output="" if launch.is_promoted else executed)
    assert keep["with"]["path"] == executed
    assert keep["with"].get("include-hidden-files", False) is launch.is_promoted


def test_a_stopped_schedule_stands_there_as_a_comment() -> None:
    stopped = Launch(JobFile("f", "f.ipynb", "a", schedule=ScheduleEntry(("0 6 * * *",), status="stopped")), "f.ipynb", Path("/srv"))
    assert "schedule" not in yaml.safe_load(github_text(stopped, python="3.11").text)[True]
    assert all(line.startswith(("#", "CRON_TZ")) for line in cron_text(stopped).text.splitlines())
    assert "is_paused_upon_creation=True" in airflow_text(stopped).text


@pytest.mark.parametrize("launch", [LAUNCH, PROMOTED], ids=["notebook", "promoted"])
def test_a_dag_file_is_python_with_one_task_and_the_schedule(launch: Launch) -> None:
    tree = ast.parse(airflow_text(launch).text)
    calls = {node.func.id: node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    arguments = {word.arg: ast.unparse(word.value) for word in calls["DAG"].keywords}
    assert arguments["schedule"] == "MultipleCronTriggerTimetable('0 6 * * 1-5', '@monthly', timezone='Europe/Berlin')"
    assert arguments["default_args"] == "{'retries': 2, 'retry_delay': timedelta(minutes=1)}"
    task = {word.arg: ast.literal_eval(word.value) for word in calls["BashOperator"].keywords if word.arg != "cwd"}
    raw = f"{{% raw %}}{launch.command()}{{% endraw %}}" if not launch.is_promoted else launch.command()
    assert task["bash_command"].startswith(raw)


# -- Dagster ------------------------------------------------------------------------------------------------------------------

_CHECK = """
import importlib.util, json, sys, tempfile
import dagster as dg
spec = importlib.util.spec_from_file_location("exported", sys.argv[1])
module = importlib.util.module_from_spec(spec)
sys.modules["exported"] = module
spec.loader.exec_module(module)
dg.Definitions.validate_loadable(module.defs)
made = {}
with dg.DagsterInstance.ephemeral(tempfile.mkdtemp()) as instance:
    graph = module.defs.resolve_asset_graph()
    for key in graph.toposorted_asset_keys:
        node = graph.get(key)
        for partition in [None] if node.partitions_def is None else node.partitions_def.get_partition_keys():
            result = dg.materialize(list(module.defs.assets), selection=[key], instance=instance, partition_key=partition,
                                    resources=module.defs.resources)
            if partition is None:
                made[key.to_user_string()] = [node.group_name, node.description, sorted(node.owners), result.asset_value(key)]
print(json.dumps({"made": made, "names": dir(dg)}))
"""


def _in_dagster(text: str, folder: Path) -> Mapping[str, Any]:
    file = folder / "exported_dagster.py"
    file.write_text(text, encoding="utf-8")
    done = subprocess.run([DAGSTER, "-W", "ignore", "-c", _CHECK, file], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.skipif(not DAGSTER.exists(), reason="Dagster is installed beside for comparisons only")
def test_dagster_itself_makes_the_same_values(write_notebook: Write, tmp_path: Path) -> None:
    parts = (
        "%%asset daily --partitions static:a,b\n{'a': 1, 'b': 2}[context.partition_key]",
        "%%asset tables --partitions static:a,b\nimport pandas as pd\npd.DataFrame({'x': [daily]})",
        "import pandas as pd\n@asset\ndef whole(tables: pd.DataFrame) -> list:\n    return tables.to_dict('records')",
        "%%asset apart\nsum(daily.values())",
    )
    notebook = load_notebook(write_notebook(*CELLS, *parts))
    found = _in_dagster(dagster_text(code_of(notebook)).text, tmp_path)
    assert found["made"] == {
        "raw/orders": ["sales", "Orders.", ["team:data"], [6, 2]],
        "total": ["default", 'The "sum"', [], 24],
        "double": ["default", None, [], 48],
        "whole": ["default", None, [], [{"x": 1, "partition": "a"}, {"x": 2, "partition": "b"}]],
        "apart": ["default", None, [], 3],
    }
    assert set(RENAMED.values()) <= set(found["names"])
    assert set(found["names"]).isdisjoint(NOT_THERE - {"__version__"})


def test_what_dagster_does_not_have_is_refused_by_name_and_place(write_notebook: Write) -> None:
    checks = "from nbasset import asset, build_row_count_checks\n@asset\ndef a():\n    return [1]\n"
    checks += "c = build_row_count_checks(assets=[a], min_rows=1)"
    for cells, said in (
        ((checks,), "cell 1, line 1 .*`build_row_count_checks`"),
        (("%%asset a --partitions multi:x=static:1;y=static:1;z=static:1\n1",), "asset 'a' has partitions of 3 dimensions"),
    ):
        code = code_of(load_notebook(write_notebook(*cells)))
        with pytest.raises(InvalidDefinitionError, match=said):
            dagster_text(code)


def test_names_and_arguments_that_differ_are_translated(write_notebook: Write) -> None:
    cells = (
        "import nbasset as nb\nfrom nbasset import Out, get_logger",
        "@nb.asset(value_type=int, tags={'nbasset/priority': '1'})\ndef a():\n    get_logger().info('x')\n    return 1",
    )
    text = dagster_text(code_of(load_notebook(write_notebook(*cells)))).text
    assert "import dagster as nb" in text
    assert "get_dagster_logger as get_logger" in text
    assert "@nb.asset(dagster_type=int, tags={'dagster/priority': '1'})" in text
    assert "nbasset" not in text.partition("\n")[2]


def test_a_signed_text_is_known_until_somebody_changes_it() -> None:
    assert is_ours(signed("x = 1\n"))
    assert not is_ours(signed("x = 1\n").replace("1", "2"))
