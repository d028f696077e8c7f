"""Digests that staleness compares: what went into a version, without its content."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from nbasset.events.facts import InputUsed


def digest_of(parts: Iterable[str]) -> str:
    """A short digest of some texts in order; 32 hexadecimal digits. Each text counts with its length, so none can run into the next."""
    state = blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        state.update(b"%d:" % len(data))
        state.update(data)
    return state.hexdigest()


def versions_digest(data_versions: Sequence[str]) -> str:
    """The digest of what one input read: the data version itself for one value, a digest over all in order of ordinal for several."""
    return data_versions[0] if len(data_versions) == 1 else digest_of(data_versions)


def input_digest(*, code: str, config: str, io: str, inputs: Iterable[InputUsed]) -> str:
    """What a version was made from: code, configuration, I/O and the data versions that it read.

    Another byte in any of them gives another digest. Which *versions* of the inputs were read does not count, only what was in them.
    """
    parts = [f"{used.asset}={used.digest}" for used in sorted(inputs, key=lambda used: used.asset)]
    return "i1:" + digest_of([code, config, io, *parts])
