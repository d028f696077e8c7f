"""What each version that a run makes came from: told by the run, which planned it, not by whoever carried out the step.

Of a call for many partitions each gets what it alone read, and an asset of a graph what the whole graph read, so that staleness and early
cutoff compare like with like.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from operator import attrgetter

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.partitions import PartitionsView
from nbasset.events.facts import AssetMaterialized, Fact, InputUsed
from nbasset.events.recipes import PACKAGES_TAG
from nbasset.execution.task import NOT_TOLD, CodeRef, InputVersions
from nbasset.execution.versions_read import VersionsRead, Whole
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.digests import head_of_digest, input_digest, input_digest_of_counted, versions_digest
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
    _heads: dict[tuple[str, str, str], str] = field(default_factory=dict)
    _reads: dict[AssetKey, tuple[Read, ...]] = field(default_factory=dict)
    _seen: dict[tuple[str, OrdinalSet | None], dict[AssetKey, int]] = field(default_factory=dict)
    _whole: dict[AssetKey, tuple[tuple[InputUsed, ...], str]] = field(default_factory=dict)
    """What an asset reads of which nothing has partitions, and the same as text of its input digest."""

    def begin(self, step: Step) -> tuple[InputVersions, ...]:
        """A step is handed out: what the run has seen by now of the assets above is what it reads. A graph counts from its first step.

        Given back are the versions that its inputs read.
        """
        if step.partitions is None and len(step.assets) == 1 and step.handle == step.node:
            inputs = self._begin_whole(step)
            if inputs is not None:
                return inputs
        seen = self._seen.setdefault((step.node, step.partitions), {})
        for key in step.assets if step.handle == step.node else self._node_assets(step):
            for read in self._reads_of(key):
                if read.asset not in seen:
                    seen[read.asset] = self.versions.as_of(read.asset, is_partitioned=read.upstream is not None)
        return self.versions.of_inputs(step) if step.inputs else ()

    def _begin_whole(self, step: Step) -> tuple[InputVersions, ...] | None:
        """The same of a step that makes one asset, where nothing of it or above it has partitions; else None."""
        versions = self.versions
        wholes = versions.wholes
        read: list[Whole] = []
        for item in step.inputs:
            asset = item.asset
            if asset is None or item.kind != "asset":
                if item.parts:
                    return None
                continue
            if item.partitions is not None:
                return None
            whole = wholes.get(asset) or versions.whole(asset)
            if whole.name != item.name:
                versions.tell(whole, asset, item.name)
            read.append(whole)
        inputs = tuple(map(_INPUTS, read))
        key = step.assets[0]
        known = self.catalog.by_key.get(key)
        for dep in known.deps if known is not None else ():
            if dep.input is None and not any(one.used.asset is dep.asset for one in read):
                if self.catalog.asset(dep.asset).partitions_def is not None:
                    return None
                whole = versions.whole(dep.asset)
                if whole.name is None:
                    versions.tell(whole, dep.asset, "")
                read.append(whole)
        used = tuple(map(_USED, read))
        if len(read) > 1:
            read.sort(key=_TEXT)
        self._whole[key] = (used, "".join(map(_SAID, read)))
        return inputs

    def used(self, step: Step, asset: AssetKey, ordinal: int | None) -> tuple[InputUsed, ...]:
        """What one output, or one partition of it, reads."""
        if ordinal is None and asset in self._whole:
            return self._whole[asset][0]
        seen = self._seen.get((step.node, step.partitions), _NOTHING)
        return tuple([self._input(read, asset, ordinal, seen.get(read.asset, 0)) for read in self._reads_of(asset)])

    def digest(self, step: Step, asset: AssetKey, ordinal: int | None, *, code: str, io: str) -> str:
        """The input digest of one output."""
        return input_digest(code=code, config=self.config(step.node), io=io, inputs=self.used(step, asset, ordinal))

    def told(self, step: Step, code: CodeRef, facts: tuple[Fact, ...]) -> list[AssetMaterialized]:
        """The versions among the facts of a step, with what they were made from: put into the very objects, which nobody else has seen
        before.
        """
        made = []
        for fact in facts:
            if type(fact) is AssetMaterialized:
                made.append(fact)
                if fact.input_digest == NOT_TOLD and fact.asset in self.catalog.by_key:
                    self._tell(step, code, fact)
        return made

    def _tell(self, step: Step, code: CodeRef, fact: AssetMaterialized) -> None:
        config = self.config(step.node)
        whole = self._whole.get(fact.asset) if fact.partition is None else None
        if whole is not None:
            used, texts = whole
            key = (code.version, config, fact.io_version)
            head = self._heads.get(key) or self._heads.setdefault(key, head_of_digest(*key))
            digest = input_digest_of_counted(head, texts)
        else:
            used = self.used(step, fact.asset, fact.partition.ordinal if fact.partition is not None else None)
            digest = input_digest(code=code.version, config=config, io=fact.io_version, inputs=used)
        packages = self.packages(step.node)
        if packages:
            _put(fact, "tags", {**fact.tags, PACKAGES_TAG: packages})
        if not fact.data_version:  # without a hash of its content a version is known by what it was made from
            _put(fact, "data_version", digest)
        if config:
            _put(fact, "config_version", config)
        _put(fact, "input_digest", digest)
        _put(fact, "inputs", used)

    def _input(self, read: Read, asset: AssetKey, ordinal: int | None, as_of: int) -> InputUsed:
        if read.upstream is None:
            found = self.versions.current(read.asset, None)
            return self.versions.used(read.asset, None, found[1] if found else "", as_of)
        if read.is_identity and ordinal is not None:
            found = self.versions.current(read.asset, ordinal)
            return self.versions.used(read.asset, OrdinalSet.between(ordinal, ordinal + 1), found[1] if found else "", as_of)
        if read.mapping is None:
            return self.versions.used(read.asset, OrdinalSet(), "", as_of)
        mine = None if ordinal is None else OrdinalSet.between(ordinal, ordinal + 1)
        wanted = read.mapping.upstream_of(mine, self.catalog.by_key[asset].partitions_def, read.upstream, self.view).ordinals
        versions = [self.versions.current(read.asset, one) for one in wanted]
        return self.versions.used(read.asset, wanted, versions_digest([one[1] if one else "" for one in versions], wanted), as_of)

    def _reads_of(self, asset: AssetKey) -> tuple[Read, ...]:
        found = self._reads.get(asset)
        if found is None:
            known = self.catalog.by_key.get(asset)
            found = self._reads[asset] = () if known is None else reads_of(known, self.catalog)
        return found

    def _node_assets(self, step: Step) -> tuple[AssetKey, ...]:
        node = self.catalog.nodes_by_name.get(step.node)
        return step.assets if node is None or len(node.steps) == 1 else node.assets


_INPUTS, _USED, _TEXT, _SAID = attrgetter("inputs"), attrgetter("used"), attrgetter("text"), attrgetter("said")
_NOTHING: dict[AssetKey, int] = {}
_put = object.__setattr__  # past the guard of what is frozen
