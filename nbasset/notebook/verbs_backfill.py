"""What ``%asset backfill`` does: asks for one and carries it out with a card that moves, shows one, goes on with one, stops one."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from nbasset import clock
from nbasset.arguments.options import BackfillArguments
from nbasset.commands.backfill import backfill_status, cancel_backfill, launch_backfill, plan_of
from nbasset.commands.backfill_driver import drive
from nbasset.commands.backfill_records import BackfillStatus, backfill_of
from nbasset.commands.backfill_words import WORDS, asset_text, going_on, headline, listed_text, next_step, planned_text, rest_text
from nbasset.commands.background_backfill import resume_backfill, start_backfill
from nbasset.commands.carrying_out import Manner
from nbasset.commands.scope import Scope
from nbasset.drawing.picture import State
from nbasset.drawing.states import say
from nbasset.errors import RunFailure
from nbasset.execution.displays import keep_displays
from nbasset.notebook.display import Bundle, can_update, show
from nbasset.notebook.html import Html, card, code_text, element, quiet, state_word, table
from nbasset.notebook.session import Session, scope_of
from nbasset.secrets import mask_secrets

_PAUSE_S = 1.0
_STATES: dict[str, State] = {
    "requested": "running", "canceling": "running", "completed_success": "fresh", "completed_failed": "failed", "cancelled": "canceled",
    "failed": "failed",
}  # fmt: skip


def do_backfill(session: Session, arguments: BackfillArguments) -> None:
    """``%asset backfill``. Raises when partitions failed, so that whoever runs all cells stops here.

    Raises
    ------
    RunFailure
        If a partition failed or could not run.
    KeyboardInterrupt
        If it was interrupted; the backfill stays open, so that --resume goes on with it.
    """
    if arguments.list:
        records = session.instance.reader.backfills(limit=100)
        show(_lines(listed_text(session.instance.storage, records, clock.now_us()) if records else ["no backfills"]))
    elif arguments.cancel:
        record = cancel_backfill(session.instance, arguments.cancel)
        show(_lines([f"backfill {record.backfill_id[:8]}: {WORDS[record.status]}"]))
    elif arguments.status:
        record = backfill_of(session.instance.reader, arguments.status)
        show(status_card(backfill_status(scope_of(session), record.backfill_id)))
    elif arguments.resume:
        record = backfill_of(session.instance.reader, arguments.resume)
        if arguments.background and not record.ended_us:
            resume_backfill(scope_of(session), record.backfill_id)
            show(_lines([going_on(record.backfill_id, "%asset")]))
            return
        _drive(session, scope_of(session), record.backfill_id)
    else:
        _new(session, scope_of(session), arguments)


def _new(session: Session, scope: Scope, arguments: BackfillArguments) -> None:
    planned = plan_of(scope, arguments)
    if planned.is_empty or arguments.dry_run:
        show(_lines([planned_text(planned)]))
        return
    if arguments.background:
        backfill_id = start_backfill(scope, planned, title=arguments.title, tags=arguments.tags)
        show(_lines([planned_text(planned), going_on(backfill_id, "%asset")]))
        return
    _drive(session, scope, launch_backfill(scope, planned, title=arguments.title, tags=arguments.tags))


def _drive(session: Session, scope: Scope, backfill_id: str) -> None:
    display_id = f"nbasset-{uuid4().hex[:12]}" if can_update(session.shell) else None
    shown = False
    since: tuple[float, int] | None = None

    def on_status(status: BackfillStatus) -> None:
        nonlocal shown, since
        if display_id is not None:
            now = clock.monotonic()
            since = since or (now, status.ended)
            show(status_card(status, left=rest_text(status, since=since[1], seconds=now - since[0])), display_id=display_id, update=shown)
            shown = True

    observe = keep_displays(lambda: session.shell, session.instance.home.runs)
    try:
        status = drive(scope, backfill_id, Manner(echo=False, observe=observe), on_status=on_status, every_s=_PAUSE_S)
    except KeyboardInterrupt:
        show(status_card(backfill_status(scope, backfill_id)), display_id=display_id, update=shown)
        raise KeyboardInterrupt(
            f"backfill {backfill_id[:8]} has stopped; what was made is kept. Go on: %asset backfill --resume {backfill_id[:8]}; "
            f"give it up: %asset backfill --cancel {backfill_id[:8]}"
        ) from None
    show(status_card(status), display_id=display_id, update=shown)
    if not status.success:
        raise RunFailure(f"{headline(status)}. {next_step(status).capitalize()}".rstrip(" ."))


def status_card(status: BackfillStatus, *, left: str = "") -> Bundle:
    """How a backfill stands: a line an asset, with the keys that failed, how long the rest takes (`left`), what failed runs said."""
    state = _STATES[status.record.status] if status.is_over or status.is_driven else "canceled"
    rows: list[tuple[Any, ...]] = []
    lines = [headline(status)]
    for key in status.assets:
        said, failed = asset_text(status, key), status.text(key, "failed")
        rows.append((code_text(key), said, code_text(_short(failed)) if failed else ""))
        lines.append(f"  {key}: {said}" + (f" ({_short(failed)})" if failed else ""))
    failures = [f"run {run_id[:8]}: {_short(message)}" for run_id, message in status.failures[:3]]
    said = next_step(status).replace(": backfill", ": %asset backfill")
    notes = [*([left] if left else []), *failures, *([said] if said else [])]
    html = card(
        element("header", state_word(state, headline(status))),
        _bar(status),
        table(("Asset", "Partitions", "Failed"), rows),
        *(element("div", quiet(mask_secrets(line)), class_="note") for line in notes),
        label=headline(status),
        states=[state, "fresh", "skipped", "failed", "running"],
    )
    return Bundle(html, mask_secrets("\n".join([*lines, *(f"  {line}" for line in notes)])))


def _bar(status: BackfillStatus) -> Html | None:
    """How far it is, while it is not over."""
    if status.is_over or not status.total:
        return None
    counts: tuple[tuple[State, int], ...] = (
        ("fresh", status.count("done")), ("skipped", status.count("skipped") + status.count("blocked")),
        ("failed", status.count("failed")), ("running", status.count("running")),
    )  # fmt: skip
    parts = [element("i", style=f"width:{100 * count / status.total:.4g}%;background:var(--{state}-f)") for state, count in counts if count]
    return element("div", *parts, class_="bar", role="img", aria_label=say([one for one in counts if one[1]]) or "nothing made yet")


def _lines(lines: list[str]) -> Bundle:
    text = mask_secrets("\n".join(lines))
    return Bundle(card(*(element("div", mask_secrets(line), class_="note") for line in lines), label=lines[0]), text)


def _short(text: str, most: int = 160) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


BACKFILL_FACES = {"backfill": do_backfill}
