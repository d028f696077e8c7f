"""HTML that cannot hurt: elements made of plain values, every text escaped and masked on its way in, one small style sheet.

`element` takes texts and other elements; a text is escaped, an `Html` is taken as it is. There is no way to write markup from a value.
The style sheet needs nothing but itself: no script, no font, no address. Its colours are those of the pictures and of the live views;
surface and text come from the host (JupyterLab's or VS Code's variables), light and dark from the host's mark or the system.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Final

from nbasset.drawing.picture import State
from nbasset.drawing.states import URGENCY, WORDS, clean
from nbasset.drawing.tokens import FILLS, GLYPHS, HOST_SURFACE, HOST_TEXT, NEUTRALS, SURFACE, TEXT, THEMES, TONES, Theme, mix
from nbasset.secrets import mask_secrets

_VOID: Final = frozenset({"br", "hr", "img", "col"})
_ROWS: Final = frozenset({"header", "footer"})
_ROW_CLASSES: Final = frozenset({"b", "axis m"})
_ROOT: Final = "nbc"
_LAST: Final = re.compile(r"(?<![\w:-])(\.?[a-z][\w-]*)(?=$|[\s:>]|\Z)")


class Html(str):
    """Text that is HTML already. Only this module makes some."""

    __slots__ = ()


def escaped(text: object) -> Html:
    """A text as HTML: known secrets masked, control characters replaced, line breaks kept.

    >>> escaped('<img src=x onerror="alert(1)">')
    '&lt;img src=x onerror=&quot;alert(1)&quot;&gt;'
    """
    if isinstance(text, Html):
        return text
    lines = mask_secrets(str(text)).split("\n")
    return Html("\n".join(html.escape(_visible(line), quote=True) for line in lines))


def _visible(line: str) -> str:
    return "\t".join(clean(part) for part in line.split("\t"))


def element(name: str, *children: object, **attributes: object) -> Html:
    """One element. An attribute that is None or False is left out; ``class_`` and ``data_state`` are written ``class``, ``data-state``.

    >>> element("b", "a < b", class_="k")
    '<b class="k">a &lt; b</b>'
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escaped(value)}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Html(f"<{name}{written}>")
    if name in _ROWS or attributes.get("class_") in _ROW_CLASSES:
        return Html(f"<{name}{written}>{spaced(*children)}</{name}>")
    return Html(f"<{name}{written}>{joined(*children)}</{name}>")


def spaced(*children: object) -> Html:
    """Elements with a space in between: what a style sheet sets apart stays apart where a reader drops the style sheet."""
    return Html(" ".join(part for child in children if (part := joined(child))))


def joined(*children: object) -> Html:
    """Elements and texts one after the other; None is nothing, an iterable is its members."""
    parts: list[str] = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, (list, tuple)):
            parts.append(joined(*child))
        else:
            parts.append(escaped(child))
    return Html("".join(parts))


def drawing(svg: str) -> Html:
    """A picture made by `nbasset.drawing`, which escapes and masks for itself."""
    return Html(svg.strip())


def glyph(state: State) -> Html:
    """The mark of a state, in its colour; the word has to stand beside it."""
    path = GLYPHS[state]
    return Html(f'<svg class="g" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true" style="color:var(--{state})">{path}</svg>')


def state_word(state: State, text: str = "") -> Html:
    """A state as glyph and word, or with `text` in place of the word (which has to say the state)."""
    return element("span", glyph(state), text or WORDS[state], class_="st", style=f"color:var(--{state})")


def code_text(text: object) -> Html:
    """Something that can be typed: a key, a partition, a command."""
    return element("code", text)


def quiet(*children: object) -> Html:
    """A fact of second rank."""
    return element("span", *children, class_="q")


def table(heads: Iterable[object], rows: Iterable[Iterable[object]], *, numbers: Iterable[int] = (), class_: str = "") -> Html:
    """A table with one line of heads; columns in `numbers` stand to the right."""
    right = frozenset(numbers)

    def cells(name: str, values: Iterable[object]) -> list[Html]:
        return [element(name, value, class_="n" if at in right else None) for at, value in enumerate(values)]

    head = [element("th", value, class_="n" if at in right else None, scope="col") for at, value in enumerate(heads)]
    body = [element("tr", *cells("td", row)) for row in rows]
    return element("table", element("thead", element("tr", *head)), element("tbody", *body), class_=class_ or None)


def card(*parts: object, label: str, states: Iterable[State] = (), is_bare: bool = False) -> Html:
    """One card with the style sheet that it needs. `label` is its name for screen readers; `states` are the colours it uses.

    A bare one has no line around it: what is in it has its own.
    """
    used = set(states) | {"failed", "stale"}
    article = element("article", *parts, aria_label=label, class_="bare" if is_bare else None)
    sheet = Html(style_sheet([state for state in URGENCY if state in used], article))
    return element("div", element("style", sheet), article, class_=_ROOT)


