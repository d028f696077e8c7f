"""What a version was made with besides code and content: kept beside each partition as one short text, shared by those made alike.

Staleness compares these columns, so that it need not read the event of each partition.
"""

from __future__ import annotations

from functools import lru_cache

from nbasset.dataclass import dataclass
from nbasset.events.facts import AssetMaterialized, InputUsed

PACKAGES_TAG = "nbasset/packages"
_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Recipe:
    """`config` and `io` are versions, `inputs` the user strings of what was read, sorted, `packages` the text of the packages' tag.

    `as_of` is the last entry that had been seen of an input that changed while the version was being made; 0 when none did.
    """

    config: str = ""
    io: str = ""
    packages: str = ""
    inputs: tuple[str, ...] = ()
    as_of: int = 0


def recipe_text(fact: AssetMaterialized, *, as_of: int = 0) -> str:
    """The recipe of a materialization as text; empty when there is nothing to say, or nobody knows how it was made."""
    inputs = ",".join(sorted([used.asset.to_user_string() for used in fact.inputs]))
    packages = fact.tags.get(PACKAGES_TAG, "") if fact.tags else ""
    parts = (fact.config_version, fact.io_version, packages, inputs, str(as_of) if as_of else "")
    return _SEPARATOR.join(parts) if fact.input_digest and any(parts) else ""


@lru_cache(maxsize=4096)
def recipe_of(text: str) -> Recipe:
    """The recipe that `recipe_text` wrote.

    >>> from nbasset.keys import AssetKey
    >>> recipe_of(recipe_text(AssetMaterialized(AssetKey("a"), input_digest="i1:0", io_version="parquet")))
    Recipe(config='', io='parquet', packages='', inputs=(), as_of=0)
    """
    if not text:
        return Recipe()
    config, io, packages, inputs, as_of = text.split(_SEPARATOR)
    return Recipe(config, io, packages, tuple(inputs.split(",")) if inputs else (), int(as_of or 0))


def recipe_of_fact(fact: AssetMaterialized) -> Recipe:
    """The recipe of a materialization."""
    return recipe_of(recipe_text(fact))


def input_of(fact: AssetMaterialized, name: str) -> InputUsed | None:
    """What was read of one asset."""
    return next((used for used in fact.inputs if used.asset.to_user_string() == name), None)
