"""IPython syntax turned into plain Python, line for line.

A cell without magics is returned as it is. The usual ones (``%name``, ``!command``, ``x = %name``, ``name?`` on lines of their own) are
written as the calls that IPython itself makes of them, and the syntax tree proves that each line was a statement and not a part of a text.
Everything rarer goes through IPython's own transformer, imported only then: it costs a fifth of a second. Line numbers never move.

``%%asset`` makes an asset cell: the header is cut off and an empty line stays in its place. Of ``%%time``, ``%%prun`` and ``%%capture``
the body is Python; ``%%timeit`` binds nothing, so its cell is scratch; cells of other languages are opaque. ``%time statement`` is the
statement.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.source.program import Role
from nbasset.source.shapes import UNREADABLE, parse

CELL_MARK = "# nbasset-cell: "

_SUSPECT = re.compile(r"^[ \t]*(?:[%!?,;/]|>>>|In \[)|=[ \t]*[%!](?!=)|\?[ \t]*$|\A[ \t]+\S", re.MULTILINE)
_MAGIC = re.compile(r"([ \t]*)%([^\W\d][\w.]*)(?:[ \t](.*)|)\Z", re.DOTALL)
_COMMAND = re.compile(r"([ \t]*)(!!?)(.*)\Z", re.DOTALL)
_ASSIGNED = re.compile(r"([ \t]*)([^\s%!=][^%!=]*?)[ \t]*=[ \t]*(?:%([^\W\d][\w.]*)[ \t]*(.*)|!(.*))\Z", re.DOTALL)
_HELP = re.compile(r"([ \t]*)(%{0,2}[^\W\d][\w.]*)(\?\??)[ \t]*\Z|([ \t]*)(\?\??)[ \t]*(%{0,2}[^\W\d][\w.]*)[ \t]*\Z")
_MARK = re.compile(r"#[ \t]*nbasset-cell:[ \t]*(\S+)")
_HIDDEN = frozenset({"env", "set_env", "cd", "pushd", "popd", "run", "store", "dotenv", "load_dotenv"})
_PYTHON_BODIES = frozenset({"time", "prun", "capture"})
_RUNS_A_STATEMENT = frozenset({"time", "prun"})
_ROUNDS = 500


@dataclass(frozen=True, slots=True)
class MagicLine:
    """A line magic or shell command: its line, its name (``!`` for a command), the rest of the line.

    `assigns` when its result is given a name. `is_hidden` when it changes what the code depends on without leaving a trace in it
    (``%env``, ``%cd``, ``%run``, ``%store``).
    """

    line: int
    name: str
    argument: str
    assigns: bool = False

    @property
    def is_hidden(self) -> bool:
        """Whether it is hidden environment."""
        return self.name in _HIDDEN


@dataclass(frozen=True, slots=True)
class PlainCell:
    """A cell as plain Python: `text` has as many lines as the cell, or is empty for an opaque one.

    `role` is ``code``, ``asset`` (with `header`), ``scratch`` or ``opaque``, before tags are looked at. `magic` is the cell magic's name.
    `cell_id` is the id in a mark that a prepared notebook carries.
    """

    text: str
    role: Role = "code"
    header: str = ""
    magic: str = ""
    magics: tuple[MagicLine, ...] = ()
    cell_id: str | None = None


def plain_python(text: str) -> PlainCell:
    r"""A cell's source as plain Python.

    >>> plain_python("%%asset delays --group flights\ndaily.mean()")
    PlainCell(text='\ndaily.mean()', role='asset', header='delays --group flights', magic='asset', magics=(), cell_id=None)
    >>> plain_python("%matplotlib inline\nx = 1").text
    "get_ipython().run_line_magic('matplotlib', 'inline')\nx = 1"
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if lines[first].startswith("%%"):
        return _cell_magic(lines, first)
    body, magics = _plain_lines(text)
    return PlainCell(body, magics=magics, cell_id=_cell_mark(lines[first]))


def _cell_magic(lines: list[str], first: int) -> PlainCell:
    head = lines[first][2:]
    name, _, rest = head.partition(" ")
    rest = rest.strip()
    below = lines[first + 1] if first + 1 < len(lines) else ""
    cell_id = _cell_mark(below)
    if name.endswith("?"):
        return PlainCell("\n" * (len(lines) - 1), magic=name.rstrip("?"), cell_id=cell_id)
    if name != "asset" and name not in _PYTHON_BODIES and name != "timeit":
        return PlainCell("", "opaque", magic=name, cell_id=cell_id)
    start = "" if name != "capture" else _captured(rest)
    body, magics = _plain_lines("\n".join([*[""] * first, "", *lines[first + 1 :]]))
    if start:
        body = "\n".join([*[""] * first, start, *body.split("\n")[first + 1 :]])
    role: Role = "asset" if name == "asset" else "scratch" if name == "timeit" else "code"
    return PlainCell(body, role, rest if role == "asset" else "", name, magics, cell_id)


def _captured(rest: str) -> str:
    """``%%capture out`` binds ``out`` to what a kernel printed: kept as the assignment it is, so that who needs it is told."""
    target = next((word for word in rest.split() if word.isidentifier()), None)
    return f"{target} = get_ipython().run_line_magic('capture', {rest!r})" if target else ""


def _cell_mark(line: str) -> str | None:
    found = _MARK.match(line)
    return found[1] if found else None


def _plain_lines(text: str) -> tuple[str, tuple[MagicLine, ...]]:
    """Line magics, commands and help written as calls."""
    if not _SUSPECT.search(text) or _parses(text) is not None:
        return text, ()
    dedented = _dedented(text)
    found = _replaced(dedented)
    if found is not None:
        return found
    return _by_ipython(dedented)


