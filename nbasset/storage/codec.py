"""Events and texts as they stand in a database row.

What has a column of its own (time, run, kind) is not repeated in the payload, so that a plain row stays below 300 bytes.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from nbasset.events.kinds import Event
from nbasset.serde import Texts, from_json, to_json

EventRow: TypeAlias = tuple[int, int, "str | None", str, str]
"""Columns of the events table: number, time, run, kind, payload."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_encode_ascii = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), check_circular=False).encode


class Coded(NamedTuple):
    """An event with its columns, ready to be numbered."""

    event: Event
    at_us: int
    run_id: str | None
    kind: str
    payload: str


class CodedEvents(NamedTuple):
    """Events of one transaction. `texts` has what each of their facts became, by its identity: as long as the events live."""

    events: Sequence[Coded]
    texts: Mapping[int, str]


def encode_events(events: Iterable[Event]) -> CodedEvents:
    """Events with their columns.

    Raises
    ------
    TypeError
        If something inside cannot be stored as JSON.
    """
    writer = Texts()
    return CodedEvents([_coded(event, writer) for event in events], writer.known)


def _coded(event: Event, writer: Texts) -> Coded:
    payload = writer.fields(event, without=_COLUMNS)
    if not is_storable(payload):
        payload = _encode_ascii({name: value for name, value in to_json(event).items() if name != "$" and name not in _COLUMNS})
    return Coded(event, event.at_us, getattr(event, "run_id", None), type(event).__name__, payload)


_COLUMNS = frozenset(("at_us", "run_id"))


def decode_event(kind: str, at_us: int, run_id: str | None, payload: str) -> Any:
    """The event that `encode_event` took apart.

    Raises
    ------
    ValueError
        If a newer version wrote a kind that this one does not know.
    """
    fields = json.loads(payload)
    fields["$"] = kind
    fields["at_us"] = at_us
    if run_id is not None:
        fields["run_id"] = run_id
    return from_json(fields)


def json_text(plain: Any) -> str:
    """Compact JSON of plain data that every database can hold: a lone surrogate is escaped."""
    text = _encode(plain)
    return text if is_storable(text) else _encode_ascii(plain)


def is_storable(text: str) -> bool:
    """Whether every database can hold it: it has no lone surrogate."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def plain_text(text: str) -> str:
    r"""The text for a column that is only searched: what databases cannot hold is escaped.

    >>> plain_text("a\x00b\ud800")
    'a\\x00b\\ud800'
    """
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def text_id(text: str) -> str:
    """The content address of a text: 40 hexadecimal digits.

    >>> text_id("")
    '3345524abf6bbe1809449224b5972c41790b6cf2'
    """
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()


def pack_text(text: str) -> bytes:
    """The text, compressed."""
    return zlib.compress(text.encode("utf-8", "surrogatepass"))


def unpack_text(data: bytes) -> str:
    """The text that `pack_text` compressed."""
    return zlib.decompress(data).decode("utf-8", "surrogatepass")
