"""Parts that several cards share: times, counts, strips, code, errors, problems."""

from __future__ import annotations

import io
import keyword
import re
import tokenize
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from nbasset.commands.words import counted, moment
from nbasset.definitions.partitions import PartitionsDefinition, PartitionsView
from nbasset.drawing.picture import State
from nbasset.drawing.states import MARKS, in_order, say
from nbasset.errors import Problem
from nbasset.events.facts import ErrorInfo, Frame
from nbasset.notebook.html import Html, code_text, element, glyph, joined, quiet, spaced, state_word
from nbasset.ordinals import OrdinalSet
from nbasset.planning.states import AssetState

_SEGMENTS = 240
_MOST_FRAMES = 3
_MOST_PROBLEMS = 6


def when(at_us: int) -> Html:
    """A moment to the minute, in the machine's zone, with the full time for whoever points at it."""
    if not at_us:
        return Html("")
    full = datetime.fromtimestamp(at_us / 1_000_000, UTC).astimezone().isoformat(timespec="seconds")
    return element("time", moment(at_us)[:-3], datetime=full, title=full)


def day_and_time(at_us: int) -> str:
    """A moment in a dozen characters, in the machine's zone: ``24 Nov 23:41``."""
    local = datetime.fromtimestamp(at_us / 1_000_000, UTC).astimezone()
    return f"{local.day} {_MONTHS[local.month - 1]} {local:%H:%M}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def number(count: int) -> str:
    """A count with its thousands parted, as in every other fact."""
    return f"{count:,}"


def counts_line(counts: Iterable[tuple[State, int]]) -> Html:
    """Counts by state, most urgent first."""
    return spaced(*(state_word(state, say([(state, count)])) for state, count in in_order(counts)))


# -- strips -------------------------------------------------------------------------------------------------------------------


def strip(
    definition: PartitionsDefinition, state: AssetState, running: tuple[State, OrdinalSet | None] | None, view: PartitionsView
) -> Html:
    """The partitions of an asset in order, neighbours in one state merged, with keys along it."""
    ordinals = definition.ordinals(view)
    if not ordinals:
        return quiet("no partition exists yet")
    layers: list[tuple[State, OrdinalSet]] = [("failed", state.failed), ("stale", state.stale), ("fresh", state.fresh)]
    if running is not None:
        layers.insert(0, (running[0], running[1] if running[1] is not None else ordinals))
    runs = merged(ordinals, layers)
    parts = [element("i", style=f"flex:{count};{_fill(kind)}") for kind, count in runs]
    states = say([(kind, sum(count for one, count in runs if one == kind)) for kind in dict.fromkeys(kind for kind, _ in runs)])
    label = f"{number(len(ordinals))} partitions: {states}"
    return joined(element("div", *parts, class_="strip", role="img", aria_label=label), _axis(definition, ordinals, view))


def merged(ordinals: OrdinalSet, layers: Sequence[tuple[State, OrdinalSet]]) -> list[tuple[State, int]]:
    """Runs of equal state in order of ordinals; the first layer that holds an ordinal says its state, none means missing.

    >>> merged(OrdinalSet.between(0, 6), [("fresh", OrdinalSet.between(1, 3))])
    [('missing', 1), ('fresh', 2), ('missing', 3)]
    """
    spans: list[tuple[int, int, State]] = []
    left = ordinals
    for state, held in layers:
        mine = left & held
        spans.extend((start, stop, state) for start, stop in mine.runs)
        left = left - mine
    spans.extend((start, stop, "missing") for start, stop in left.runs)
    found: list[tuple[State, int]] = []
    for start, stop, state in sorted(spans):
        if found and found[-1][0] == state:
            found[-1] = (state, found[-1][1] + stop - start)
        else:
            found.append((state, stop - start))
    return found if len(found) <= _SEGMENTS else _coarse(found)