def _parses(text: str) -> ast.Module | None:
    try:
        return parse(text)
    except UNREADABLE:
        return None


def _dedented(text: str) -> str:
    """Without the indentation of the first line, as IPython takes a pasted block."""
    lines = text.split("\n")
    first = next((line for line in lines if line.strip()), "")
    space = first[: len(first) - len(first.lstrip())]
    return "\n".join(line.removeprefix(space) for line in lines) if space else text


# -- the usual forms ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    """One line to be replaced; `count` lines in all when it goes on behind a backslash."""

    number: int
    count: int
    column: int
    text: str
    magic: MagicLine


def _replaced(text: str) -> tuple[str, tuple[MagicLine, ...]] | None:
    """The text with its usual magics replaced, or None when the result is not Python."""
    lines = text.split("\n")
    candidates = _candidates(lines)
    for _ in range(2):  # a line inside a text over several lines is put back, and the rest is tried again
        written = list(lines)
        for line in candidates:
            written[line.number - 1 : line.number - 1 + line.count] = [line.text, *[""] * (line.count - 1)]
        plain = "\n".join(written)
        tree = _parses(plain)
        if tree is None:
            return None
        starts = {(node.lineno, node.col_offset) for node in ast.walk(tree) if isinstance(node, ast.stmt)}
        kept = [line for line in candidates if (line.number, line.column) in starts]
        if len(kept) == len(candidates):
            return plain, tuple(line.magic for line in candidates)
        candidates = kept
    return None


def _candidates(lines: list[str]) -> list[_Line]:
    found: list[_Line] = []
    number = 0
    while number < len(lines):
        line, count = lines[number], 1
        while line.endswith("\\") and number + count < len(lines):
            line = line[:-1] + " " + lines[number + count]
            count += 1
        made = _line(number + 1, count, line)
        if made is not None:
            found.append(made)
            number += count
        else:
            number += 1
    return found


def _line(number: int, count: int, line: str) -> _Line | None:
    if help_line := _HELP.match(line):
        space = help_line[1] or help_line[4] or ""
        name, marks = help_line[2] or help_line[6], help_line[3] or help_line[5]
        magic = "pinfo2" if len(marks) == 2 else "pinfo"
        return _Line(number, count, len(space), f"{space}{_magic_call(magic, name)}", MagicLine(number, magic, name))
    if found := _MAGIC.match(line):
        space, name, rest = found[1], found[2], (found[3] or "").rstrip()
        magic_line = MagicLine(number, name, rest.strip())
        statement = rest.strip()
        if name in _RUNS_A_STATEMENT and statement and not statement.startswith("-") and count == 1 and _parses(statement) is not None:
            return _Line(number, count, len(space), f"{space}{statement}", magic_line)
        return _Line(number, count, len(space), f"{space}{_magic_call(name, rest)}", magic_line)
    if found := _COMMAND.match(line):
        space, marks, command = found[1], found[2], found[3].rstrip()
        method = "getoutput" if marks == "!!" else "system"
        return _Line(number, count, len(space), f"{space}get_ipython().{method}({command!r})", MagicLine(number, "!", command))
    if found := _ASSIGNED.match(line):
        space, target, name, rest, command = found[1], found[2], found[3], (found[4] or "").rstrip(), (found[5] or "").rstrip()
        call = _magic_call(name, rest) if name else f"get_ipython().getoutput({command!r})"
        magic_line = MagicLine(number, name or "!", rest if name else command, assigns=True)
        return _Line(number, count, len(space), f"{space}{target} = {call}", magic_line)
    return None


def _magic_call(name: str, rest: str) -> str:
    return f"get_ipython().run_line_magic({name!r}, {rest!r})"


# -- everything else ------------------------------------------------------------------------------------------------------


def _by_ipython(text: str) -> tuple[str, tuple[MagicLine, ...]]:
    """IPython's own transformer, step by step, so that lines it joins leave empty ones behind."""
    from IPython.core.inputtransformer2 import TransformerManager, classic_prompt, ipython_prompt

    manager: Any = TransformerManager()  # type: ignore[no-untyped-call]
    lines = [f"{line}\n" for line in text.split("\n")]
    for transform in (classic_prompt, ipython_prompt):
        lines = transform(lines)
    for _ in range(_ROUNDS):
        before = lines
        try:
            changed, lines = manager.do_one_token_transform(lines)
        except SyntaxError:
            lines = before
            break
        if not changed:
            break
        missing = len(before) - len(lines)
        if missing > 0:
            same = next((at for at, (old, new) in enumerate(zip(before, lines, strict=False)) if old != new), len(lines) - 1)
            lines = [*lines[: same + 1], *["\n"] * missing, *lines[same + 1 :]]
    plain = "".join(lines).removesuffix("\n")
    return plain, _magics_of(plain)


def _magics_of(plain: str) -> tuple[MagicLine, ...]:
    """Magic calls in what IPython wrote."""
    tree = _parses(plain)
    found: list[MagicLine] = []
    for node in ast.walk(tree) if tree is not None else ():
        value = node.value if isinstance(node, (ast.Expr, ast.Assign, ast.AnnAssign)) else None
        if not isinstance(node, ast.stmt) or not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
            continue
        inner = value.func.value
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == "get_ipython":
            texts = [str(item.value) if isinstance(item, ast.Constant) else "" for item in value.args]
            is_magic = value.func.attr == "run_line_magic"
            name, argument = (texts[0], texts[1]) if is_magic and len(texts) > 1 else ("!", texts[0] if texts else "")
            found.append(MagicLine(node.lineno, name, argument, assigns=not isinstance(node, ast.Expr)))
    return tuple(sorted(found, key=lambda magic: magic.line))