def style_sheet(states: Iterable[State], body: str) -> str:
    """CSS for a card that shows these states, with the rules that something in `body` needs."""
    used = tuple(states)
    colours = [name for name in _CODE if f"var(--{name})" in body or (name != "bar" and 'class="code"' in body)]
    root = f".{_ROOT}" * 3  # thrice, so that the host's rules for tables and code in outputs do not win
    light, dark = _palette(used, colours, "light"), _palette(used, colours, "dark")
    hosts = {
        "light": ('[data-jp-theme-light="true"]', ".vscode-light", '[data-nb-theme="light"]'),
        "dark": ('[data-jp-theme-light="false"]', ".vscode-dark", ".vscode-high-contrast", '[data-nb-theme="dark"]'),
    }
    under = {theme: ",".join(f"{host} .{_ROOT}" for host in hosts[theme]) for theme in hosts}
    return "".join(
        (
            f".{_ROOT}{{{light}}}@media(prefers-color-scheme:dark){{.{_ROOT}{{{dark}}}}}",
            f"{under['light']}{{{light}}}{under['dark']}{{{dark}}}",
            f".{_ROOT}{{{_plain()}}}@supports(color:color-mix(in srgb,red,red)){{.{_ROOT}{{{_neutrals()}}}}}",
            f".{_ROOT}{{display:block;width:100%}}",
            "".join(_rule(root, selector, rule) for selectors, rule in _RULES if (selector := _needed(selectors, body))),
        )
    )


def _needed(selectors: str, body: str) -> str:
    """Those of the selectors whose last element or class stands in the body."""
    return ",".join(one for one in selectors.split(",") if _stands_in(one, body))


def _stands_in(selector: str, body: str) -> bool:
    last = _LAST.findall(selector)
    if not last:
        return True
    name = str(last[-1])
    if name.startswith("."):
        return re.search(rf'class="[^"]*(?<![\w-]){re.escape(name[1:])}(?![\w-])', body) is not None
    return f"<{name}" in body


def _rule(root: str, selectors: str, body: str) -> str:
    return ",".join(f"{root} {selector}" for selector in selectors.split(",")) + "{" + body + "}"


def _palette(states: tuple[State, ...], code: list[str], theme: Theme) -> str:
    at = THEMES.index(theme)
    surface, text = SURFACE[theme], TEXT[theme]
    parts = [f"--s0:{surface}", f"--t0:{text}", *(f"--{name}:{_CODE[name][at]}" for name in code)]
    parts += [f"--{name}0:{mix(text, surface, percent)}" for name, percent in _shares(theme).items()]
    parts += [f"--{state}:{TONES[state][at]};--{state}-f:{FILLS[state][at]}" for state in states]
    return ";".join(parts)


def _shares(theme: Theme) -> dict[str, float]:
    return {"q": NEUTRALS["quiet"][theme], "l": NEUTRALS["line"][theme], "ls": 8, "sk": 3.5}


def _plain() -> str:
    """For readers that cannot mix colours: our own ground and text, whatever the host has."""
    return ";".join(f"--{name}:var(--{name}0)" for name in ("s", "t", *_shares("light")))


def _neutrals() -> str:
    parts = [f"--s:{_first(HOST_SURFACE, 's0')}", f"--t:{_first(HOST_TEXT, 't0')}"]
    parts += [f"--{name}:color-mix(in srgb,var(--t) {percent:g}%,var(--s))" for name, percent in _shares("light").items()]
    return ";".join(parts)


def _first(names: tuple[str, ...], last: str) -> str:
    text = f"var(--{last})"
    for name in reversed(names):
        text = f"var({name},{text})"
    return text


_CODE: Final = {
    "bar": ("#7fa3b6", "#5c8aa1"),
    "ck": ("#0b6e4f", "#7fd1ae"),
    "cs": ("#a03a12", "#f0a582"),
    "cn": ("#1a6b3c", "#9bd5a8"),
    "cc": ("#5f6b73", "#98a4ad"),
    "cd": ("#1d4fb8", "#8db8ff"),
    "ca": ("#7b3fb0", "#cba6f5"),
}
"""Histograms, then code: keyword, string, number, comment, name that is defined, decorator; (light, dark)."""
_UI: Final = 'var(--jp-ui-font-family,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,system-ui,sans-serif)'
_MONO: Final = 'var(--jp-code-font-family,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace)'

