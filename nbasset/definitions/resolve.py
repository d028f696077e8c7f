"""From definitions to a catalog: which asset fills which parameter, who is upstream of whom, and everything that is wrong.

Nothing here raises for what a user wrote: a half-written notebook is a normal state. Each mistake is a `Problem` with its place and remedy;
the assets it spoils stay in the catalog, so that the lineage can draw them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import is_
from typing import Any

from nbasset.definitions.asset import AssetInput, AssetsDefinition
from nbasset.definitions.catalog import Catalog, CatalogAsset, CatalogCheck, CatalogDep, Lazy
from nbasset.definitions.catalog_entries import assets_of, nodes_of
from nbasset.definitions.graph_body import GraphBody
from nbasset.definitions.op import OpDefinition
from nbasset.definitions.specs import AssetCheckSpec, AssetSpec
from nbasset.errors import InvalidAssetName, Problem, did_you_mean
from nbasset.keys import AssetKey, keys_text

BUILT_IN_MANAGERS = frozenset({"io_manager", "parquet", "memory", "pickle"})
"""Keys that always have an I/O manager; `Definitions(resources=...)` may replace them."""


class Resolver:
    """One pass over the definitions of a location. `catalog()` gives the result; `bound` the definitions that count, with inputs bound."""

    def __init__(self, assets: tuple[AssetsDefinition, ...], *, resources: Mapping[str, Any], name: str = "") -> None:
        self.name = name
        self.resources = resources
        self.problems: list[Problem] = []
        self.makers: dict[AssetKey, AssetsDefinition] = {}
        self._named: dict[str, AssetsDefinition] = {}
        self._by_last: dict[str, list[AssetKey]] = {}  # keys of several parts: the others are found as they are
        self._externals: dict[AssetKey, CatalogAsset] = {}
        self.has_partitions = False
        self._known = BUILT_IN_MANAGERS.union(resources)
        self._by_name: dict[str, AssetKey] = {}  # keys of one part
        self._sources: dict[str, Mapping[str, AssetKey | None]] = {}
        taken = [definition for definition in assets if self._take(definition)]
        kept = [one for one in taken if one.execution != "external" or any(self.makers[key] is one for key in one.keys)]
        bound = [self._bind_partitions(self._bind_reads(one)) if one.rebuild is not None or not one.said else one for one in kept]
        self.bound = assets if len(bound) == len(assets) and all(map(is_, bound, assets)) else tuple(bound)
        self._entries: list[AssetsDefinition | CatalogAsset] = []
        self._checks: list[CatalogCheck] = []
        self._above: set[AssetKey] = set()
        self._reads_upwards = True
        for definition in self.bound:
            if not self._is_added(definition):
                self._add(definition)

    def catalog(self) -> Catalog:
        """The catalog, with rings and clashes of paths among its problems."""
        bound, sources = self.bound, self._sources
        entries: tuple[AssetsDefinition | CatalogAsset, ...] = (*self._entries, *self._externals.values())
        if len(entries) == len(bound) and all(map(is_, entries, bound)):  # all read by names alone: one tuple will do
            entries = bound
        assets = Lazy(lambda: assets_of(entries))
        return Catalog(
            assets,
            Lazy(lambda: nodes_of(bound, sources, {asset.node: asset.place for asset in assets})),
            tuple(self._checks),
            resources=tuple(sorted(self.resources)),
            problems=(
                *self.problems,
                *(() if self._reads_upwards else rings(assets)),
                *(path_clashes(assets) if self.has_partitions else ()),
            ),
            name=self.name,
        )

    def with_condition(self) -> list[AssetKey]:
        """The assets that say when they are to be made."""
        return [spec.key for one in self.bound for spec in one.specs if spec.automation_condition is not None]

    # -- which definitions count -------------------------------------------------------------------------------------------

    def _take(self, definition: AssetsDefinition) -> bool:
        keys = definition.keys
        for key in keys:
            other = self.makers.get(key)
            if other is not None:
                if other.execution == "external" and definition.execution != "external":
                    continue
                self.problems.append(
                    Problem(
                        "duplicate-asset",
                        f"two definitions make the asset '{key}': {_where(other)} and {_where(definition)}. The first one counts",
                        definition.place,
                        "Rename one, or remove it.",
                        asset=str(key),
                    )
                )
                return False
        other = self._named.get(definition.name)
        if other is not None and other.node is not None and definition.node is not None:
            self.problems.append(
                Problem(
                    "duplicate-node",
                    f"two functions are called '{definition.name}': {_where(other)} and {_where(definition)}. The first one counts",
                    definition.place,
                    "Give one of them another name.",
                    asset=str(keys[0]) if keys else None,
                )
            )
            return False
        for key in keys:
            name = str(key)
            if "/" not in name:
                self._by_name[name] = key
            elif key not in self.makers:
                self._by_last.setdefault(key.last, []).append(key)
            self.makers[key] = definition
        self._named[definition.name] = definition
        return True

    def _bind_reads(self, definition: AssetsDefinition) -> AssetsDefinition:
        if definition.rebuild is None:
            return definition
        wanted = [name for name in definition.reads if name in self._by_last or asset_key_or_none(name) in self.makers]
        bound = definition.with_inputs(wanted)
        for key in bound.keys:
            self.makers[key] = bound
        return bound

    def _bind_partitions(self, definition: AssetsDefinition) -> AssetsDefinition:
        """A check that loads a partitioned asset and says nothing of partitions is evaluated for each of the asset's partitions."""
        if definition.said or definition.partitions_def is not None or not definition.check_specs_by_output:
            return definition
        about = {spec.asset_key for spec in definition.check_specs}
        loaded = [item.key for item in definition.inputs.values() if item.key in about and item.partition_mapping is None]
        kinds = [asset.partitions_def for key in loaded if key is not None and (asset := self._spec_of(key)) is not None]
        if not kinds or kinds[0] is None or any(one != kinds[0] for one in kinds):
            return definition
        return replace(definition, partitions_def=kinds[0])

    def _spec_of(self, key: AssetKey) -> AssetSpec | None:
        maker = self.makers.get(key)
        return maker.spec_of(key) if maker is not None else None

    # -- what each definition says -----------------------------------------------------------------------------------------

    def _is_added(self, definition: AssetsDefinition) -> bool:
        """Add a function that makes one asset and reads others by their names alone, as most do. False where there is more to it."""
        node, spec = definition.node, definition.said
        if isinstance(spec, tuple) or definition.given_outputs is not None or definition.given_inputs is not None or spec.deps:
            return False
        if not isinstance(node, OpDefinition) or node.parameters.config is not None or definition.check_specs_by_output:
            return False
        by_name, above, own = self._by_name, self._above, spec.key
        for item in node.parameters.takes:
            found = by_name.get(item.name)
            if found is None or found is own:
                return False
            if found not in above:
                self._reads_upwards = False
        above.add(own)
        if spec.partitions_def is not None:
            self.has_partitions = True
        if spec.io_manager_key not in self._known or node.hooks or node.resource_keys:
            self._check_resources(definition, node)
        self._entries.append(definition)
        return True

    def _add(self, definition: AssetsDefinition) -> None:
        if definition.node is not None:
            self._check_resources(definition, definition.node)
        loaded: list[CatalogDep] = []
        sources: dict[str, AssetKey | None] = {}
        self._reads_upwards = False
        if definition.node is not None:
            self._sources[definition.name] = sources
            self._check_config(definition, definition.node)
        for name, item in definition.inputs.items():
            found = sources[name] = self._find(item, definition)
            if found is not None:
                loaded.append(CatalogDep(found, name, item.partition_mapping, item.missing_allowed))
            elif not item.has_default or self._is_ambiguous(item):
                self._not_found(item, definition)
        outputs: dict[AssetKey, str] = {}
        for output, key in definition.keys_by_output.items():
            outputs.setdefault(key, output)
        specs = definition.specs_by_key
        for key, spec in specs.items():
            internal = definition.internal_deps.get(key) if definition.internal_deps else None
            if internal is None:
                deps = {dep.asset: dep for dep in loaded} if loaded else {}
            else:
                deps = {dep.asset: dep for dep in loaded if dep.asset in internal or dep.asset not in specs}
                for one in internal:
                    deps.setdefault(one, CatalogDep(one))
            for dep in spec.deps:
                if dep.asset not in deps:
                    deps[dep.asset] = CatalogDep(dep.asset, None, dep.partition_mapping)
                self._know(dep.asset)
            if key in deps and deps[key].partition_mapping is None and spec.partitions_def is None:
                self._self_dependency(definition, key)
                del deps[key]
            node = definition.name if definition.node is not None else None
            self.has_partitions = self.has_partitions or spec.partitions_def is not None
            self._entries.append(CatalogAsset(spec, tuple(deps.values()), node, outputs.get(key), definition.execution, definition.place))
        for output, check in definition.check_specs_by_output.items():
            self._checks.append(CatalogCheck(check, definition.name, output, definition.place))
            self._about(check, definition)

    def _find(self, item: AssetInput, definition: AssetsDefinition) -> AssetKey | None:
        """The asset that fills an input: the one of this key; else the nearest of this name, below the own prefix or the only one."""
        if item.key is None and not item.key_prefix:
            wanted = self._by_name.get(item.name)
        else:
            wanted = item.key if item.key is not None else asset_key_or_none((*item.key_prefix, item.name))
        if wanted is not None and wanted in self.makers:
            return wanted
        candidates = self._candidates(item)
        if candidates:
            prefixes = {key.path[:-1] for key in definition.keys}
            near = [key for key in candidates if key.path[:-1] in prefixes]
            if len(near) == 1:
                return near[0]
        return candidates[0] if len(candidates) == 1 else None

    def _candidates(self, item: AssetInput) -> list[AssetKey]:
        """Assets that an input may mean by their last part; none where it says the key or its prefix."""
        return [] if item.key is not None or item.key_prefix else self._by_last.get(item.name, [])

    def _is_ambiguous(self, item: AssetInput) -> bool:
        return len(self._candidates(item)) > 1

    def _not_found(self, item: AssetInput, definition: AssetsDefinition) -> None:
        if self._is_ambiguous(item):
            candidates = self._candidates(item)
            self._problem(
                "ambiguous-input", definition,
                f"input '{item.name}' of {_what(definition)} could be {keys_text(candidates)}",
                f'Say which: ins={{"{item.name}": AssetIn(key="{candidates[0]}")}}.',
            )  # fmt: skip
            return
        wanted = item.key if item.key is not None else asset_key_or_none((*item.key_prefix, item.name))
        name = str(wanted) if wanted is not None else item.name
        near = did_you_mean(name, [*map(str, self.makers), *self._by_last])
        self._problem(
            "unknown-asset", definition, f"no asset '{name}' for input '{item.name}' of {_what(definition)}",
            f'{near} To read data made elsewhere, declare AssetSpec("{name}").'.strip(),
        )  # fmt: skip

    def _know(self, key: AssetKey) -> None:
        """An asset named in deps that nobody defines is external: it orders nothing, but it stands in the lineage."""
        if key not in self.makers and key not in self._externals:
            self._externals[key] = CatalogAsset(AssetSpec(key), execution="external")

    def _about(self, check: AssetCheckSpec, definition: AssetsDefinition) -> None:
        """What a check is about stands in the lineage, also when it is made elsewhere; a name that looks misspelt is told."""
        for key in (check.asset_key, *(dep.asset for dep in check.additional_deps)):
            near = "" if key in self.makers else did_you_mean(str(key), map(str, self.makers))
            if near:
                self.problems.append(
                    Problem(
                        "unknown-asset",
                        f"check '{check.key}' is about '{key}', which nothing here makes",
                        definition.place,
                        f'{near} To check data made elsewhere, declare AssetSpec("{key}").',
                        "note",
                        asset=str(check.asset_key),
                    )
                )
            self._know(key)

    def _check_resources(self, definition: AssetsDefinition, node: OpDefinition | GraphBody) -> None:
        wanted = set(node.resource_keys)
        for spec in definition.specs:
            wanted.add(spec.io_manager_key)
        for hook in node.hooks:
            wanted |= hook.resource_keys
        if wanted <= self._known:
            return
        known = self._known.union(definition.resource_defs)
        for key in sorted(wanted - known):
            near = did_you_mean(key, known) or (f"There are: {', '.join(sorted(self.resources))}." if self.resources else "None is given.")
            self._problem(
                "missing-resource", definition, f"{_what(definition)} needs the resource '{key}', which is not among the resources",
                f'{near} Add it: Definitions(resources={{"{key}": ...}}).',
            )  # fmt: skip

    def _check_config(self, definition: AssetsDefinition, node: OpDefinition | GraphBody) -> None:
        """An annotation such as ``config: dict`` means configuration, but may have been meant for an asset of that name."""
        parameters = getattr(node, "parameters", None)
        if parameters is None or parameters.config is None or isinstance(parameters.config_type, type):
            return
        if parameters.config in self._by_name:
            self._problem(
                "ambiguous-config", definition, f"the parameter 'config' of {_what(definition)} is its configuration, but there is an "
                "asset 'config', too", "To read the asset: ins={'config': AssetIn('config')}. Else give the asset another name.",
            )  # fmt: skip

    def _self_dependency(self, definition: AssetsDefinition, key: AssetKey) -> None:
        self._problem(
            "cycle", definition, f"asset '{key}' reads itself",
            "Only a partitioned asset can read its own earlier partitions: AssetIn(partition_mapping=TimeWindowPartitionMapping(-1, -1)).",
        )  # fmt: skip

    def _problem(self, rule: str, definition: AssetsDefinition, message: str, hint: str) -> None:
        for key in definition.keys or tuple(spec.asset_key for spec in definition.check_specs)[:1]:
            self.problems.append(Problem(rule, message, definition.place, hint, asset=str(key)))


