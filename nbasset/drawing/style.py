"""The style sheet that an SVG carries with it, so that it looks right on any ground and needs nothing from its page.

Three layers: plain colours for readers that know no variables, our palette for light and dark (by the system, or by the host's own
mark), and, where a host gives its surface and text, neutrals mixed from these two. Every rule is bound to one picture's id, since a
style inside an inline SVG counts for the whole page.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from nbasset.drawing.picture import State
from nbasset.drawing.tokens import (
    CONTRAST_SURFACE,
    CONTRAST_TEXT,
    CONTRAST_TONES,
    FILLS,
    FONT,
    HOST_SURFACE,
    HOST_TEXT,
    NEUTRALS,
    SURFACE,
    TEXT,
    THEMES,
    TONES,
    Theme,
    mix,
)

_SHORT: Final = {"surface": "s", "text": "t", "quiet": "q", "group": "g", "line": "l", "edge": "e"}
_LIGHT_HOSTS: Final = ('body[data-jp-theme-light="true"]', "body.vscode-light", ':root[data-nb-theme="light"]')
_DARK_HOSTS: Final = ('body[data-jp-theme-light="false"]', "body.vscode-dark", ':root[data-nb-theme="dark"]')


def style(root: str, states: Iterable[State], theme: Literal["auto", "light", "dark"] = "auto") -> str:
    """CSS for the picture with the id `root` that shows `states`. ``light`` and ``dark`` are fixed; ``auto`` follows host and system."""
    used = tuple(states)
    plain: Theme = "dark" if theme == "dark" else "light"
    rules = _rules(f"#{root}", used, plain, fixed=theme != "auto")
    if theme != "auto":
        return rules
    return "".join(
        (
            f"#{root}{{{_palette(used, 'light')};{_own()}}}",
            f"@media(prefers-color-scheme:dark){{#{root}{{{_palette(used, 'dark')}}}}}",
            f"{_under(_LIGHT_HOSTS, root)}{{{_palette(used, 'light')}}}",
            f"{_under(_DARK_HOSTS, root)}{{{_palette(used, 'dark')}}}",
            f"@media(prefers-contrast:more){{#{root}{{{_palette(used, 'light', contrast=True)}}}}}",
            f"@media(prefers-contrast:more) and (prefers-color-scheme:dark){{#{root}{{{_palette(used, 'dark', contrast=True)}}}}}",
            f"@supports(color:color-mix(in srgb,red,red)){{#{root}{{{_mixed()}}}}}",
            rules,
        )
    )


def neutral(name: str, theme: Theme) -> str:
    """The colour of a neutral where no host gives one."""
    if name == "surface":
        return SURFACE[theme]
    return TEXT[theme] if name == "text" else mix(TEXT[theme], SURFACE[theme], NEUTRALS[name][theme])


def _under(hosts: tuple[str, ...], root: str) -> str:
    return ",".join(f"{host} #{root}" for host in hosts)


def _palette(states: tuple[State, ...], theme: Theme, *, contrast: bool = False) -> str:
    at = THEMES.index(theme)
    surface = CONTRAST_SURFACE[theme] if contrast else SURFACE[theme]
    text = CONTRAST_TEXT[theme] if contrast else TEXT[theme]
    share = {name: min(100.0, percent[theme] * (2 if contrast and name != "group" else 1)) for name, percent in NEUTRALS.items()}
    parts = [f"--s0:{surface}", f"--t0:{text}", f"--ep:{share['edge']:g}%"]
    parts += [f"--{_SHORT[name]}0:{mix(text, surface, percent)}" for name, percent in share.items()]
    tones = CONTRAST_TONES if contrast else TONES
    parts += [f"--{state}:{tones[state][at]}" for state in states]
    if not contrast:
        parts += [f"--{state}-f:{FILLS[state][at]}" for state in states]
    return ";".join(parts)


def _own() -> str:
    return ";".join(f"--{short}:var(--{short}0)" for short in _SHORT.values())


def _mixed() -> str:
    parts = [f"--s:{_first(HOST_SURFACE, 's0')}", f"--t:{_first(HOST_TEXT, 't0')}"]
    for name, percent in NEUTRALS.items():
        amount = "var(--ep)" if name == "edge" else f"{percent['light']:g}%"
        parts.append(f"--{_SHORT[name]}:color-mix(in srgb,var(--t) {amount},var(--s))")
    return ";".join(parts)


def _first(names: tuple[str, ...], last: str) -> str:
    text = f"var(--{last})"
    for name in reversed(names):
        text = f"var({name},{text})"
    return text


def _rules(root: str, states: tuple[State, ...], plain: Theme, *, fixed: bool) -> str:
    """What is drawn how. A colour stands twice: as it is, for readers without variables, then as a variable."""

    def paint(what: str, name: str) -> str:
        colour = f"{what}:{neutral(name, plain)}"
        return colour if fixed else f"{colour};{what}:var(--{_SHORT[name]})"

    def toned(state: State, what: str, suffix: str, table: dict[State, tuple[str, str]]) -> str:
        colour = f"{what}:{table[state][THEMES.index(plain)]}"
        return colour if fixed else f"{colour};{what}:var(--{state}{suffix})"

    tones, fills = dict(TONES), dict(FILLS)
    rules = [
        (".ground", f"{paint('fill', 'surface')};{paint('stroke', 'line')}"),
        (".group", f"{paint('fill', 'group')};{paint('stroke', 'line')}"),
        ("text", f"font-family:{FONT};font-size:11px;font-weight:600;{paint('fill', 'text')}"),
        (
            ".gn",
            f"font-weight:400;{paint('fill', 'quiet')};{paint('stroke', 'group')};stroke-width:4px;paint-order:stroke",
        ),
        (".q", f"{paint('fill', 'quiet')};font-weight:400"),
        (".f", "font-weight:400;font-size:10.5px;fill:currentColor"),
        (".b", f"{paint('fill', 'surface')};{paint('stroke', 'line')};rx:5px"),
        ("use", "fill:currentColor"),
        (".e path,.e circle", f"fill:none;{paint('stroke', 'edge')}"),
        (".e path", f"marker-end:url({root}-t)"),
        (".e circle", paint("fill", "surface")),
        (".e .o", "stroke-dasharray:4 3"),
        (".e .on", f"{paint('stroke', 'text')};stroke-width:1.6px;marker-end:url({root}-u)"),
        (".e .r", f"{toned('problem', 'stroke', '', tones)};stroke-width:1.6px;marker-end:url({root}-r)"),
        (".tip", paint("fill", "edge")),
        (".tip.on", paint("fill", "text")),
        (".tip.r", toned("problem", "fill", "", tones)),
        (".far .w", "opacity:0;pointer-events:none"),
        (".far:hover .w,.far.on .w,.far:focus .w", "opacity:1"),
        (".c", f"fill:none;{paint('stroke', 'quiet')};stroke-width:1.4px;stroke-linecap:round;stroke-linejoin:round"),
    ]
    rules += [(f'[data-state="{state}"]', toned(state, "color", "", tones)) for state in states]
    rules += [(f".k-{state}", toned(state, "fill", "-f", fills)) for state in states if state != "missing"]
    alarming = ("failed", "problem", "running", "retrying")
    rules.append((",".join(f'.node[data-state="{state}"] .b' for state in alarming), "stroke:currentColor"))
    rules.append(('.node[data-state="missing"] .b', f"{paint('stroke', 'edge')};stroke-dasharray:3 2.5"))
    rules.append((".k-missing", paint("fill", "line")))
    rules.append((".node.sel .b", f"{paint('stroke', 'text')};stroke-width:2px;stroke-dasharray:none"))
    text = "".join(f"{','.join(f'{root} {part}' for part in selector.split(','))}{{{body}}}" for selector, body in rules)
    turning = f"{root}.live .turn{{animation:{root[1:]}-spin 1.4s linear infinite;transform-box:fill-box;transform-origin:center}}"
    frames = f"@keyframes {root[1:]}-spin{{to{{transform:rotate(360deg)}}}}"
    return f"{text}{frames}@media(prefers-reduced-motion:no-preference){{{turning}}}"
