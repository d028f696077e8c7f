"""Digests that staleness compares: what went into a version, without its content."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from nbasset.events.facts import InputUsed


def digest_of(parts: Iterable[str]) -> str:
    """A short digest of some texts in order; 32 hexadecimal digits. Each text counts with its length in bytes, so none can run into the
    next.
    """
    return digest_of_counted("".join([counted(text) for text in parts]))


def counted(text: str) -> str:
    """A text with its length in bytes before it.

    >>> counted("orders="), counted("Å")
    ('7:orders=', '2:Å')
    """
    return f"{len(text) if text.isascii() else len(text.encode('utf-8', 'surrogatepass'))}:{text}"


def digest_of_counted(texts: str) -> str:
    """The digest of counted texts, one after the other."""
    return blake2b(texts.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def versions_digest(data_versions: Sequence[str], ordinals: Iterable[int] = ()) -> str:
    """The digest of what one input read: the data version itself for one value, for several a digest over those that are there.

    A partition that has no data yet does not count, so that a new day on the calendar changes nothing until it is made.
    """
    if len(data_versions) <= 1:
        return data_versions[0] if data_versions else ""
    places = ordinals or range(len(data_versions))
    return digest_of([f"{place}={version}" for place, version in zip(places, data_versions, strict=True) if version])


def input_digest(*, code: str, config: str, io: str, inputs: Iterable[InputUsed]) -> str:
    """What a version was made from: code, configuration, I/O and the data versions that it read.

    Another byte in any of them gives another digest. Which *versions* of the inputs were read does not count, only what was in them.
    """
    return input_digest_of(code, config, io, [(used.asset.to_user_string(), used.digest) for used in inputs])


def input_digest_of(code: str, config: str, io: str, inputs: Iterable[tuple[str, str]]) -> str:
    """The same from user strings of the inputs and their digests."""
    return "i1:" + digest_of([code, config, io, *[f"{name}={digest}" for name, digest in sorted(inputs)]])


def head_of_digest(code: str, config: str, io: str) -> str:
    """How the counted texts of an input digest begin, whatever was read."""
    return f"{counted(code)}{counted(config)}{counted(io)}"


def input_digest_of_counted(head: str, inputs: str) -> str:
    """The same from the head and the counted texts of the inputs, in order of their names."""
    return f"i1:{digest_of_counted(head + inputs)}"
