"""What each version that a run makes came from: told by the run, which planned it, not by whoever carried out the step.

Of a call for many partitions each gets what it alone read, and an asset of a graph what the whole graph read, so that staleness and early
cutoff compare like with like.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.partitions import PartitionsView
from nbasset.events.facts import AssetMaterialized, Fact, InputUsed
from nbasset.events.recipes import PACKAGES_TAG
from nbasset.execution.task import NOT_TOLD, CodeRef
from nbasset.execution.versions_read import VersionsRead
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.digests import input_digest, versions_digest
from nbasset.planning.plan import Step
from nbasset.planning.reads import Read, reads_of


@dataclass(slots=True)
class Provenance:
    """Knows, from the moment a step is handed out, what its outputs come from. `config` and `packages` answer for a node."""

    catalog: Catalog
    view: PartitionsView
    versions: VersionsRead
    config: Callable[[str], str]
    packages: Callable[[str], str]
    _reads: dict[AssetKey, tuple[Read, ...]] = field(default_factory=dict)
    _seen: dict[tuple[str, OrdinalSet | None], dict[AssetKey, int]] = field(default_factory=dict)
    _whole: dict[AssetKey, tuple[InputUsed, ...]] = field(default_factory=dict)

    def begin(self, step: Step) -> None:
        """A step is handed out: what the run has seen by now of the assets above is what it reads. A graph counts from its first step."""
        if step.partitions is None and len(step.assets) == 1 and step.handle == step.node:
            used = self._used_whole(step)
            if used is not None:
                self._whole[step.assets[0]] = used
                return
        seen = self._seen.setdefault((step.node, step.partitions), {})
        for key in step.assets if step.handle == step.node else self._node_assets(step):
            for read in self._reads_of(key):
                if read.asset not in seen:
                    seen[read.asset] = self.versions.as_of(read.asset, is_partitioned=read.upstream is not None)

    def used(self, step: Step, asset: AssetKey, ordinal: int | None) -> tuple[InputUsed, ...]:
        """What one output, or one partition of it, reads."""
        if ordinal is None and asset in self._whole:
            return self._whole[asset]
        seen = self._seen.get((step.node, step.partitions), _NOTHING)
        return tuple([self._input(read, asset, ordinal, seen.get(read.asset, 0)) for read in self._reads_of(asset)])

    def digest(self, step: Step, asset: AssetKey, ordinal: int | None, *, code: str, io: str) -> str:
        """The input digest of one output."""
        return input_digest(code=code, config=self.config(step.node), io=io, inputs=self.used(step, asset, ordinal))

    def told(self, step: Step, code: CodeRef, facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
        """The facts of a step, with what its outputs were made from: put into the very objects, which nobody else has seen before."""
        for fact in facts:
            if type(fact) is AssetMaterialized and fact.input_digest == NOT_TOLD and fact.asset in self.catalog.by_key:
                self._tell(step, code, fact)
        return facts

    def _tell(self, step: Step, code: CodeRef, fact: AssetMaterialized) -> None:
        used = self.used(step, fact.asset, fact.partition.ordinal if fact.partition is not None else None)
        config = self.config(step.node)
        digest = input_digest(code=code.version, config=config, io=fact.io_version, inputs=used)
        packages = self.packages(step.node)
        if packages:
            _put(fact, "tags", {**fact.tags, PACKAGES_TAG: packages})
        if not fact.data_version:  # without a hash of its content a version is known by what it was made from
            _put(fact, "data_version", digest)
        _put(fact, "code_version", code.version)
        _put(fact, "config_version", config)
        _put(fact, "input_digest", digest)
        _put(fact, "source_id", code.source_id)
        _put(fact, "inputs", used)

    def _used_whole(self, step: Step) -> tuple[InputUsed, ...] | None:
        """What the one asset of a step reads, in the order of `reads_of`, where nothing of it has partitions; else None."""
        found, versions = [], self.versions
        known = versions.known_used
        for item in step.leaves():
            if item.kind == "asset" and item.asset is not None:
                if item.partitions is not None:
                    return None
                found.append(known.get(item.asset) or versions.used(item.asset))
        asset = self.catalog.by_key.get(step.assets[0])
        for dep in asset.deps if asset is not None else ():
            if dep.input is None and not any(one.asset is dep.asset for one in found):
                if self.catalog.asset(dep.asset).partitions_def is not None:
                    return None
                found.append(known.get(dep.asset) or versions.used(dep.asset))
        return tuple(found)

    def _input(self, read: Read, asset: AssetKey, ordinal: int | None, as_of: int) -> InputUsed:
        if read.upstream is None:
            found = self.versions.current(read.asset, None)
            return InputUsed(read.asset, None, found[1] if found else "", as_of)
        if read.is_identity and ordinal is not None:
            found = self.versions.current(read.asset, ordinal)
            return InputUsed(read.asset, OrdinalSet.between(ordinal, ordinal + 1), found[1] if found else "", as_of)
        if read.mapping is None:
            return InputUsed(read.asset, OrdinalSet(), "", as_of)
        mine = None if ordinal is None else OrdinalSet.between(ordinal, ordinal + 1)
        wanted = read.mapping.upstream_of(mine, self.catalog.by_key[asset].partitions_def, read.upstream, self.view).ordinals
        versions = [self.versions.current(read.asset, one) for one in wanted]
        return InputUsed(read.asset, wanted, versions_digest([one[1] if one else "" for one in versions], wanted), as_of)

    def _reads_of(self, asset: AssetKey) -> tuple[Read, ...]:
        found = self._reads.get(asset)
        if found is None:
            known = self.catalog.by_key.get(asset)
            found = self._reads[asset] = () if known is None else reads_of(known, self.catalog)
        return found

    def _node_assets(self, step: Step) -> tuple[AssetKey, ...]:
        node = self.catalog.nodes_by_name.get(step.node)
        return step.assets if node is None or len(node.steps) == 1 else node.assets


_NOTHING: dict[AssetKey, int] = {}
_put = object.__setattr__  # past the guard of what is frozen