_RULES: Final = (
    (
        "article",
        f"max-width:900px;margin:2px 0;border:1px solid var(--l);border-radius:6px;overflow:hidden;font:13px/20px {_UI};text-align:left",
    ),
    ("article", "background:var(--s);color:var(--t)"),
    ("*", "box-sizing:border-box"),
    ("header,.b,footer", "display:flex;flex-wrap:wrap;align-items:center;gap:2px 10px;padding:7px 12px;margin:0"),
    ("header", "min-height:36px"),
    (".b,footer,.pre,table,.note,details,.code", "border-top:1px solid var(--ls)"),
    ("footer", "background:var(--sk);font-size:12px;line-height:18px;padding:5px 12px"),
    ("p", "margin:0"),
    (".q,footer,th,.m", "color:var(--q)"),
    (".m,th", "font-size:11px;line-height:16px"),
    (".end", "margin-left:auto"),
    ("article > :first-child", "border-top:0"),
    ("b,strong", "font-weight:600"),
    (
        "code",
        f"font-family:{_MONO};font-size:12px;background:none;color:inherit;padding:0;border:0;white-space:nowrap",
    ),
    ("header b code", "font-size:13px;font-weight:600"),
    (".st", "white-space:nowrap"),
    (".st .g", "margin-right:6px"),
    (".g", "flex:none;display:inline-block;fill:currentColor;vertical-align:-1px;overflow:visible"),
    ("table", "width:100%;margin:0;border-collapse:collapse;font-size:12px;line-height:16px;table-layout:auto;color:inherit"),
    ("tr,tbody tr:nth-child(n),tbody tr:hover", "background:none"),
    (
        "th,td",
        "padding:5px 8px;text-align:left;vertical-align:baseline;border:0;border-bottom:1px solid var(--ls);font-weight:400",
    ),
    ("thead th", "border-bottom:1px solid var(--l);white-space:nowrap"),
    ("tbody tr:last-child > *", "border-bottom:0"),
    ("th:first-child,td:first-child", "padding-left:12px"),
    ("th:last-child,td:last-child", "padding-right:12px"),
    (".n", "text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap"),
    (".scroll", "overflow-x:auto;border-top:1px solid var(--ls)"),
    (".scroll table", "border-top:0"),
    (".scroll td", "white-space:nowrap"),
    (".strip", "display:flex;gap:1px;height:10px;flex:1 0 100%;border-radius:2px;overflow:hidden"),
    (".strip i", "min-width:1px"),
    (".axis", "display:flex;flex:1 0 100%;justify-content:space-between"),
    (".bar", "height:4px;background:var(--ls);overflow:hidden;display:flex"),
    (".note", "padding:7px 12px;font-size:12px;line-height:18px;white-space:pre-line"),
    (".bad", "background:color-mix(in srgb,var(--failed) 9%,var(--s))"),
    (".warn", "background:color-mix(in srgb,var(--stale) 9%,var(--s))"),
    (
        ".code",
        f"margin:0;padding:6px 0;background:var(--sk);color:inherit;font:12px/18px {_MONO};white-space:pre;overflow:auto;max-height:420px",
    ),
    (
        ".pre",
        f"margin:0;padding:7px 12px;background:none;color:inherit;font:12px/18px {_MONO};white-space:pre;overflow:auto;max-height:420px",
    ),
    (".code > div", "padding-right:8px"),
    (".code i", "display:inline-block;width:34px;padding-right:10px;text-align:right;font-style:normal;font-size:11px;color:var(--q)"),
    (".code .hit", "background:color-mix(in srgb,var(--failed) 9%,var(--s));box-shadow:inset 2px 0 var(--failed)"),
    ("summary", "cursor:pointer;padding:6px 12px;font-size:12px;line-height:18px;color:var(--q)"),
    ("figure", "margin:0;border-top:1px solid var(--ls);overflow-x:auto;background:var(--sk)"),
    ("figure .nbasset-lineage", "display:block;max-width:100%;height:auto"),
    (".k", "color:var(--ck);font-weight:600"),
    (".s", "color:var(--cs)"),
    (".u", "color:var(--cn)"),
    (".c", "color:var(--cc);font-style:italic"),
    (".d", "color:var(--cd)"),
    (".a", "color:var(--ca)"),
    (".chain", "list-style:none;margin:0;padding:6px 12px 4px;border-top:1px solid var(--ls)"),
    (".chain li", "position:relative;margin:0;padding:1px 0 6px 22px"),
    (".chain li:not(:last-child)", "background:linear-gradient(var(--l),var(--l)) 5px 20px/1px 100% no-repeat"),
    (".chain .g", "position:absolute;left:0;top:5px"),
    (".chain .code", "border:1px solid var(--ls);border-radius:4px;margin:4px 0;padding:4px 0"),
    (".sum", "display:flex;flex-wrap:wrap;gap:4px 28px;padding:7px 12px;border-top:1px solid var(--ls)"),
    (".hist", "display:inline-block;vertical-align:bottom"),
    (".nul", "color:var(--q);font-style:italic"),
    ("dl", "display:grid;grid-template-columns:max-content 1fr;gap:1px 16px;margin:0;width:100%"),
    ("dt,dd", "display:block;float:none;width:auto;margin:0;padding:0;min-width:0"),
    ("dt", "color:var(--q);font-weight:400;white-space:nowrap"),
    ("dd", "overflow-wrap:anywhere"),
    (".bare", "border:0;border-radius:0;background:none"),
    (".bare details,.bare figure", "border:0;background:none"),
)
