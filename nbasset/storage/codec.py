"""Events and texts as they stand in a database row.

What has a column of its own (time, run, kind) is not repeated in the payload, so that a plain row stays below 300 bytes.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from nbasset.events.kinds import Event
from nbasset.serde import from_json, to_json

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
    facts: Sequence[Any] = ()

    def plain_facts(self) -> Iterator[tuple[object, Any]]:
        """The facts of the event, each with the plain data that it became."""
        return zip(getattr(self.event, "facts", ()), self.facts, strict=True)


def encode_event(event: Event) -> Coded:
    """The event and its columns.

    Raises
    ------
    TypeError
        If something inside cannot be stored as JSON.
    """
    fields = to_json(event)
    kind = fields.pop("$")
    at_us = fields.pop("at_us")
    return Coded(event, at_us, fields.pop("run_id", None), kind, json_text(fields), fields.get("facts", ()))


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
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return _encode_ascii(plain)
    return text


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