def asset_key_or_none(name: str | tuple[str, ...]) -> AssetKey | None:
    """The key called `name`, or of these parts; None when it cannot be one (a parameter may have a name that no asset can)."""
    try:
        return AssetKey(name)
    except InvalidAssetName:
        return None


def rings(assets: Sequence[CatalogAsset]) -> list[Problem]:
    """One problem for each member of each ring of assets that need each other, naming the members in order."""
    places = {asset.spec.key: place for place, asset in enumerate(assets)}
    if _reads_upwards(assets, places):
        return []
    upstream = [[places[dep.asset] for dep in asset.deps if dep.asset in places] for asset in assets]
    upstream = [[one for one in found if one != place] for place, found in enumerate(upstream)]  # its own earlier partitions are no ring
    waiting = [len(found) for found in upstream]
    downstream: list[list[int]] = [[] for _ in assets]
    for place, found in enumerate(upstream):
        for one in found:
            downstream[one].append(place)
    ready = [place for place, count in enumerate(waiting) if not count]
    for place in ready:
        for one in downstream[place]:
            waiting[one] -= 1
            if not waiting[one]:
                ready.append(one)
    return _rings_among([place for place, count in enumerate(waiting) if count], upstream, assets)


def _reads_upwards(assets: Sequence[CatalogAsset], places: Mapping[AssetKey, int]) -> bool:
    """Whether each asset reads only what is defined above it."""
    for place, asset in enumerate(assets):
        for dep in asset.deps:
            if places.get(dep.asset, -1) >= place:
                return False
    return True


