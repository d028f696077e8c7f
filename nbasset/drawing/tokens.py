"""Colours and glyphs of the pictures, as facts: one table a theme, one path a state.

The same values stand in the style sheet of the live views, so that a saved SVG and a widget look alike. A *tone* is for text
and glyphs (4.5:1 and more on the ground), a *fill* for areas. The neutrals that a host does not give are mixed from two colours,
surface and text, by the same percentages as there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from nbasset.drawing.picture import State

Theme = Literal["light", "dark"]
THEMES: Final[tuple[Theme, Theme]] = ("light", "dark")

FONT: Final = '-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,system-ui,sans-serif'

# -- What the host may give, and our own values where it does not -------------------------------------------------------

HOST_SURFACE: Final = ("--jp-layout-color0", "--vscode-editor-background")
HOST_TEXT: Final = ("--jp-ui-font-color1", "--vscode-foreground")

SURFACE: Final[Mapping[Theme, str]] = {"light": "#ffffff", "dark": "#14171b"}
TEXT: Final[Mapping[Theme, str]] = {"light": "#1c2127", "dark": "#e4e8ec"}
CONTRAST_SURFACE: Final[Mapping[Theme, str]] = {"light": "#ffffff", "dark": "#000000"}
CONTRAST_TEXT: Final[Mapping[Theme, str]] = {"light": "#000000", "dark": "#ffffff"}

NEUTRALS: Final[Mapping[str, Mapping[Theme, float]]] = {
    "quiet": {"light": 72, "dark": 72},  # second text: 5:1 or more
    "group": {"light": 4, "dark": 5},  # the box behind a group
    "line": {"light": 15, "dark": 15},  # borders of boxes
    "edge": {"light": 50, "dark": 40},  # edges at rest: 3:1
}
"""Percent of text in surface."""


def mix(ink: str, ground: str, percent: float) -> str:
    """`percent` of `ink` in `ground`, both ``#rrggbb``; what ``color-mix(in srgb, ...)`` gives.

    >>> mix("#000000", "#ffffff", 50)
    '#808080'
    """
    parts = (round(int(ink[i : i + 2], 16) * percent / 100 + int(ground[i : i + 2], 16) * (1 - percent / 100) + 1e-9) for i in (1, 3, 5))
    return "#" + "".join(f"{part:02x}" for part in parts)


# -- States -------------------------------------------------------------------------------------------------------------

TONES: Final[Mapping[State, tuple[str, str]]] = {
    "fresh": ("#0b7457", "#4cc7a0"),
    "stale": ("#8a5700", "#e6b04e"),
    "missing": ("#626b75", "#9aa4af"),
    "failed": ("#b8330d", "#ff8f6e"),
    "queued": ("#4f6079", "#a5b6cf"),
    "running": ("#0a5fc2", "#72b3ff"),
    "retrying": ("#6842bd", "#b9a3ff"),
    "skipped": ("#676b73", "#9ea3ac"),
    "canceled": ("#4d5661", "#b3bbc5"),
    "warned": ("#756000", "#dcc84e"),
    "checkfailed": ("#a2195b", "#ff8dbd"),
    "external": ("#5c636b", "#a7afb8"),
    "problem": ("#b8330d", "#ff8f6e"),
}
"""(light, dark)"""

FILLS: Final[Mapping[State, tuple[str, str]]] = {
    "fresh": ("#3aa283", "#2a8068"),
    "stale": ("#c98618", "#d8a03a"),
    "missing": ("#8a949f", "#6a7583"),
    "failed": ("#b8310a", "#d4481f"),
    "queued": ("#7d8ea7", "#6d80a0"),
    "running": ("#2f7fe0", "#3d8bec"),
    "retrying": ("#5f3fb0", "#bda8ff"),
    "skipped": ("#8c9097", "#6f747c"),
    "canceled": ("#8b95a1", "#7c8692"),
    "warned": ("#8a7400", "#efe080"),
    "checkfailed": ("#a01f61", "#ff8fc0"),
    "external": ("#8a929b", "#717a84"),
    "problem": ("#b8310a", "#d4481f"),
}
"""(light, dark)"""

CONTRAST_TONES: Final[Mapping[State, tuple[str, str]]] = {
    "fresh": ("#00513b", "#5ff0c4"),
    "stale": ("#5e3a00", "#ffd27a"),
    "missing": ("#3a424b", "#d0d7de"),
    "failed": ("#7e1d00", "#ffb39c"),
    "queued": ("#2c3b52", "#d3e0f5"),
    "running": ("#003f8a", "#a8d2ff"),
    "retrying": ("#43208f", "#d8cbff"),
    "skipped": ("#40444b", "#d3d6db"),
    "canceled": ("#2b323a", "#e1e6ec"),
    "warned": ("#4c3e00", "#fff07a"),
    "checkfailed": ("#700039", "#ffb8d6"),
    "external": ("#3a4149", "#d6dce2"),
    "problem": ("#7e1d00", "#ffb39c"),
}
"""7:1 or more, for readers who ask for contrast; (light, dark)"""

_DISC = "M6 .5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11Z"
_STROKE = 'fill="none" stroke="currentColor"'
_ROUND = 'stroke-linecap="round" stroke-linejoin="round"'

GLYPHS: Final[Mapping[State, str]] = {
    "fresh": f'<path fill-rule="evenodd" d="{_DISC}m2.9 4.1L5.5 8.5a.7.7 0 0 1-1 0L2.9 6.9l.9-1 1.2 1.2 2.9-3.4 1 .9Z"/>',
    "stale": f'<path fill-rule="evenodd" d="{_DISC}M6 2a4 4 0 0 1 0 8V2Z"/>',
    "missing": f'<circle cx="6" cy="6" r="4.7" {_STROKE} stroke-width="1.5" stroke-dasharray="2.2 1.49"/>',
    "failed": (
        '<path fill-rule="evenodd" d="M3.8.5h4.4l3.3 3.3v4.4l-3.3 3.3H3.8L.5 8.2V3.8L3.8.5Zm.4 2.7-1 1L5 6 3.2 7.8l1 1L6 7l1.8 1.8 '
        '1-1L7 6l1.8-1.8-1-1L6 5 4.2 3.2Z"/>'
    ),
    "queued": (
        f'<circle cx="6" cy="6" r="4.8" {_STROKE} stroke-width="1.4"/><path d="M6 3v3.3l2.1 1.3" {_STROKE} stroke-width="1.4" {_ROUND}/>'
    ),
    "running": (
        f'<circle cx="6" cy="6" r="4.7" {_STROKE} stroke-width="1.6" opacity=".3"/>'
        f'<path d="M6 1.3a4.7 4.7 0 0 1 4.7 4.7" {_STROKE} stroke-width="1.8" stroke-linecap="round"/><circle cx="6" cy="6" r="1.9"/>'
    ),
    "retrying": (
        f'<path d="M10.4 6a4.4 4.4 0 1 1-1.3-3.1" {_STROKE} stroke-width="1.5" stroke-linecap="round"/><path d="M10.9.6v3.5H7.4L10.9.6Z"/>'
    ),
    "skipped": f'<path d="m1.6 2.2 3.8 3.8-3.8 3.8M6.4 2.2l3.8 3.8-3.8 3.8" {_STROKE} stroke-width="1.6" {_ROUND}/>',
    "canceled": (
        f'<circle cx="6" cy="6" r="4.7" {_STROKE} stroke-width="1.5"/><path d="m2.9 9.1 6.2-6.2" stroke="currentColor" stroke-width="1.5"/>'
    ),
    "warned": (
        '<path fill-rule="evenodd" d="M5.1 1.2a1 1 0 0 1 1.8 0l4.5 8.3a1 1 0 0 1-.9 1.5h-9a1 1 0 0 1-.9-1.5l4.5-8.3ZM5.3 4v3.2h1.4V4'
        'H5.3Zm0 4.2v1.4h1.4V8.2H5.3Z"/>'
    ),
    "checkfailed": (
        '<path fill-rule="evenodd" d="M6 .3 10.8 2v3.8c0 2.7-1.9 4.9-4.8 5.9C3.1 10.7 1.2 8.5 1.2 5.8V2L6 .3ZM4.4 3.5l-.9.9 1.6 1.6-1.6 '
        '1.6.9.9L6 6.9l1.6 1.6.9-.9L6.9 6l1.6-1.6-.9-.9L6 5.1 4.4 3.5Z"/>'
    ),
    # A square that an arrow leaves, and a diamond with an exclamation mark: silhouettes no other state has.
    "external": f'<path d="M5 1.8H1.8v8.4h8.4V7M7 1.5h3.5V5M10.2 1.8 5.6 6.4" {_STROKE} stroke-width="1.5" {_ROUND}/>',
    "problem": '<path fill-rule="evenodd" d="M6 .2 11.8 6 6 11.8.2 6 6 .2ZM5.3 3v3.8h1.4V3H5.3Zm0 4.7v1.4h1.4V7.7H5.3Z"/>',
}
"""What stands in a 12 by 12 box; strokes and fills take the current colour."""
