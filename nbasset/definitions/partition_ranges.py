"""Partitions as people write them: ``2013-01-01..2013-01-31, 2013-03-01`` and back.

A text is a list with commas of keys and ranges; ``a..b``, ``a...b`` and ``[a...b]`` all mean from `a` to `b`, both included. A key that
holds a comma, a bracket, a quote, two dots, or a blank at an end is written in double quotes, a quote in it twice. With several
dimensions a range goes from the one key to the other in each dimension.
"""

from __future__ import annotations

import re

from nbasset.definitions.multi_partitions import MultiPartitionsDefinition, join_keys
from nbasset.definitions.partitions import PartitionKeyRange, PartitionsDefinition, PartitionsView
from nbasset.definitions.time_windows import TimeWindows
from nbasset.definitions.window_numbers import SECOND_IN_HOUR
from nbasset.errors import InvalidPartitionRange
from nbasset.ordinals import OrdinalSet

_PLAIN = re.compile(r'[^\s,\[\]";](?:[^,\[\]";]*[^\s,\[\]";])?\Z')
_PIECE = re.compile(r'"(?:[^"]|"")*"|\.{2,}|[^".]+|[".]')


def parse_ranges(text: str, definition: PartitionsDefinition, view: PartitionsView) -> OrdinalSet:
    """The partitions that a text names; all of them exist.

    >>> from datetime import UTC, datetime
    >>> from nbasset.definitions.listed_partitions import StaticPartitionsDefinition
    >>> letters, view = StaticPartitionsDefinition(["a", "b", "c", "d"]), PartitionsView(datetime(2025, 1, 1, tzinfo=UTC))
    >>> letters.keys_of(parse_ranges("[b...c], a", letters, view), view.table)
    ['a', 'b', 'c']

    Raises
    ------
    UnknownPartitionError
        If a key does not exist.
    InvalidPartitionRange
        If the text cannot be read, or a range ends before it starts.
    """
    found, keys = OrdinalSet(), []
    for item in read_ranges(text):
        if isinstance(item, PartitionKeyRange):
            found |= definition.ordinals_in_range(item, view)
        else:
            keys.append(item)
    return found | definition.ordinals_of(keys, view)


def read_ranges(text: str) -> list[str | PartitionKeyRange]:
    """The keys and ranges that a text names, whether or not they exist.

    Raises
    ------
    InvalidPartitionRange
        If the text cannot be read.
    """
    found: list[str | PartitionKeyRange] = []
    for piece in split_outside_quotes(text, ","):
        stripped = piece.strip()
        inner = stripped[1:-1] if stripped.startswith("[") and stripped.endswith("]") else stripped
        ends = _ends(inner)
        if len(ends) > 2 or any(not end for end in ends) or (inner is not stripped and len(ends) != 2):
            raise InvalidPartitionRange(
                f"{piece.strip()!r} in {text!r} is neither a key nor a range. Write a..b, a...b or [a...b]; "
                'quote a key with a comma or two dots: "a,b".'
            )
        start = _unquoted(ends[0])
        found.append(PartitionKeyRange(start, _unquoted(ends[1])) if len(ends) == 2 else start)
    return found


def format_ranges(ordinals: OrdinalSet, definition: PartitionsDefinition, view: PartitionsView) -> str:
    """The text that `parse_ranges` reads back, as short as may be: keys that follow each other become a range."""
    return ", ".join(
        quoted(each.start) if each.start == each.end else f"{quoted(each.start)}..{quoted(each.end)}"
        for each in ranges_of(ordinals, definition, view)
    )


