"""What a daemon tells: one line a fact, in whole sentences, and nothing in it that a terminal would obey."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str], None]
_LONGEST = 2000


def one_line(text: str) -> str:
    r"""A text on one line, control characters written out, shortened if it is very long.

    >>> print(one_line("a\x1b[31m\nb"))
    a\x1b[31m b
    """
    joined = " ".join(part.strip() for part in text.splitlines() if part.strip())
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode() for char in joined)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} ..."
