"""The partitions of an asset as one SVG: days as a calendar, two dimensions as a matrix, everything else in rows; many as a strip.

For the places that run no scripts; the live grid draws the same marks. A state is told by its colour and by what is in its cell: a failed
one is crossed, a stale one has its corner turned down, a missing one is hollow. The same picture gives the same bytes.
"""

from __future__ import annotations

import hashlib
import html
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from nbasset.dataclass import dataclass
from nbasset.drawing.measure import text_width
from nbasset.drawing.picture import State
from nbasset.drawing.states import clean, counted, in_order
from nbasset.drawing.style import style
from nbasset.drawing.tokens import GLYPHS

CELL: Final = 10
GAP: Final = 2
MOST_CELLS: Final = 2_200
_STEP: Final = CELL + GAP
_LEFT: Final = 12
_ACROSS: Final = 52
_STRIP: Final = 640
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HOLLOW: Final[frozenset[State]] = frozenset({"missing", "queued", "skipped", "canceled"})


@dataclass(frozen=True, slots=True)
class PartitionPicture:
    """What is drawn. `states` are runs (state, how many) in the order of the keys.

    With `first_day` the keys are days from there on. With `rows` they are a matrix: its names down, `columns` across, row by row.
    `ends` are the first and the last key, for all other layouts.
    """

    title: str
    states: tuple[tuple[State, int], ...]
    first_day: date | None = None
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    ends: tuple[str, str] = ("", "")

    @property
    def count(self) -> int:
        """How many partitions there are."""
        return sum(count for _, count in self.states)


def partitions_svg(picture: PartitionPicture) -> str:
    """The picture as SVG text with a ground of its own, a legend, and its facts as title and description."""
    tally: dict[State, int] = {}
    for state, count in picture.states:
        tally[state] = tally.get(state, 0) + count
    counts = in_order(tally.items())
    if picture.count > MOST_CELLS:
        body, width, height = _strip(picture)
    elif picture.first_day is not None:
        body, width, height = _calendar(picture, picture.first_day)
    elif picture.rows:
        body, width, height = _matrix(picture)
    else:
        body, width, height = _lines(picture)
    legend, width = _legend(counts, height, width)
    height += 28
    said = f"{clean(picture.title)}: " + ", ".join(counted(state, count) for state, count in counts)
    title, about = html.escape(clean(picture.title)), html.escape(said)
    digest = hashlib.sha256("\0".join([title, about, body, legend]).encode()).hexdigest()
    root = f"np{digest[:6]}"
    used = [state for state, _ in counts]
    symbols = "".join(f'<g id="{root}-{state}" transform="scale(.917)">{GLYPHS[state]}</g>' for state in used)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{root}" class="nbasset-partitions" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-labelledby="{root}-title {root}-desc" style="max-width:100%;height:auto">'
        f'<title id="{root}-title">{title}</title><desc id="{root}-desc">{about}</desc>'
        f"<style>{style(root, used)}{_marks(root)}</style><defs>{symbols}</defs>"
        f'<rect class="ground" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="6"/>'
        f"{body}{legend.replace(chr(0), root)}</svg>\n"
    )


def _marks(root: str) -> str:
    return (
        f"#{root} .o{{fill:none;stroke:currentColor;stroke-width:1;opacity:.55}}#{root} .x{{fill:none;stroke:#fff;stroke-width:1.4}}"
        f"#{root} .n{{fill:#fff;opacity:.85}}"
    )


def _cell(state: State, x: float, y: float) -> str:
    if state in _HOLLOW:
        dot = f'<circle cx="{x + 5}" cy="{y + 5}" r="1.6" fill="currentColor"/>' if state == "queued" else ""
        return f'<g data-state="{state}"><rect class="o" x="{x + 0.5}" y="{y + 0.5}" width="9" height="9" rx="2"/>{dot}</g>'
    found = f'<rect class="k-{state}" x="{x}" y="{y}" width="10" height="10" rx="2"/>'
    if state == "failed":
        return f'{found}<path class="x" d="M{x + 3} {y + 3}l4 4m0-4l-4 4"/>'
    if state == "stale":
        return f'{found}<path class="n" d="M{x + 5} {y}h5v5z"/>'
    if state in ("running", "retrying"):
        return f'{found}<circle class="n" cx="{x + 5}" cy="{y + 5}" r="2"/>'
    return found


