"""`%asset why`, `history`, `diff`, `rollback`, `rename`, `gc` and `check` in cells: what is shown, as HTML and as text."""

from __future__ import annotations

import base64
import html
import re
from typing import Any

import pytest

from nbasset.keys import AssetKey

CELLS = {
    "helper": "def late(minutes):\n    return minutes > 15",
    "flights": "%%asset flights\npd.DataFrame({'flight': [1, 2, 3], 'delay': [5, 20, 40]})",
    "delays": "%%asset delays\nflights[late(flights['delay'])]",
}


@pytest.fixture
def made(notebook: Any) -> Any:
    """A notebook whose two assets were made."""
    for cell, source in CELLS.items():
        notebook.ok(source, cell)
    notebook.ok("%asset run")
    return notebook


def test_why_shows_the_sentence_the_helper_and_the_lines_that_changed(made: Any) -> None:
    made.ok("def late(minutes):\n    return minutes > 30", "helper")
    ran = made.ok("%asset why delays")
    assert "'delays' is stale: `late()` in" in ran.text
    shown = html.unescape(re.sub("<[^>]+>", "", ran.html))
    assert "+    return minutes > 30" in shown
    assert "delays is stale: late() in" in shown
    assert "about" in ran.text


def test_why_of_something_fresh_says_so_and_what_is_the_same(made: Any) -> None:
    ran = made.ok("%asset why delays")
    assert ran.text.startswith("'delays' is fresh: nothing that it was made from has changed.")
    assert "same: own code, 'flights', configuration" in ran.text


def test_history_diff_and_rollback_go_through_the_versions(made: Any) -> None:
    made.ok(CELLS["flights"].replace("40]", "45]"), "flights")
    made.ok("%asset run flights")
    history = made.ok("%asset history flights")
    assert "flights: 2 versions" in history.text
    assert "current" in history.html
    diff = made.ok("%asset diff flights")
    assert "~ flight=3: delay 40 -> 45" in diff.text
    assert "Matched by" in diff.html
    entries = made.session.instance.reader.materializations(AssetKey("flights"), None, limit=2)
    first = next(fact.version_id for fact in entries[-1].event.facts if hasattr(fact, "version_id"))
    back = made.ok(f"%asset rollback flights --to {first} --yes")
    assert "is current again" in back.text
    assert made.ok("%asset load flights").result.result["delay"].tolist() == [5, 20, 40]


def test_the_history_shows_what_versions_displayed(made: Any) -> None:
    picture = '<svg xmlns="http://www.w3.org/2000/svg"><g id="{0}"/></svg>'
    cell = f"%%asset drawn\nfrom IPython.display import SVG, display\ndisplay(SVG('{picture}'))\n{{0}}"
    for number in (1, 2):
        made.ok(cell.format(number), "drawn")
        made.ok("%asset run drawn")
    history = made.ok("%asset history drawn")
    assert history.text.count("1 display") == 2
    pictures = re.findall(r"data:image/svg\+xml;base64,([^\"]+)", history.html)
    assert [re.search(r'id="(.)"', base64.b64decode(one).decode())[1] for one in pictures] == ["2", "1"]  # type: ignore[index]
    assert history.html.count("Shown while ") == 2
    assert history.html.count("<details open") == 1


def test_nothing_is_brought_back_that_nobody_confirms(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    questions: list[str] = []
    monkeypatch.setattr("builtins.input", lambda question: ["n", questions.append(question)][0])  # type: ignore[func-returns-value]
    version = made.session.instance.reader.latest([AssetKey("flights")])[AssetKey("flights")].materialization.version_id
    assert "Nothing was changed." in made.ok(f"%asset rollback flights --to {version}").text
    assert questions[0].startswith(f"Make version {version[:8]} of 'flights' (made ")
    assert questions[0].endswith(", 3 rows) the current one? [y/N] ")


def test_a_renamed_asset_is_fresh_under_its_new_name(made: Any) -> None:
    assert "delays goes on as late_flights" in made.ok("%asset rename delays late_flights").text
    made.ok(CELLS["delays"].replace("delays", "late_flights", 1), "delays")
    assert "'late_flights' is fresh" in made.ok("%asset why late_flights").text


def test_check_names_what_only_this_session_knows(made: Any) -> None:
    assert made.ok("%asset check").text.rstrip().endswith("clean.")
    made.ok("%%asset leaning\n[fx]", "leaning")
    ran = made.ok("%asset check")
    assert "`fx`" in ran.text
    assert "1 problem" in ran.html


def test_gc_says_what_would_go(made: Any) -> None:
    made.ok(CELLS["flights"].replace("40]", "45]"), "flights")
    made.ok("%asset run flights")
    assert "0 versions" in made.ok("%asset gc --keep 0 --dry-run").text  # what `delays` was made from stays
    made.ok("%asset run")
    assert "2 versions" in made.ok("%asset gc --keep 0 --dry-run").text


def test_a_plan_tells_the_time_it_takes(made: Any) -> None:
    made.ok("def late(minutes):\n    return minutes > 30", "helper")
    ran = made.ok("%asset plan")
    assert "<code>late()</code> in" in ran.html
    assert "About " in ran.text


def test_a_run_says_that_an_asset_is_cut_into_partitions_now(made: Any) -> None:
    made.ok("%%asset flights --partitions daily:2025-01-01..2025-01-02\npd.DataFrame({'flight': [1], 'delay': [5]})", "flights")
    ran = made.ok("%asset run flights -p 2025-01-01")
    assert "note: flights: it is partitioned now (" in ran.text
    assert "the whole table of before can still be read: load flights --as-of" in html.unescape(re.sub("<[^>]+>", "", ran.html))
