"""A job as a DAG file of Airflow 3: its schedule, its retries, one task.

One task, not one for each asset: a run of a notebook is one execution of it, in one kernel, with one executed notebook to look at, and
nbasset itself knows the order of the assets, which of them are fresh, and which ones a failure has left undone. Tasks of their own would
start a kernel each, run the helper cells anew each, and take the run apart that people look for when something failed.
"""

from __future__ import annotations

from nbasset.promotion.export import Exported, Launch, signed, what_of
from nbasset.promotion.export_cells import literal

_RETRY_DELAY_MINUTES = 1


def airflow_text(launch: Launch) -> Exported:
    """The DAG file. It imports Airflow and nothing of nbasset, which the worker calls as a command."""
    job = launch.job
    retries = job.retries.max_retries
    command = launch.command()
    if any(mark in command for mark in ("{{", "{%", "{#")):  # the command is a template to Airflow
        command = f"{{% raw %}}{command}{{% endraw %}}"
    notes = [f"the workers need the environment variable {name}." for name in job.secrets]
    if retries and not launch.is_promoted:
        command += '{{ " --stale" if task_instance.try_number > 1 else "" }}'
    timetable, schedule = _schedule(launch)
    stopped = job.schedule is not None and job.schedule.status == "stopped"
    lines = [
        f'"""{_plain(job.name)}: {_plain(what_of(launch))}, for Airflow 3.',
        "",
        "One task makes all the assets: nbasset knows their order and what is fresh, and a run leaves one executed notebook.",
        *(["A further try makes what is not done yet."] if retries and not launch.is_promoted else []),
        '"""',
        "",
        *(["from datetime import timedelta", ""] if retries else []),
        "from airflow.providers.standard.operators.bash import BashOperator",
        "from airflow.sdk import DAG",
        *([f"from airflow.timetables.trigger import {timetable}"] if timetable else []),
        "",
        f"PROJECT = {literal(str(launch.root))}  # the folder of the project on the workers, with nbasset.toml or notebooks",
        "",
        "with DAG(",
        f"    dag_id={literal(job.name)},",
        f"    description={literal(what_of(launch))},",
        f"    schedule={schedule},",
        "    catchup=False,",
        "    max_active_runs=1,",
        *(["    is_paused_upon_creation=True,"] if stopped else []),
        *([f'    default_args={{"retries": {retries}, "retry_delay": timedelta(minutes={_RETRY_DELAY_MINUTES})}},'] if retries else []),
        f"    tags={literal(['nbasset', *(f'{key}:{value}' for key, value in job.tags.items())])},",
        ") as dag:",
        "    BashOperator(",
        f"        task_id={literal(job.name)},",
        f"        bash_command={literal(command)},",
        "        cwd=PROJECT,",
        "        append_env=True,",
        "    )",
    ]
    return Exported(signed("\n".join(lines) + "\n"), tuple(notes))


def _schedule(launch: Launch) -> tuple[str, str]:
    """The timetable to import, and the schedule as Python."""
    entry = launch.job.schedule
    if entry is None:
        return "", "None"
    timetable = "CronTriggerTimetable" if len(entry.cron) == 1 else "MultipleCronTriggerTimetable"
    return timetable, f"{timetable}({', '.join(map(literal, entry.cron))}, timezone={literal(entry.timezone)})"


def _plain(text: str) -> str:
    """A text that can stand in a docstring."""
    return text.replace("\\", "/").replace('"', "'")