def _each(picture: PartitionPicture) -> list[State]:
    return [state for state, count in picture.states for _ in range(count)]


def _calendar(picture: PartitionPicture, first: date) -> tuple[str, int, int]:
    """Weeks as columns from Monday at the top, one band a year."""
    parts: list[str] = []
    top = 14
    states = _each(picture)
    width = 0
    at = 0
    while at < len(states):
        day = first + timedelta(days=at)
        year = day.year
        january = date(year, 1, 1)
        parts.append(_text(_LEFT, top + 9, str(year)))
        month = 0
        while at < len(states) and (day := first + timedelta(days=at)).year == year:
            week = (day.timetuple().tm_yday - 1 + january.weekday()) // 7
            x, y = _LEFT + 34 + week * _STEP, top + 16 + day.weekday() * _STEP
            if day.month != month:
                month = day.month
                parts.append(_text(x, top + 9, _MONTHS[month - 1]) if day.day <= 14 else "")
            parts.append(_cell(states[at], x, y))
            width = max(width, x + _STEP)
            at += 1
        top += 16 + 7 * _STEP + 10
    return "".join(parts), max(width + _LEFT, 320), top


def _matrix(picture: PartitionPicture) -> tuple[str, int, int]:
    names = [clean(name)[:28] for name in picture.rows]
    left = _LEFT + round(max((text_width(name, 11, bold=False) for name in names), default=0)) + 8
    parts: list[str] = []
    states = _each(picture)
    across = len(picture.columns)
    last = picture.columns[-1] if picture.columns else ""
    parts.append(_text(left, 22, picture.columns[0] if picture.columns else ""))
    if across > 12:
        parts.append(f'<text class="q" x="{left + across * _STEP - GAP}" y="22" text-anchor="end">{html.escape(clean(last))}</text>')
    for row, name in enumerate(names):
        y = 28 + row * _STEP
        parts.append(_text(_LEFT, y + 9, name))
        parts += [_cell(state, left + column * _STEP, y) for column, state in enumerate(states[row * across : (row + 1) * across])]
    return "".join(parts), max(left + across * _STEP + _LEFT, 320), 28 + len(names) * _STEP + 8


def _lines(picture: PartitionPicture) -> tuple[str, int, int]:
    states = _each(picture)
    parts = [
        _cell(state, _LEFT + at % _ACROSS * _STEP, 14 + at // _ACROSS * _STEP) for at, state in enumerate(states)
    ]  # fmt: skip
    bottom = 14 + (max(len(states), 1) - 1) // _ACROSS * _STEP + _STEP
    parts.append(_text(_LEFT, bottom + 12, _ends(picture)))
    return "".join(parts), max(_LEFT * 2 + min(len(states), _ACROSS) * _STEP, 320), bottom + 20


def _strip(picture: PartitionPicture) -> tuple[str, int, int]:
    parts: list[str] = []
    at = 0
    for state, count in picture.states:
        x, wide = _LEFT + _STRIP * at / picture.count, max(0.6, _STRIP * count / picture.count)
        if state in _HOLLOW:
            parts.append(f'<g data-state="{state}"><rect class="o" x="{x:.2f}" y="16.5" width="{wide:.2f}" height="17"/></g>')
        else:
            low = 4 if state == "stale" else 0
            parts.append(f'<rect class="k-{state}" x="{x:.2f}" y="{16 + low}" width="{wide:.2f}" height="{18 - low}"/>')
        at += count
    parts.append(_text(_LEFT, 48, _ends(picture)))
    return "".join(parts), _STRIP + 2 * _LEFT, 56


def _ends(picture: PartitionPicture) -> str:
    first, last = picture.ends
    return f"{first} to {last}" if first and last and first != last else first


def _legend(counts: Sequence[tuple[State, int]], top: int, width: int) -> tuple[str, int]:
    parts: list[str] = []
    x = float(_LEFT)
    for state, count in counts:
        words = counted(state, count)
        mark = f'<use href="#\0-{state}" x="{x:g}" y="{top + 4}"/>'
        parts.append(f'<g data-state="{state}">{mark}<text class="f" x="{x + 16:g}" y="{top + 14}">{words}</text></g>')
        x += 16 + text_width(words, 10.5, bold=False) + 14
    return "".join(parts), max(width, round(x))


def _text(x: float, y: float, text: str) -> str:
    return f'<text class="q" x="{x:g}" y="{y:g}">{html.escape(clean(text))}</text>'
