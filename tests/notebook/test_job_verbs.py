"""Jobs, schedules, sensors and the instance through ``%asset``."""

from __future__ import annotations

from typing import Any

CELLS = {
    "imports": "from nbasset import *",
    "assets": "@asset\ndef orders():\n    return [1, 2]\n\n@asset\ndef total(orders):\n    return sum(orders)",
    "ops": "@op\ndef load():\n    return 1\n\n@op\ndef fail(x):\n    return 1 / 0\n\n@job\ndef etl():\n    load()\n\n"
    "@job\ndef bad():\n    fail(load())",
    "jobs": "sums = define_asset_job('sums', selection='+total')",
    "schedules": "@schedule('0 6 * * *', job=sums, execution_timezone='Europe/Berlin')\ndef mornings(context):\n"
    "    if context.scheduled_execution_time.weekday() == 5:\n        return SkipReason('saturday')\n    return RunRequest()\n\n"
    "@schedule('0 7 * * *', job=sums)\ndef broken(context):\n    return 1 / 0",
    "sensors": "@sensor(job=sums)\ndef files(context):\n    context.update_cursor('x')\n    return RunRequest('<b>a.csv</b>')",
}


def _defined(notebook: Any) -> None:
    for cell, source in CELLS.items():
        notebook.ok(source, cell)


def test_jobs_are_listed_shown_and_run_with_a_card(notebook: Any) -> None:
    _defined(notebook)
    listed = notebook.ok("%asset job list", "a")
    assert "sums  orders, total" in listed.text
    assert "schedule mornings" in listed.html
    assert "ops: load" in notebook.ok("%asset job show etl", "b").text
    ran = notebook.ok("%asset job run sums", "c")
    assert "orders" in ran.text
    assert "total" in ran.html
    run = notebook.session.instance.get_runs()[0]
    assert (run.job, run.status, run.kind) == ("sums", "success", "interactive")
    assert notebook.ok("%asset job run etl", "d").error is None


def test_a_failed_job_raises_and_is_run_again_from_its_failure(notebook: Any) -> None:
    _defined(notebook)
    ran = notebook.run("%asset job run bad", "a")
    assert type(ran.error).__name__ == "RunFailure"
    assert "ZeroDivisionError" in ran.text
    notebook.ok(CELLS["ops"].replace("1 / 0", "x"), "ops")
    notebook.ok("%asset runs reexecute last --from-failure", "b")
    newest, first = notebook.session.instance.get_runs()
    assert (newest.status, newest.parent_run_id) == ("success", first.run_id)


def test_an_interrupted_job_is_shown_and_recorded_as_cancelled(notebook: Any) -> None:
    _defined(notebook)
    notebook.ok("@op\ndef stops():\n    raise KeyboardInterrupt\n\n@job\ndef stopped():\n    stops()", "stop")
    ran = notebook.run("%asset job run stopped", "a")
    assert isinstance(ran.error, KeyboardInterrupt)
    assert "Run canceled: stopped" in ran.text
    assert [run.status for run in notebook.session.instance.get_runs()] == ["canceled"]


def test_runs_are_forgotten(notebook: Any) -> None:
    _defined(notebook)
    notebook.ok("%asset job run etl", "a")
    said = notebook.ok("%asset runs delete last --yes", "b")
    assert "Forgot 1 run" in said.text
    assert notebook.session.instance.get_runs() == []


def test_schedules_and_sensors_are_previewed_and_nothing_is_started(notebook: Any) -> None:
    _defined(notebook)
    ahead = notebook.ok("%asset schedule preview --days 8", "a")
    assert "job sums: orders, total" in ahead.text
    assert "skipped: saturday" in ahead.html
    assert "1 / 0" in ahead.html
    assert "files" in notebook.ok("%asset sensor list", "b").text
    assert "mornings" in notebook.ok("%asset schedule list", "c").text
    asked = notebook.ok("%asset sensor evaluate files", "d")
    assert "cursor: x" in asked.text
    assert "<b>a.csv" not in asked.html
    whole = notebook.ok("%asset plan --days 3", "e")
    assert "2 schedules with 6 ticks in the next 3 days" in whole.text
    assert "Nothing was started" in whole.html
    assert notebook.session.instance.get_runs() == []
    assert not (notebook.folder / ".nbasset").exists()


def test_one_tick_that_was_named_and_fails_stops_the_notebook(notebook: Any) -> None:
    _defined(notebook)
    assert "job sums" in notebook.ok("%asset schedule evaluate mornings --at 2026-11-25T06:00", "a").text
    ran = notebook.run("%asset schedule evaluate broken", "b")
    assert type(ran.error).__name__ == "RunFailure"
    assert "return 1 / 0" in ran.html


def test_the_instance_is_told(notebook: Any) -> None:
    assert "warehouse" in notebook.ok("%asset instance info", "a").text
    assert "up to date" in notebook.ok("%asset instance migrate", "b").text


def test_names_are_completed_and_mistakes_told(notebook: Any) -> None:
    from nbasset.notebook.completion import candidates

    _defined(notebook)
    assert candidates(notebook.session, "", "%asset job run su") == ("su", ["sums"])
    assert candidates(notebook.session, "", "%asset schedule evaluate m") == ("m", ["mornings"])
    assert candidates(notebook.session, "", "%asset sensor evaluate ") == ("", ["files"])
    assert "Did you mean 'sums'?" in str(notebook.run("%asset job run smus", "a").error)
    assert "Did you mean 'job run'?" in str(notebook.run("%asset job rnu", "b").error)
    assert "job list" in notebook.ok("%asset job?", "c").text


def test_definitions_are_validated_and_errors_stop_the_notebook(notebook: Any) -> None:
    _defined(notebook)
    assert "2 assets, 3 jobs, 2 schedules, 1 sensor" in notebook.ok("%asset definitions validate", "a").text
    notebook.run("@asset\ndef lost(ordres):\n    return 1", "b")
    ran = notebook.run("%asset definitions validate", "c")
    assert type(ran.error).__name__ == "ProblemsFound"
    assert "ordres" in ran.text