def _rings_among(places: Sequence[int], upstream: Sequence[Sequence[int]], assets: Sequence[CatalogAsset]) -> list[Problem]:
    """Follow upstream from each of the places that wait for a ring, depth first; coming back to the path closes one."""
    left = set(places)
    state: dict[int, int] = {}
    found: list[Problem] = []
    for start in places:
        path: list[int] = []
        stack: list[tuple[int, bool]] = [(start, False)]
        while stack:
            place, leaving = stack.pop()
            if leaving:
                state[place] = 2
                path.pop()
            elif state.get(place) == 1:
                found.extend(_ring_problems([assets[one] for one in path[path.index(place) :]]))
            elif state.get(place) is None:
                state[place] = 1
                path.append(place)
                stack.append((place, True))
                stack.extend((one, False) for one in upstream[place] if one in left and state.get(one) != 2)
    return found


def _ring_problems(ring: Sequence[CatalogAsset]) -> list[Problem]:
    text = " <- ".join(f"'{asset.key}'" for asset in [*ring, ring[0]])
    return [
        Problem(
            "cycle",
            f"these assets need each other in a ring: {text}",
            asset.place,
            "Break it: let one of them read something else, or make them in one function.",
            asset=str(asset.key),
        )
        for asset in ring
    ]


def path_clashes(assets: Sequence[CatalogAsset]) -> list[Problem]:
    """A partitioned asset whose folder would be that of other assets: their keys start with its key."""
    partitioned: dict[tuple[str, ...], CatalogAsset] = {asset.key.path: asset for asset in assets if asset.spec.partitions_def is not None}
    found = []
    if partitioned:
        for asset in assets:
            for length in range(1, len(asset.key.path)):
                other = partitioned.get(asset.key.path[:length])
                if other is not None:
                    found.append(
                        Problem(
                            "path-clash",
                            f"'{other.key}' is partitioned, so its folder would also hold '{asset.key}'",
                            other.place,
                            "Rename one of them.",
                            asset=str(other.key),
                        )
                    )
    return found


def _what(definition: AssetsDefinition) -> str:
    if not definition.said:
        return f"check '{definition.name}'"
    if isinstance(definition.said, tuple) and len(definition.said) > 1:
        return f"multi-asset '{definition.name}'"
    return f"asset '{definition.keys[0]}'"


def _where(definition: AssetsDefinition) -> str:
    return definition.place or f"'{definition.name}'"