def ranges_of(ordinals: OrdinalSet, definition: PartitionsDefinition, view: PartitionsView) -> list[PartitionKeyRange]:
    """Partitions as ranges of keys, in order; a single key is a range from itself to itself."""
    if isinstance(definition, MultiPartitionsDefinition):
        return _multi_ranges(ordinals, definition, view)
    if isinstance(definition, TimeWindows) and definition.calendar.numbers is not None:
        return _calendar_ranges(ordinals, definition, view)
    places = {key: at for at, key in enumerate(definition._keys(view))}
    found: list[PartitionKeyRange] = []
    last_place: int | None = None
    for key in sorted(definition.keys_of(ordinals, view.table), key=lambda key: places.get(key, len(places))):
        place = places.get(key)
        if place is not None and last_place is not None and place == last_place + 1:
            found[-1] = PartitionKeyRange(found[-1].start, key)
        else:
            found.append(PartitionKeyRange(key, key))
        last_place = place
    return found


def quoted(key: str) -> str:
    """A key as it stands in a text: in quotes where it must be."""
    return key if _PLAIN.match(key) and ".." not in key else '"' + key.replace('"', '""') + '"'


def split_outside_quotes(text: str, separator: str) -> list[str]:
    """The parts of a text between separators that stand outside double quotes."""
    parts, is_quoted = [""], False
    for character in text:
        if character == '"':
            is_quoted = not is_quoted
        if character == separator and not is_quoted:
            parts.append("")
        else:
            parts[-1] += character
    if is_quoted:
        raise InvalidPartitionRange(f"a quote is opened and not closed in {text!r}.")
    return parts


def _calendar_ranges(ordinals: OrdinalSet, definition: TimeWindows, view: PartitionsView) -> list[PartitionKeyRange]:
    existing, table = definition.ordinals(view), view.table
    if ordinals.runs and ordinals.runs[-1][1] > SECOND_IN_HOUR:
        keys = definition.keys_of(ordinals, table)
        return [PartitionKeyRange(key, key) for key in keys]
    joined: list[tuple[int, int]] = []
    for start, stop in ordinals.runs:
        if joined and not OrdinalSet.between(joined[-1][1], start) & existing:
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((start, stop))
    for second in existing & OrdinalSet.between(SECOND_IN_HOUR, SECOND_IN_HOUR * 2):  # none of them is meant, so no range goes over one
        at = second - SECOND_IN_HOUR + 1
        joined = [piece for one in joined for piece in ([(one[0], at), (at, one[1])] if one[0] < at < one[1] else [one])]
    return [PartitionKeyRange(definition.key_of(start, table), definition.key_of(stop - 1, table)) for start, stop in joined]


def _multi_ranges(ordinals: OrdinalSet, definition: MultiPartitionsDefinition, view: PartitionsView) -> list[PartitionKeyRange]:
    names = definition.partition_dimension_names
    along = names.index(definition.time_window_dimension or names[0])
    inner = definition.partitions_defs[names[along]]
    groups: dict[tuple[str, ...], list[str]] = {}
    for key in definition.keys_of(ordinals, view.table):
        parts = definition.parts_of(key)
        groups.setdefault((*parts[:along], *parts[along + 1 :]), []).append(parts[along])
    found = []
    for rest, keys in groups.items():
        for each in ranges_of(OrdinalSet.of(inner.ordinal_of(key, view.table) for key in keys), inner, view):
            start, end = (join_keys((*rest[:along], key, *rest[along:])) for key in (each.start, each.end))
            found.append(PartitionKeyRange(start, end))
    return found


def _ends(text: str) -> list[str]:
    """What stands before and after the dots of a range."""
    ends = [""]
    for word in _PIECE.findall(text):
        if word in ("..", "..."):
            ends.append("")
        else:
            ends[-1] += word
    return [end.strip() for end in ends]


def _unquoted(word: str) -> str:
    if not word.startswith('"'):
        if '"' in word:
            raise InvalidPartitionRange(f"{word!r} holds a quote. Write it in quotes, and the quote twice.")
        return word
    if len(word) < 2 or not re.fullmatch(r'"(?:[^"]|"")*"', word):
        raise InvalidPartitionRange(f"{word!r} is no key in quotes.")
    return word[1:-1].replace('""', '"')
