"""Numbers and times as people read them; one wording for every face."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime


def ago(at_us: int, now_us: int) -> str:
    """How long ago something was: ``just now``, ``5 min ago``, ``2013-06-01``; the moment itself when `now_us` is 0, for what is saved.

    >>> ago(0, 90_000_000), ago(0, 7_200_000_000)
    ('1 min ago', '2 h ago')
    """
    if not now_us:
        return moment(at_us)[:-3]
    seconds = (now_us - at_us) / 1_000_000
    if seconds < 10:
        return "just now"
    if seconds < 60:
        return f"{int(seconds)} s ago"
    if seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    if seconds < 2 * 86400:
        return f"{int(seconds // 3600)} h ago"
    if seconds < 30 * 86400:
        return f"{int(seconds // 86400)} days ago"
    return datetime.fromtimestamp(at_us / 1_000_000, UTC).strftime("%Y-%m-%d")


def moment(at_us: int) -> str:
    """A moment in the machine's zone, to the second."""
    return datetime.fromtimestamp(at_us / 1_000_000, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def counted(number: int, word: str, plural: str = "") -> str:
    """A number with its word.

    >>> counted(1, "row"), counted(336776, "row"), counted(2, "day")
    ('1 row', '336,776 rows', '2 days')
    """
    return f"{number:,} {word if number == 1 else plural or word + 's'}"


def days_text(days: float) -> str:
    """A number of days.

    >>> days_text(7), days_text(1), days_text(0.5)
    ('7 days', 'day', '0.5 days')
    """
    return "day" if days == 1 else f"{days:g} days"


def size_text(size_bytes: int) -> str:
    """A number of bytes.

    >>> size_text(999), size_text(12_300_000)
    ('999 B', '12.3 MB')
    """
    size = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def duration(seconds: float) -> str:
    """A length of time.

    >>> duration(0.0042), duration(3.14), duration(125), duration(7260)
    ('4 ms', '3.1 s', '2 min 5 s', '2 h 1 min')
    """
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows below each other, as wide as their widest.

    >>> columns([("a", "1"), ("bcd", "22")])
    'a    1\\nbcd  22'
    """
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))] if rows else []
    return "\n".join("  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip() for row in rows)
