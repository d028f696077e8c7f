"""Cards of what goes on: the partitions of an asset as a picture and a table, runs as a list."""

from __future__ import annotations

from datetime import date

from nbasset.commands.partitions import PartitionsResult, partitions_text
from nbasset.commands.runs import STATES, WORDS, RunsResult, runs_text, took
from nbasset.commands.words import counted
from nbasset.definitions.partitions import PartitionsView
from nbasset.drawing.partitions import PartitionPicture, partitions_svg
from nbasset.drawing.picture import State
from nbasset.drawing.states import number
from nbasset.notebook.cards_parts import merged, when
from nbasset.notebook.display import Bundle
from nbasset.notebook.html import card, code_text, drawing, element, quiet, state_word, table
from nbasset.notebook.panel_keys import KeySpace, computed_keys, key_space
from nbasset.notebook.wire_views import STATES as STATE_NUMBERS
from nbasset.notebook.wire_views import ListKeys, TimeKeys
from nbasset.secrets import mask_secrets


def partitions_card(result: PartitionsResult, view: PartitionsView) -> Bundle:
    """``%asset partitions``: the picture, and a table with the keys of each state."""
    svg = partitions_svg(partition_picture(result, view))
    rows = [
        (state_word(group.state), number(len(group.ordinals)), code_text(_short(group.keys))) for group in result.groups
    ]  # fmt: skip
    twin = element("details", element("summary", "The same as a table"), table(("State", "Partitions", "Keys"), rows, numbers=(1,)))
    states: list[State] = [group.state for group in result.groups]
    html = card(element("figure", drawing(svg)), twin, label=result.headline, states=states, is_bare=True)
    return Bundle(html, mask_secrets(partitions_text(result)), svg)


def partition_picture(result: PartitionsResult, view: PartitionsView) -> PartitionPicture:
    """What the picture shows."""
    definition = result.definition
    space = key_space(definition, view)
    states = _runs(space, result)
    title = f"{result.asset}: {counted(result.count, 'partition')}"
    first, *others = [dimension.keys for dimension in space.dimensions]
    if isinstance(first, TimeKeys) and not others:
        if first.step == "day":
            return PartitionPicture(title, states, date.fromisoformat(first.start[:10]), ends=_ends(space, result, view))
        return PartitionPicture(title, states, ends=_ends(space, result, view))
    if len(others) == 1:
        return PartitionPicture(title, states, rows=_names(first), columns=_names(others[0]), ends=_ends(space, result, view))
    return PartitionPicture(title, states, ends=_ends(space, result, view))


def runs_card(result: RunsResult) -> Bundle:
    """``%asset runs``."""
    if not result.runs:
        return Bundle(card(element("div", "Nothing ran yet.", class_="note"), label="Runs"), "Nothing ran yet.")
    rows = [
        (
            code_text(run.run_id[:8]), state_word(STATES[run.status], WORDS.get(run.status, "")), result.about(run),
            f"{number(run.succeeded + run.failed + run.skipped)} of {number(run.steps)}" if run.steps else "", when(run.requested_us),
            took(run, result.now_us) if run.is_over else "",
        )
        for run in result.runs
    ]  # fmt: skip
    headline = counted(len(result.runs), "run")
    going = f"{number(result.active)} going on" if result.active else ""
    head = element("header", element("b", headline), quiet(going) if going else None)
    states: list[State] = [STATES[run.status] for run in result.runs]
    body = table(("Run", "State", "Makes", "Steps", "Asked for", "Time"), rows, numbers=(5,))
    return Bundle(card(head, body, label=headline, states=states), mask_secrets(runs_text(result, now_us=0)))


def _runs(space: KeySpace, result: PartitionsResult) -> tuple[tuple[State, int], ...]:
    if space.listed is None:
        return tuple(merged(space.ordinals, [(group.state, group.ordinals) for group in result.groups]))
    runs = space.runs([(group.state, group.ordinals) for group in result.groups])
    found: list[tuple[State, int]] = []
    at = 0
    for stop, state in zip(runs.stops, runs.states, strict=True):
        found.append((STATE_NUMBERS[state], stop - at))  # type: ignore[arg-type]
        at = stop
    return tuple(found)


def _names(keys: TimeKeys | ListKeys) -> tuple[str, ...]:
    return keys.keys if isinstance(keys, ListKeys) else computed_keys(keys)


def _ends(space: KeySpace, result: PartitionsResult, view: PartitionsView) -> tuple[str, str]:
    if not len(space):
        return ("", "")
    key = result.definition.key_of
    return key(space.ordinal(0), view.table), key(space.ordinal(len(space) - 1), view.table)


def _short(keys: str) -> str:
    return keys if len(keys) <= 100 else f"{keys[:100]} ..."
