"""The review sheet of a promotion in words, and what drifted: one wording for every face."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nbasset.commands.promote import CheckedJob, PromoteResult
from nbasset.commands.promotion_review import Review
from nbasset.commands.words import columns, counted

_RULES = {"latest": "the latest", "stale": "what is missing or stale", "all": "all of them"}
STATES = {"new": "new", "changed": "changed", "unchanged": "unchanged"}


def title(review: Review) -> str:
    """What is made of what."""
    return f"{review.job.source.rpartition('/')[2]} as job {review.job.name}"


def what_runs(review: Review) -> str:
    """How much runs, in one line."""
    made = sum(len(one.assets) for one in review.nodes)
    cells = len({one.cell for one in review.nodes})
    return f"{counted(made, 'asset')} of {counted(cells, 'cell')}"


def sections(review: Review) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Facts by their heads: when it runs, what if it fails, with what."""
    job, schedule = review.job, review.job.schedule
    when = [("Cron", " or ".join(schedule.cron)), ("", review.when)] if schedule is not None else []
    when += [("Schedule", "off until `schedule start`")] if schedule is not None and schedule.status == "stopped" else []
    when += [("Partitions", _RULES.get(job.partitions, job.partitions))] if job.partitions else []
    if schedule is None:
        when = [("Schedule", "none: it runs when somebody says so"), *when]
    yield "When", when
    retries = job.retries
    if retries.max_retries:
        rule = "finished assets are not repeated" if retries.on_failure else "only a run that was cut off"
        yield "If it fails", [("Retries", f"{retries.max_retries}: {rule}")]
    facts = [("Python", f"{job.environment.python}, {job.kernel}" if job.kernel != "python3" else job.environment.python)]
    facts += [("Packages", ", ".join(f"{name} {version}" for name, version in job.environment.packages.items()))]
    facts += [("Otherwise", "it is refused to run")] if job.environment.strict else []
    facts += [("Secrets", ", ".join(f"{name} ({'set' if is_set else 'not set'} here)" for name, is_set in review.secrets))]
    facts += [("Parameters", ", ".join(_parameter(*one) for one in review.parameters))]
    facts += [("Tags", ", ".join(f"{key}={value}" for key, value in job.tags.items()))]
    yield "With", [(name, text) for name, text in facts if text]


def _parameter(name: str, value: str, default: str) -> str:
    return f"{name} = {value}" + (f" ({default} in the notebook)" if value != default else "")


def left_out_words(review: Review) -> list[tuple[str, str]]:
    """What is left out by reason: the reason, and the places."""
    found: dict[str, list[str]] = {}
    for where, why in review.left_out:
        kind = "other assets" if why.startswith("defines ") else why
        found.setdefault(kind, []).append(where)
    return [(why, _places(places)) for why, places in found.items()]


def _places(places: Sequence[str]) -> str:
    """Cells in a row as one: ``cells 4, 7 and 9``; lines of a cell after it."""
    whole = [place.removeprefix("cell ") for place in places if ", " not in place]
    lines: dict[str, list[str]] = {}
    for place in places:
        cell, comma, line = place.partition(", line ")
        if comma:
            lines.setdefault(cell, []).append(line)
    said = [f"cell{'s' if len(whole) > 1 else ''} {', '.join(whole)}"] if whole else []
    said += [f"{cell} line{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}" for cell, numbers in lines.items()]
    return "; ".join(said)


def promote_text(result: PromoteResult) -> str:
    """The whole sheet as plain text."""
    review = result.review
    lines = [f"Promote {title(review)} ({STATES[review.state]})", "", f"What runs: {what_runs(review)}"]
    rows = [
        (", ".join(one.assets), one.cell, one.partitions, f"reads {', '.join(one.reads)}" if one.reads else "") for one in review.nodes
    ]  # fmt: skip
    lines += [f"  {line}" for line in columns(rows).split("\n")]
    for head, facts in sections(review):
        lines += ["", head, *(f"  {line}" for line in columns([*facts]).split("\n"))]
        if head == "When" and review.next_runs:
            lines += ["  next:", *(f"    {line}" for line in columns(review.next_runs).split("\n"))]
    if review.left_out:
        lines += ["", "Left out", *(f"  {why}: {places}" for why, places in left_out_words(review))]
    if review.changes or review.diff:
        lines += ["", "Changes", *(f"  {text}" for text in review.changes)]
        lines += [f"    {line}" for line in review.diff.split("\n") if line]
        lines += _indented(review.code_diff)
    lines += ["", *(f"! {text}" for text in review.warnings)] if review.warnings else []
    lines += ["", result.sentence[0].upper() + result.sentence[1:]]
    return "\n".join([*lines, f"To be committed: {result.next_step}"] if result.next_step else lines)


def _indented(diff: str) -> list[str]:
    """The lines of a difference, without its heads: what changed has been said."""
    return [f"    {line}" for line in diff.split("\n") if line and not line.startswith(("@@", "--- "))]


def checked_text(found: Sequence[CheckedJob]) -> str:
    """What drifted, job by job."""
    if not found:
        return "No notebook was promoted yet."
    lines: list[str] = []
    for job in found:
        lines.append(f"{job.name}: as it was promoted" if not job.found else f"{job.name}: {counted(len(job.found), 'difference')}")
        for one in job.found:
            lines.append(f"  {one.text}")
            lines += _indented(one.diff)
        kinds = {one.kind for one in job.found}
        if "source" in kinds:
            continue  # promoting it would say the same
        if kinds & {"code", "selection", "parameters", "copy"}:
            lines.append(f"  Bring it up to date: %asset promote --name {job.name}")
        elif kinds:
            lines.append(f"  Install these versions, or take those that are here: %asset promote --name {job.name}")
    return "\n".join(lines)
