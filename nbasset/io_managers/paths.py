"""Where the file of an asset or a partition stands below the warehouse.

An asset without partitions is ``raw/orders.parquet``; a partition is ``orders/2013-01-01.parquet``; with several dimensions
``orders/day=2013-01-01/origin=JFK/part.parquet``, dimensions by name. Partition keys are free text, so what cannot stand in a file name is
written as ``%XX``, byte by byte of UTF-8, as in a web address, and can be read back (`decode`). A name never leads out of the warehouse: it
holds no separator, never starts with a dot and is no reserved word.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from nbasset.keys import AssetKey

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+@~-]*\Z")
# Separators, wildcards, what Windows forbids, what web addresses and shells give a meaning, and the sign of escaping itself.
_UNSAFE = frozenset("%/\\:*?\"'<>|[]{}$&;!`^#,\x7f")
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|\Z)")
LONGEST_NAME = 180  # bytes; a file name has at most 255, and an ending and a dimension's name come on top
OPS = ".ops"
"""The folder of what ops give to each other, by run."""


def asset_path(key: AssetKey, partition: str | Mapping[str, str] | None = None, *, extension: str = ".parquet") -> str:
    """The path of an asset or of one partition, relative to the warehouse, with ``/``.

    >>> asset_path(AssetKey(["raw", "orders"])), asset_path(AssetKey("o"), {"origin": "JFK", "day": "2013-01-01"})
    ('raw/orders.parquet', 'o/day=2013-01-01/origin=JFK.parquet')
    >>> asset_path(AssetKey("o"), "../../etc/passwd")
    'o/%2E.%2F..%2Fetc%2Fpasswd.parquet'
    """
    parts = [encode(part, is_key=True) for part in key.path]
    if isinstance(partition, Mapping):
        parts += [f"{_dimension(name)}={encode(value, is_key=True)}" for name, value in sorted(partition.items())]
    elif partition is not None:
        parts.append(encode(partition))
    return "/".join(parts) + extension


def op_path(identifier: Collection[str], *, extension: str = ".parquet") -> str:
    """The path of an op's output, by run, step and name: below a hidden folder, since it is no table for readers."""
    return "/".join([OPS, *(encode(part) for part in identifier)]) + extension


def dimensions(partition_key: str, partitions_def: Any = None) -> str | Mapping[str, str]:
    """The key of each dimension for a partition of several dimensions, else the key itself."""
    by_dimension = getattr(partition_key, "keys_by_dimension", None)
    if by_dimension is None:
        parse = getattr(partitions_def, "key_from_text", None)
        by_dimension = getattr(parse(partition_key), "keys_by_dimension", None) if parse is not None else None
    return dict(by_dimension) if by_dimension is not None else partition_key


def encode(text: str, *, is_key: bool = False) -> str:
    """A file name for any text, the same for the same text and different for different ones.

    Letters of all languages stay readable; what is unsafe somewhere, invisible, or not in Unicode's composed form is escaped. Text longer
    than `LONGEST_NAME` bytes is cut and ends in ``%h`` and a hash; the whole of it stands in the file. `is_key` allows a leading ``_``,
    which readers of partitioned tables take for hidden.
    """
    if _PLAIN.match(text) and text[-1] != "." and len(text) <= LONGEST_NAME and not _RESERVED.match(text):
        return text
    composed = unicodedata.is_normalized("NFC", text)
    name = "".join(char if _may_stand(char, composed) else _escape(char) for char in text)
    if not name:
        return "%h"
    if name[0] in ". " or (name[0] == "_" and not is_key) or _RESERVED.match(name):
        name = _escape(name[0]) + name[1:]
    if name[-1] in ". ":
        name = name[:-1] + _escape(name[-1])
    if len(name.encode()) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    head = name.encode()[: LONGEST_NAME - 40].decode("utf-8", "ignore")
    return re.sub(r"%[0-9A-F]?\Z", "", head) + "%h" + digest


def decode(name: str) -> str | None:
    """The text that `encode` made a name from; None for one that was cut.

    >>> decode(encode("a/b c")), decode(encode("x" * 1000))
    ('a/b c', None)
    """
    if name == "%h":
        return ""
    if "%h" in name:
        return None
    return unquote_to_bytes(name).decode("utf-8", "surrogatepass")


def without_clash(name: str, taken: Collection[str]) -> str:
    """The name to use beside `taken` on a file system that does not tell upper from lower case.

    A name that differs from another only in case gets its capitals escaped, or its first letter if there are none: again reversible.

    >>> without_clash("Jan.parquet", ["jan.parquet"]), without_clash("Jan.parquet", ["Jan.parquet"])
    ('%4Aan.parquet', 'Jan.parquet')
    """
    capitals = {at for at, char in enumerate(name) if char.isupper()} or {next((at for at, char in enumerate(name) if char.isalpha()), -1)}
    escaped = "".join(_escape(char) if at in capitals else char for at, char in enumerate(name))
    if escaped in taken:
        return escaped
    if name in taken or not any(other.casefold() == name.casefold() for other in taken):
        return name
    return escaped


def _may_stand(char: str, composed: bool) -> bool:
    if char < "\x80":
        return char >= " " and char not in _UNSAFE
    return composed and char.isprintable()


def _escape(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass"))


def _dimension(name: str) -> str:
    return encode(name, is_key=True).replace("=", "%3D")