def _coarse(runs: list[tuple[State, int]]) -> list[tuple[State, int]]:
    """At most so many segments as can be seen; each takes the state that fills most of it."""
    total = sum(count for _, count in runs)
    size = total / _SEGMENTS
    found: list[tuple[State, int]] = []
    bucket: dict[State, int] = {}
    filled = 0.0
    for state, count in runs:
        while count:
            part = min(count, max(1, round(size - filled)))
            bucket[state] = bucket.get(state, 0) + part
            filled += part
            count -= part
            if filled >= size:
                most = max(bucket, key=lambda one: bucket[one])
                found.append((most, sum(bucket.values())))
                bucket, filled = {}, 0.0
    if bucket:
        found.append((max(bucket, key=lambda one: bucket[one]), sum(bucket.values())))
    return found


def _fill(state: State) -> str:
    if state == "missing":
        return "background:none;box-shadow:inset 0 0 0 1px var(--missing-f)"
    if state == "stale":
        return "background:linear-gradient(to bottom,color-mix(in srgb,var(--stale-f) 30%,var(--s)) 36%,var(--stale-f) 0)"
    return f"background:var(--{state}-f)"


def _axis(definition: PartitionsDefinition, ordinals: OrdinalSet, view: PartitionsView) -> Html:
    positions = sorted({0, len(ordinals) // 4, len(ordinals) // 2, 3 * len(ordinals) // 4, len(ordinals) - 1})
    chosen = OrdinalSet.of(_at(ordinals, positions))
    keys = [definition.key_of(ordinal, view.table) for ordinal in chosen]
    if any(len(key) > 16 for key in keys):
        keys = [keys[0], keys[-1]] if len(keys) > 1 else keys
    return element("div", *(element("span", key) for key in keys), class_="axis m")


def _at(ordinals: OrdinalSet, positions: Sequence[int]) -> list[int]:
    found, passed = [], 0
    for start, stop in ordinals.runs:
        found += [start + position - passed for position in positions if passed <= position < passed + stop - start]
        passed += stop - start
    return found


# -- words --------------------------------------------------------------------------------------------------------------------


def prose(text: str) -> Html:
    """A sentence whose names stand out: what is in backticks or quotes is set as code, without them."""
    parts: list[object] = []
    at = 0
    for found in _NAMES.finditer(text):
        parts += [text[at : found.start()], code_text(found[1] or found[2])]
        at = found.end()
    return joined(*parts, text[at:])


_NAMES = re.compile(r"`([^`]+)`|(?<!\w)'([^'\s]+)'(?!\w)")


# -- code ---------------------------------------------------------------------------------------------------------------------


def code_block(lines: Iterable[tuple[int, str]], *, hits: frozenset[int] = frozenset()) -> Html:
    """Numbered lines of Python; those in `hits` are marked."""
    numbered = list(lines)
    words = coloured([text for _, text in numbered])
    rows = [
        element("div", element("i", line), " ", text or " ", class_="hit" if line in hits else None)
        for (line, _), text in zip(numbered, words, strict=True)
    ]
    return element("pre", *rows, class_="code")


def coloured(lines: list[str]) -> list[Html]:
    """Python with its words in colour; text that is none stays as it is."""
    parts: list[list[object]] = [[] for _ in lines]
    at = [0] * len(lines)

    def put(row: int, start: int, stop: int, kind: str) -> None:
        line = lines[row]
        if start > at[row]:
            parts[row].append(line[at[row] : start])
        piece = line[start:stop]
        parts[row].append(element("span", piece, class_=kind) if kind else piece)
        at[row] = max(at[row], stop)

    before = ""
    try:
        for token in tokenize.generate_tokens(io.StringIO("\n".join(lines)).readline):
            kind = _kind(token, before)
            before = token.string if token.string.strip() else before
            if kind:
                for row in range(token.start[0] - 1, min(token.end[0], len(lines))):
                    start = token.start[1] if row == token.start[0] - 1 else 0
                    put(row, start, token.end[1] if row == token.end[0] - 1 else len(lines[row]), kind)
    except (tokenize.TokenError, SyntaxError, ValueError):
        pass
    return [joined(*parts[row], line[at[row] :]) for row, line in enumerate(lines)]


def _kind(token: tokenize.TokenInfo, before: str) -> str:
    if token.type == tokenize.COMMENT:
        return "c"
    if token.type == tokenize.NUMBER:
        return "u"
    if tokenize.tok_name[token.type] in ("STRING", "FSTRING_START", "FSTRING_MIDDLE", "FSTRING_END"):
        return "s"
    if token.type == tokenize.NAME:
        if keyword.iskeyword(token.string):
            return "k"
        if before in ("def", "class"):
            return "d"
        return "a" if before == "@" else ""
    return "a" if token.string == "@" and token.start[1] == 0 else ""


# -- errors and problems ------------------------------------------------------------------------------------------------------


def same_errors(errors: Iterable[tuple[str, ErrorInfo]]) -> list[tuple[str, ErrorInfo]]:
    """Errors that say the same of the same place once, with what they befell: ``orders[2013-01-01] and 3 more``."""
    found: dict[tuple[str, str, str], list[tuple[str, ErrorInfo]]] = {}
    for step, error in errors:
        found.setdefault((error.cls, error.message, error.place), []).append((step, error))
    return [(said[0][0] + (f" and {len(said) - 1:,} more" if len(said) > 1 else ""), said[0][1]) for said in found.values()]


def error_block(error: ErrorInfo, *, title: str = "") -> Html:
    """An error for people: the place first, then what it says, the user's lines, how many frames are folded."""
    users = [frame for frame in error.frames if frame.is_user][-_MOST_FRAMES:]
    place = error.place
    head = element(
        "div",
        element("div", element("b", _capital(place)), quiet(" in ", title) if title and place else element("b", title)),
        element("div", element("b", error.cls, style="color:var(--failed)"), f": {error.message}" if error.message else "", class_="mono"),
        class_="note",
    )
    frames = [_frame(frame, with_name=len(users) > 1) for frame in users if frame.code]
    folded = len(error.frames) - len([frame for frame in error.frames if frame.is_user])
    tail = [element("div", f"{counted(folded, 'frame')} of libraries not shown", class_="note q")] if folded and frames else []
    cause = [element("div", "caused by", class_="note q"), error_block(error.cause)] if error.cause is not None else []
    return joined(head, frames, tail, cause)


def _frame(frame: Frame, *, with_name: bool) -> Html:
    head = element("div", quiet(frame.function, ", ", frame.file), class_="note") if with_name else None
    return joined(head, code_block(frame.code, hits=frozenset({frame.line})))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def error_lines(error: ErrorInfo, *, indent: str = "  ") -> list[str]:
    """The same as plain text."""
    from nbasset.execution.failures import text_of

    return [indent + line for line in text_of(error).split("\n")]


def problems_block(problems: Iterable[Problem]) -> Html:
    """Problems as notices, errors before notes; of many only the first."""
    ordered = sorted(dict.fromkeys(problems), key=lambda problem: problem.severity != "error")
    shown = [_problem(problem) for problem in ordered[:_MOST_PROBLEMS]]
    more = len(ordered) - len(shown)
    return joined(shown, element("div", f"and {more} more", class_="note q") if more > 0 else None)


def _problem(problem: Problem) -> Html:
    state: State = "problem" if problem.severity == "error" else "stale"
    where = quiet(f" ({problem.where})") if problem.where else None
    hint = element("div", quiet(problem.hint)) if problem.hint else None
    return element(
        "div", glyph(state), " ", problem.message, where, hint, class_="note bad" if problem.severity == "error" else "note warn"
    )


def problem_lines(problems: Iterable[Problem], *, indent: str = "  ") -> list[str]:
    """The same as plain text."""
    found = []
    for problem in sorted(dict.fromkeys(problems), key=lambda one: one.severity != "error"):
        word = "problem" if problem.severity == "error" else "note"
        found += [f"{indent}{word}: {line}" if at == 0 else f"{indent}  {line}" for at, line in enumerate(str(problem).split("\n"))]
    return found


def notice(text: str, *, kind: str = "warn") -> Html:
    """A sentence to the user."""
    return element("div", glyph("stale" if kind == "warn" else "problem"), " ", text, class_=f"note {kind}")


def names(keys: Iterable[object], *, most: int = 4) -> Html:
    """Keys with commas; of many the first and how many more."""
    listed = list(keys)
    shown: list[object] = []
    for at, key in enumerate(listed[:most]):
        shown += [", " if at else "", code_text(key)]
    if len(listed) > most:
        shown.append(f" and {len(listed) - most} more")
    return joined(*shown)


def mark(state: State) -> str:
    """The state's sign for plain text."""
    return MARKS[state]
