"""Switching, ticks, cursors and the daemon through ``%asset``."""

from __future__ import annotations

from typing import Any

from nbasset.events.facts import ErrorInfo, Frame, InstigatorId
from nbasset.events.kinds import TickEvaluated, TickMissed

CELLS = (
    ("imports", "%load_ext nbasset\nfrom nbasset import *"),
    ("assets", "@asset\ndef orders():\n    return [1, 2]"),
    ("schedules", "@schedule('0 6 * * *', target='orders', execution_timezone='Europe/Berlin')\ndef mornings(context):\n    return 1 / 0"),
    ("sensors", "@sensor(target='orders')\ndef files(context):\n    return RunRequest('a.csv')"),
)


def _defined(notebook: Any) -> None:
    notebook.save(*CELLS)
    for cell, source in CELLS:
        notebook.ok(source, cell)


def test_a_schedule_is_switched_and_who_keeps_watch_is_told(notebook: Any) -> None:
    _defined(notebook)
    ran = notebook.ok("%asset schedule start mornings", "a")
    assert "schedule mornings is on, started" in ran.text
    assert "nbasset daemon run" in ran.html
    records = notebook.session.instance.reader.instigators()
    assert records[InstigatorId("flights.ipynb", "schedule", "mornings")].status == "RUNNING"
    assert "off, by its definition" in notebook.ok("%asset schedule reset --all", "b").text


def test_what_a_session_alone_has_cannot_be_switched(notebook: Any) -> None:
    for cell, source in CELLS[1:]:
        notebook.ok(source if cell != "assets" else f"from nbasset import *\n{source}", cell)
    ran = notebook.run("%asset schedule start mornings", "a")
    assert "Save it in a notebook" in str(ran.error)


def test_ticks_stand_in_a_table_with_glyph_word_and_the_users_line(notebook: Any) -> None:
    _defined(notebook)
    one = InstigatorId("flights.ipynb", "schedule", "mornings")
    at = 1_370_066_400 * 10**6
    error = ErrorInfo("ZeroDivisionError", "division by <zero>", (Frame("cell 3", 3, "mornings", ((3, "    return 1 / 0"),), True),))
    notebook.session.instance.storage.append([
        TickMissed(at, one, 3, at - 3 * 86_400 * 10**6, at - 86_400 * 10**6),
        TickEvaluated(at + 10**6, one, "failure", at, at, error=error),
    ])  # fmt: skip
    ran = notebook.ok("%asset schedule logs mornings", "a")
    assert "✗ failed  Sat 2013-06-01 08:00 CEST  1.0 s" in ran.text
    assert "3 ticks passed until" in ran.html
    assert ">    3 |     return 1 / 0" in ran.text
    assert "Cell 3, line 3" in ran.html
    assert "division by &lt;zero&gt;" in ran.html
    assert "<zero>" not in ran.html
    assert 'scope="col"' in ran.html
    assert "no ticks yet" in notebook.ok("%asset sensor logs files", "b").text


def test_a_cursor_is_set_and_forgotten(notebook: Any) -> None:
    _defined(notebook)
    assert "goes on from cursor &lt;b&gt;" in notebook.ok("%asset sensor cursor files <b>", "a").html
    assert "has no cursor" in notebook.ok("%asset sensor cursor files --clear", "b").text


def test_programs_that_last_say_what_to_type_in_a_terminal(notebook: Any) -> None:
    for verb in ("dev", "daemon run"):
        assert f"&& nbasset {verb}" in str(notebook.run(f"%asset {verb}", verb).error)
    assert "no daemon" in notebook.ok("%asset daemon status", "c").text
