"""A job as lines of a crontab, one for each cron text of its schedule."""

from __future__ import annotations

import re
import shlex

from nbasset.definitions.cron_fields import parse_cron
from nbasset.errors import InvalidDefinitionError, InvalidInvocationError
from nbasset.promotion.export import Exported, Launch, signed, what_of

_PLAIN = re.compile(r"(\*(/\d+)?|\d+)(,\d+)*\Z")
_RANGE = re.compile(r"(\d+)-(\d+)(/\d+)?\Z")


def cron_text(launch: Launch) -> Exported:
    """The lines, with what they need to know above them. Those of a stopped schedule are comments.

    Raises
    ------
    InvalidInvocationError
        If the job has no schedule.
    InvalidDefinitionError
        If the schedule says what crontabs cannot.
    """
    job = launch.job
    if job.schedule is None:
        raise InvalidInvocationError(
            f"'{job.name}' has no schedule, and a crontab is nothing else. Give one: --cron '0 6 * * *' --tz Europe/Berlin; "
            f"or promote it: nbasset promote {launch.source} --cron '0 6 * * *'."
        )
    command = f"cd {shlex.quote(str(launch.root))} && {launch.command()}".replace("%", "\\%")  # cron takes a bare % for the end of the line
    if "\n" in command:
        raise InvalidDefinitionError(f"a value of '{job.name}' has a line break, and a crontab has one line for a command.")
    times = [plain_cron(text, "a crontab") for text in job.schedule.cron]
    is_stopped = job.schedule.status == "stopped"
    lines = [
        f"# {job.name}: {what_of(launch)}",
        "# cron has a short PATH of its own. If it does not find nbasset, set PATH here to the folder that `command -v nbasset` names.",
        *(f"# It needs the environment variable {name}." for name in job.secrets),
        "# CRON_TZ is the clock of the lines below it. cronie knows it (Fedora, RHEL, Arch, SUSE); the cron of Debian and Ubuntu does not",
        "# and goes by the clock of the machine: let that be the same, or install cronie.",
        f"CRON_TZ={job.schedule.timezone}",
        *(["# The schedule is stopped: take the # away to start it."] if is_stopped else []),
        *(f"{'# ' if is_stopped else ''}{time} {command}" for time in times),
    ]
    return Exported(signed("\n".join(lines) + "\n"))


def plain_cron(text: str, target: str) -> str:
    """A cron text in the five plain fields that every cron reads: numbers, lists, ranges, steps.

    >>> plain_cron("@daily", "cron"), plain_cron("30 6 ? jan MON-fri", "cron"), plain_cron("0 6 * * 7", "cron")
    ('0 0 * * *', '30 6 * 1 1-5', '0 6 * * 0')

    Raises
    ------
    InvalidDefinitionError
        If it counts from the end of a month (``L``) or counts weekdays (``1#2``).
    """
    cron = parse_cron(text)
    if cron.on_last_day or cron.nth_weekdays:
        raise InvalidDefinitionError(
            f"{target} cannot say '{text}': it knows no L and no #. Run it each day and let the code decide, or leave the schedule to "
            "nbasset: nbasset daemon run."
        )
    values = (cron.minutes, cron.hours, cron.days, cron.months, tuple(sorted(cron.weekdays)))
    return " ".join(_field(field, numbers) for field, numbers in zip(cron.text.split(), values, strict=True))


def _field(field: str, numbers: tuple[int, ...]) -> str:
    """A field as it is, if every cron reads it so; else the numbers that it means."""
    if field in ("*", "?"):
        return "*"
    if _PLAIN.match(field) and "7" not in field.split(","):
        return field
    span = _RANGE.match(field)
    if span and int(span[1]) <= int(span[2]) and int(span[1]) == numbers[0] and span[2] != "7":
        return field
    if len(numbers) > 2 and numbers == tuple(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]}-{numbers[-1]}"
    return ",".join(map(str, numbers))
