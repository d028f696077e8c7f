"""How wide a text will be, without a browser: enough to size a node so that its name is never cut.

Widths are those of Helvetica Bold, in thousandths of the size, with a margin: other system fonts differ by some percent, and the
margin and the padding of a node take that up.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

_BOLD_WIDTHS: Final = {
    278: " ',./\\Iijl`|",
    333: "!()-:;[]ft",
    389: "*r{}",
    474: '"',
    500: "z",
    556: "#$0123456789J_acekosvxy",
    584: "+<=>^~",
    611: "?FLTZbdghnopqu",
    667: "EPSVXY",
    722: "&ABCDHKNRU",
    778: "GOQw",
    833: "M",
    889: "%m",
    944: "W",
    975: "@",
}


class _Widths(dict[str, float]):
    """Width of a character; those of other scripts are worked out when they first come."""

    def __missing__(self, char: str) -> float:
        if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me", "Cf"}:
            width = 0.0
        elif unicodedata.east_asian_width(char) in "WF" or ord(char) > 0x1F000:
            width = 1100.0
        else:
            width = 700.0
        self[char] = width
        return width


_WIDTHS: Final[Mapping[str, float]] = _Widths({char: float(width) for width, chars in _BOLD_WIDTHS.items() for char in chars})
_MARGIN = 1.08
_REGULAR = 0.94
_FULL = 0.95  # of a line that is broken anyway: wide fonts fit then, too
_BREAKS = re.compile(r"[^_/\-. ]*[_/\-. ]*")


@lru_cache(maxsize=8192)
def text_width(text: str, size: float, bold: bool = True) -> float:
    """Pixels that `text` takes at `size` pixels, a little too many rather than too few."""
    return sum([_WIDTHS[char] for char in text]) * size * (_MARGIN if bold else _MARGIN * _REGULAR) / 1000


def break_text(text: str, size: float, width: float, bold: bool = True) -> tuple[str, ...]:
    """`text` in lines no wider than `width`: broken after ``_ / - .`` and spaces, and inside a word only when that alone is too long.

    The lines joined give the text again.

    >>> break_text("carriers_with_delays", 11, 90)
    ('carriers_with_', 'delays')
    """
    if text_width(text, size, bold) <= width:
        return (text,)
    width *= _FULL
    lines: list[str] = []
    line = ""
    for piece in _BREAKS.findall(text):
        if line and text_width(line + piece, size, bold) > width:
            lines.append(line)
            line = ""
        line += piece
        while text_width(line, size, bold) > width and len(line) > 1:
            cut = _fitting(line, size, width, bold)
            lines.append(line[:cut])
            line = line[cut:]
    if line:
        lines.append(line)
    return tuple(lines)


def shorten(text: str, size: float, width: float, bold: bool = False) -> str:
    """`text`, or as much of its beginning as fits in `width` with an ellipsis; for facts, which the title repeats in full."""
    if text_width(text, size, bold) <= width:
        return text
    return text[: _fitting(text, size, width - text_width("…", size, bold), bold)].rstrip() + "…"


def _fitting(text: str, size: float, width: float, bold: bool) -> int:
    """How many characters fit; at least one, and never the first half of a combined character."""
    total = 0.0
    scale = size * (_MARGIN if bold else _MARGIN * _REGULAR) / 1000
    for at, char in enumerate(text):
        total += _WIDTHS[char] * scale
        if total > width and at > 0:
            return at
    return len(text)
