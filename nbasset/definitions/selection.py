"""Which assets: `AssetSelection` as an object, and the one grammar in which people type it.

The grammar is the reference's newer one, also where a bare name stands alone: ``+`` on a side means *all* upstream or downstream,
``2+`` two levels. A bare name is a key (``orders+`` = ``key:"orders"+``), ``*`` stands for any text in a value, ``and``/``or``/``not``
combine, commas unite. An older grammar in which a bare ``+`` was one level is not kept: one text should have one meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from fnmatch import translate
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from nbasset.dataclass import dataclass
from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.catalog import Catalog, CatalogAsset
from nbasset.definitions.runtime import runtime
from nbasset.definitions.selection_text import SelectionReader
from nbasset.definitions.specs import AssetSpec
from nbasset.errors import InvalidSelection, UnknownAsset, did_you_mean
from nbasset.events.facts import CheckKey
from nbasset.keys import AssetKey
from nbasset.serde import serializable

if TYPE_CHECKING:
    from nbasset.keys import CoercibleToAssetKey

CoercibleToAssetSelection: TypeAlias = Any
StatusOf = Callable[[AssetKey], str]


@serializable
@dataclass(frozen=True, slots=True)
class AssetSelection:
    """A set of assets said in words; which ones they are depends on what is defined (`resolve`).

    `op` names the node of the expression, `args` its parts. Make one with the constructors or from text, combine with ``|``, ``&``, ``-``.

    >>> str(AssetSelection.groups("raw").downstream(depth=1) - AssetSelection.assets("airlines"))
    'group:"raw"+1 and not key:"airlines"'
    """

    op: str
    args: tuple[Any, ...] = ()
    with_checks: Literal["auto", "none", "only"] = "auto"

    # -- constructors ------------------------------------------------------------------------------------------------------

    @staticmethod
    def all(include_sources: bool = False) -> AssetSelection:
        """Everything that can be made; external assets too if asked."""
        return AssetSelection("all", (include_sources,))

    @staticmethod
    def assets(*assets: CoercibleToAssetKey | AssetsDefinition) -> AssetSelection:
        """These assets; a definition stands for all that it makes."""
        keys: list[AssetKey] = []
        for one in assets:
            keys.extend(one.keys if isinstance(one, AssetsDefinition) else [AssetKey.from_coercible(one)])
        return AssetSelection("keys", tuple(dict.fromkeys(keys)))

    @staticmethod
    def keys(*asset_keys: CoercibleToAssetKey) -> AssetSelection:
        """The assets with these keys."""
        return AssetSelection.assets(*asset_keys)

    @staticmethod
    def groups(*group_strs: str, include_sources: bool = False) -> AssetSelection:
        """The assets of these groups."""
        return _any_of("group", group_strs, include_sources)

    @staticmethod
    def tag(key: str, value: str, include_sources: bool = False) -> AssetSelection:
        """The assets with this tag and value."""
        return AssetSelection("match", ("tag", f"{key}={value}", include_sources))

    @staticmethod
    def kind(kind: str, include_sources: bool = False) -> AssetSelection:
        """The assets of this kind."""
        return AssetSelection("match", ("kind", kind, include_sources))

    @staticmethod
    def owner(owner: str) -> AssetSelection:
        """The assets that this person or team owns."""
        return AssetSelection("match", ("owner", owner, False))

    @staticmethod
    def key_prefixes(*key_prefixes: str | Sequence[str], include_sources: bool = False) -> AssetSelection:
        """The assets whose keys start with one of these parts; the asset named just so is among them."""
        texts = ["/".join((one,) if isinstance(one, str) else one) for one in key_prefixes]
        return _any_of("key_prefix", texts, include_sources)

    @staticmethod
    def key_substring(key_substring: str, include_sources: bool = False) -> AssetSelection:
        """The assets whose written key contains the text."""
        return AssetSelection("match", ("key_substring", key_substring, include_sources))

    @staticmethod
    def checks_for_assets(*assets: CoercibleToAssetKey | AssetsDefinition) -> AssetSelection:
        """The checks of these assets, not the assets."""
        chosen = AssetSelection.assets(*assets)
        return AssetSelection(chosen.op, chosen.args, "only")

    @staticmethod
    def all_asset_checks() -> AssetSelection:
        """All checks of all assets, also of those made elsewhere; no assets."""
        return AssetSelection("all", (True,), "only")

    @staticmethod
    def checks(*checks: Any) -> AssetSelection:
        """These checks alone."""
        keys: list[CheckKey] = []
        for one in checks:
            keys.extend(one.check_keys if isinstance(one, AssetsDefinition) else [one])
        return AssetSelection("checks", tuple(keys), "only")

    @staticmethod
    def from_string(text: str) -> AssetSelection:
        """The selection that somebody typed: ``group:raw+ and not key:raw/air*``.

        Raises
        ------
        InvalidSelection
            With the place in the text where reading stopped, and what could stand there.
        """
        found: AssetSelection = SelectionReader(text, AssetSelection).selection()
        return found

    @staticmethod
    def from_coercible(value: CoercibleToAssetSelection) -> AssetSelection:
        """A selection from text, a key, an asset, a list of these (their union), or a selection."""
        if isinstance(value, AssetSelection):
            return value
        if isinstance(value, str):
            return AssetSelection.from_string(value)
        if isinstance(value, (AssetKey, AssetsDefinition, AssetSpec)):
            return AssetSelection.assets(value)
        if isinstance(value, CheckKey):
            return AssetSelection.checks(value)
        if isinstance(value, Iterable):
            parts = [AssetSelection.from_coercible(one) for one in value]
            if not parts:
                return AssetSelection("keys", ())
            return parts[0] if len(parts) == 1 else AssetSelection("or", tuple(parts))
        raise InvalidSelection(f"{value!r:.60} selects no assets. Give text such as 'group:raw+', keys, assets, or an AssetSelection.")

    # -- combining -----------------------------------------------------------------------------------------------------------

    def __or__(self, other: CoercibleToAssetSelection) -> AssetSelection:
        return AssetSelection("or", (self, AssetSelection.from_coercible(other)))

    def __and__(self, other: CoercibleToAssetSelection) -> AssetSelection:
        return AssetSelection("and", (self, AssetSelection.from_coercible(other)))

    def __sub__(self, other: CoercibleToAssetSelection) -> AssetSelection:
        return AssetSelection("minus", (self, AssetSelection.from_coercible(other)))

    def upstream(self, depth: int | None = None, include_self: bool = True) -> AssetSelection:
        """These and all that they read, `depth` levels up."""
        return AssetSelection("walk", (self, "up", _depth(depth), include_self))

    def downstream(self, depth: int | None = None, include_self: bool = True) -> AssetSelection:
        """These and all that reads them, `depth` levels down."""
        return AssetSelection("walk", (self, "down", _depth(depth), include_self))

    def sources(self) -> AssetSelection:
        """Those without an upstream in the selection: another name of `roots`."""
        return self.roots()

    def roots(self) -> AssetSelection:
        """Those whose upstream assets are all outside the selection."""
        return AssetSelection("roots", (self,))

    def sinks(self) -> AssetSelection:
        """Those whose downstream assets are all outside the selection."""
        return AssetSelection("sinks", (self,))

    def materializable(self) -> AssetSelection:
        """Those that can be made here."""
        return AssetSelection("materializable", (self,))

    def required_multi_asset_neighbors(self) -> AssetSelection:
        """These and the assets that must be made with them, by one function that cannot be subset."""
        return AssetSelection("neighbors", (self,))

    def without_checks(self) -> AssetSelection:
        """The same without asset checks."""
        return AssetSelection(self.op, self.args, "none")

    @property
    def says_checks(self) -> bool:
        """Whether it speaks of checks anywhere: without that, the checks of what is selected go with it."""
        inner = (part for part in self.args if isinstance(part, AssetSelection))
        return self.op == "checks" or self.with_checks != "auto" or any(part.says_checks for part in inner)

    # -- resolving -----------------------------------------------------------------------------------------------------------

    def resolve(
        self, all_assets: Catalog | Iterable[AssetsDefinition | AssetSpec], *, status: StatusOf | None = None
    ) -> frozenset[AssetKey]:
        """The keys that it selects among what is defined: a catalog, or assets. `status` answers ``status:stale`` and its like.

        Raises
        ------
        UnknownAsset
            If it names a key, without wildcard, that nobody defines.
        """
        catalog: Catalog = all_assets if isinstance(all_assets, Catalog) else runtime().catalog_of(all_assets)
        return frozenset(_resolve(self, catalog, status))

    def resolve_checks(self, catalog: Catalog) -> frozenset[CheckKey]:
        """The checks that go with it: those of the selected assets, unless it says otherwise."""
        return frozenset(_resolve_checks(self, catalog))

    def __str__(self) -> str:
        return _text(self)


def _any_of(attribute: str, values: Sequence[str], include_sources: bool) -> AssetSelection:
    parts = tuple(AssetSelection("match", (attribute, value, include_sources)) for value in values)
    return parts[0] if len(parts) == 1 else AssetSelection("or", parts)


def _depth(depth: int | None) -> int | None:
    if depth is not None and depth < 0:
        raise InvalidSelection(f"a depth of {depth} means nothing: give the number of levels, 0 or more, or None for all.")
    return depth


def _resolve_checks(node: AssetSelection, catalog: Catalog) -> set[CheckKey]:
    args = node.args
    if node.op == "checks":
        return set(args)
    if node.with_checks == "none":
        return set()
    if node.op == "or":
        return set().union(*(_resolve_checks(part, catalog) for part in args))
    if node.op in ("and", "minus"):
        left, right = _resolve_checks(args[0], catalog), _resolve_checks(args[1], catalog)
        return left & right if node.op == "and" else left - right
    keys = _resolve(AssetSelection(node.op, args) if node.with_checks == "only" else node, catalog, None)
    return {check for key in keys for check in catalog.checks_by_asset.get(key, ())}


def _resolve(node: AssetSelection, catalog: Catalog, status: StatusOf | None) -> set[AssetKey]:
    args = node.args
    if node.with_checks == "only":
        return set()
    if node.op == "all":
        return {asset.key for asset in catalog.assets if args[0] or asset.is_executable}
    if node.op == "keys":
        return {key if key in catalog.by_key else catalog.asset(key).key for key in args}
    if node.op == "checks":
        return set()
    if node.op == "match":
        return _matching(args[0], args[1], args[2], catalog, status)
    if node.op == "or":
        return set().union(*(_resolve(part, catalog, status) for part in args))
    if node.op == "not":
        return {asset.key for asset in catalog.assets} - _resolve(args[0], catalog, status)
    if node.op in ("and", "minus"):
        left, right = _resolve(args[0], catalog, status), _resolve(args[1], catalog, status)
        return left & right if node.op == "and" else left - right
    chosen = _resolve(args[0], catalog, status)
    if node.op == "walk":
        reached = walk(chosen, catalog.upstream if args[1] == "up" else catalog.downstream, args[2])
        return (reached if args[3] else reached - chosen) & set(catalog.by_key)
    if node.op == "roots":
        return {key for key in chosen if not chosen.intersection(catalog.upstream[key])}
    if node.op == "sinks":
        return {key for key in chosen if not chosen.intersection(catalog.downstream[key])}
    if node.op == "materializable":
        return {key for key in chosen if catalog.by_key[key].is_executable}
    nodes = {catalog.by_key[key].node for key in chosen}
    return chosen | {key for one in catalog.nodes if one.name in nodes and not one.can_subset for key in one.assets}


def walk(start: Collection[AssetKey], edges: dict[AssetKey, tuple[AssetKey, ...]], depth: int | None = None) -> set[AssetKey]:
    """Everything reached from `start` along the edges, `start` included, in at most `depth` steps."""
    reached = set(start)
    front = list(reached)
    while front and (depth is None or depth > 0):
        front = [key for key in dict.fromkeys(one for at in front for one in edges.get(at, ())) if key not in reached]
        reached.update(front)
        depth = None if depth is None else depth - 1
    return reached


def _matching(attribute: str, value: str, include_sources: bool, catalog: Catalog, status: StatusOf | None) -> set[AssetKey]:
    if attribute == "key" and "*" not in value:
        key = _key_of(value, catalog)
        return {key}
    if attribute in ("key_prefix", "key_substring"):
        keys = {asset.key: str(asset.key) for asset in catalog.assets if include_sources or asset.execution != "external"}
        if attribute == "key_substring":
            return {key for key, text in keys.items() if value in text}
        return {key for key, text in keys.items() if f"{text}/".startswith(f"{value}/")}
    pattern = re.compile(translate(value.replace("[", "[[]").replace("?", "[?]")))
    found = set()
    for asset in catalog.assets:
        if not include_sources and asset.execution == "external" and attribute not in ("key", "is", "status"):
            continue
        if any(pattern.match(text) for text in _values(attribute, asset, catalog, status)):
            found.add(asset.key)
    return found


def _key_of(text: str, catalog: Catalog) -> AssetKey:
    """The key written so; a last part alone is enough when only one key has it."""
    if "/" not in text:
        same = [key for key in catalog.by_key if key.last == text]
        exact = [key for key in same if len(key.path) == 1]
        if exact or len(same) == 1:
            return (exact or same)[0]
        if len(same) > 1:
            raise UnknownAsset(f"'{text}' could be {', '.join(sorted(map(str, same)))}. Write the whole key.")
    for key in catalog.by_key:
        if str(key) == text:
            return key
    hint = did_you_mean(text, [*map(str, catalog.by_key), *(key.last for key in catalog.by_key)]) or "See what there is: %asset list."
    raise UnknownAsset(f"no asset '{text}' is defined. {hint}")


def _values(attribute: str, asset: CatalogAsset, catalog: Catalog, status: StatusOf | None) -> list[str]:
    spec = asset.spec
    if attribute == "key":
        return [str(spec.key)]
    if attribute == "group":
        return [spec.group]
    if attribute == "tag":
        return [text for key, value in spec.tags.items() for text in (f"{key}={value}", *([key] if not value else []))]
    if attribute == "owner":
        return list(spec.owners)
    if attribute == "kind":
        return list(spec.kinds)
    if attribute == "is":
        return [asset.execution if asset.execution == "external" else "materializable", *(["partitioned"] if asset.partitions_def else [])]
    if attribute == "code_location":
        return [catalog.name]
    if status is None:
        raise InvalidSelection("status: can be asked only where the records are at hand: in %asset, nbasset and materialize.")
    return [status(spec.key)]


def _text(node: AssetSelection) -> str:
    args = node.args
    if node.op == "all":
        return "*"
    if node.op == "keys":
        texts = [f'key:"{key}"' for key in args]
        return " or ".join(texts) if texts else 'key:""'
    if node.op == "match" and args[0] in ("key_prefix", "key_substring"):
        return f'key:"{args[1]}/*"' if args[0] == "key_prefix" else f'key:"*{args[1]}*"'
    if node.op == "match":
        return f'{args[0]}:"{args[1]}"'
    if node.op == "or":
        return " or ".join(_grouped(part, "or") for part in args)
    if node.op == "and":
        return f"{_grouped(args[0], 'and')} and {_grouped(args[1], 'and')}"
    if node.op == "minus":
        return f"{_grouped(args[0], 'and')} and not {_grouped(args[1], '')}"
    if node.op == "not":
        return f"not {_grouped(args[0], '')}"
    if node.op == "walk":
        inner = _grouped(args[0], "walk")
        depth = "" if args[2] is None else str(args[2])
        text = f"{depth}+{inner}" if args[1] == "up" else f"{inner}+{depth}"
        return text if args[3] else f"{text} and not {inner}"
    if node.op in ("roots", "sinks"):
        return f"{node.op}({_text(args[0])})"
    if node.op == "materializable":
        return f"{_grouped(args[0], 'and')} and is:materializable"
    return _text(args[0]) if args and isinstance(args[0], AssetSelection) else ", ".join(map(str, args))


def _grouped(node: AssetSelection, inside: str) -> str:
    text = _text(node)
    simple = (
        node.op in ("all", "match", "roots", "sinks")
        or (node.op == inside and inside in ("or", "and"))
        or (node.op == "keys" and len(node.args) == 1)
    )
    simple = simple or (node.op == "walk" and node.args[3] and inside != "walk") or (inside == "and" and node.op == "not")
    return text if simple else f"({text})"
