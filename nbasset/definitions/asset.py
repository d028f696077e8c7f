"""Assets: a function (or a graph of ops) and the keys of what it makes.

`AssetsDefinition` covers one asset, several from one function, graph-backed assets, observable sources and external ones (no function).
It is frozen; every change makes a new one. Which upstream asset fills a parameter is decided by `Definitions.resolve`, since that depends
on what else is defined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, cast

from nbasset.dataclass import NOTHING, dataclass, seldom
from nbasset.definitions.asset_input import AssetInput as AssetInput
from nbasset.definitions.composition import current_composer
from nbasset.definitions.graph_body import GraphBody
from nbasset.definitions.invocation import call_directly
from nbasset.definitions.node_assets import arguments_of
from nbasset.definitions.op import OpDefinition
from nbasset.definitions.policies import BackfillPolicy
from nbasset.definitions.results import DEFAULT_OUTPUT
from nbasset.definitions.specs import AssetCheckSpec, AssetSpec
from nbasset.errors import InvalidDefinitionError, InvalidInvocationError, UnknownAsset, did_you_mean
from nbasset.events.facts import CheckKey
from nbasset.keys import AssetKey, keys_text

if TYPE_CHECKING:
    from nbasset.definitions.partitions import PartitionsDefinition
    from nbasset.keys import CoercibleToAssetKey


@dataclass(frozen=True, eq=False, slots=True)
class AssetsDefinition:
    """One or more assets that are made together.

    `name` is the name of the node in plans and config. `given_outputs` says which output of the function is which asset, None that the
    only output is the only asset; `given_inputs` what its inputs want, None that they want no more than their parameters say. The maps by
    key, by output and by input are made of these when somebody asks. `reads` and `rebuild` are set for an asset written as a ``%%asset``
    cell: the free names of its body, and how to make the function once it is known which of them are assets. `selected` is the subset that
    is to be made, None for all.

    >>> from nbasset import asset
    >>> @asset(group_name="raw")
    ... def orders(): ...
    >>> orders.keys, orders.specs_by_key[orders.key].group_name
    ((AssetKey('orders'),), 'raw')
    """

    name: str
    node: OpDefinition | GraphBody | None
    said: AssetSpec | tuple[AssetSpec, ...]
    """What is said of the only asset, or of each of several; nothing of checks alone."""
    given_outputs: Mapping[str, AssetKey] | None = seldom(None)
    given_inputs: Mapping[str, AssetInput] | None = seldom(None)
    check_specs_by_output: Mapping[str, AssetCheckSpec] = seldom(NOTHING)
    can_subset: bool = seldom(False)
    internal_deps: Mapping[AssetKey, frozenset[AssetKey]] = seldom(cast("Mapping[AssetKey, frozenset[AssetKey]]", NOTHING))
    partitions_def: PartitionsDefinition | None = seldom(None)
    backfill_policy: BackfillPolicy | None = seldom(None)
    resource_defs: Mapping[str, Any] = seldom(NOTHING)
    execution: Literal["materialize", "observe", "external"] = seldom("materialize")
    selected: frozenset[AssetKey] | None = seldom(None)
    reads: frozenset[str] = seldom(frozenset())
    rebuild: Callable[[tuple[str, ...]], OpDefinition] | None = seldom(None)
    place_given: str | None = seldom(None)
    returns_nothing: bool = seldom(False)
    """Whether the function writes its assets itself: what it returns of them, if anything, is results without values."""

    @property
    def specs(self) -> tuple[AssetSpec, ...]:
        """What is said of each asset."""
        return self.said if isinstance(self.said, tuple) else (self.said,)

    @property
    def keys(self) -> tuple[AssetKey, ...]:
        """Keys of all assets, in order of definition."""
        said = self.said
        return tuple([spec.key for spec in said]) if isinstance(said, tuple) else (said.key,)

    @property
    def specs_by_key(self) -> dict[AssetKey, AssetSpec]:
        """What is said of each asset, by its key."""
        said = self.said
        return {spec.key: spec for spec in said} if isinstance(said, tuple) else {said.key: said}

    @property
    def keys_by_output(self) -> Mapping[str, AssetKey]:
        """The asset that each output is."""
        if self.given_outputs is not None:
            return self.given_outputs
        return NOTHING if isinstance(self.said, tuple) else {DEFAULT_OUTPUT: self.said.key}

    @property
    def takes(self) -> tuple[AssetInput, ...]:
        """What each input wants, in order."""
        if self.given_inputs is not None:
            return tuple(self.given_inputs.values())
        return self.node.parameters.takes if isinstance(self.node, OpDefinition) else ()

    @property
    def inputs(self) -> Mapping[str, AssetInput]:
        """The same by name. Made when asked: ask once for several."""
        return self.given_inputs if self.given_inputs is not None else {item.name: item for item in self.takes}

    def input(self, name: str) -> AssetInput | None:
        """What one input wants; None where there is none of that name."""
        if self.given_inputs is not None:
            return self.given_inputs.get(name)
        return self.node.parameters.input(name) if isinstance(self.node, OpDefinition) else None

    @property
    def place(self) -> str | None:
        """Where it is written: ``cell 7 of flights.ipynb, line 2``."""
        return self.place_given or (self.node.place if self.node is not None else None)

    def spec_of(self, key: AssetKey | None) -> AssetSpec | None:
        """What is said of one asset; None for one that it does not make."""
        said = self.said
        if not isinstance(said, tuple):
            return said if said.key is key else None
        return self.specs_by_key.get(key) if key is not None else None

    @property
    def key(self) -> AssetKey:
        """The key of the only asset.

        Raises
        ------
        InvalidDefinitionError
            If there are several.
        """
        keys = self.keys
        if len(keys) == 1:
            return keys[0]
        raise InvalidDefinitionError(
            f"'{self.name}' makes {len(keys)} assets ({keys_text(keys)}), so it has no one key. Name the asset you mean."
        )

    @property
    def check_specs(self) -> tuple[AssetCheckSpec, ...]:
        """Checks whose verdicts come from the same function."""
        return tuple(self.check_specs_by_output.values())

    @property
    def check_keys(self) -> tuple[CheckKey, ...]:
        """Keys of those checks."""
        return tuple(spec.key for spec in self.check_specs_by_output.values())

    @property
    def is_executable(self) -> bool:
        """Whether there is something to run."""
        return self.node is not None

    @property
    def op(self) -> OpDefinition:
        """The function's op.

        Raises
        ------
        InvalidDefinitionError
            If the assets are external, or made by a graph of several ops.
        """
        if isinstance(self.node, OpDefinition):
            return self.node
        what = "external: nothing makes it here" if self.node is None else "made by a graph of several ops"
        raise InvalidDefinitionError(f"'{self.name}' is {what}, so it has no single op.")

    @property
    def group_names_by_key(self) -> dict[AssetKey, str]:
        """The group of each asset."""
        return {spec.key: spec.group for spec in self.specs}

    @property
    def descriptions_by_key(self) -> dict[AssetKey, str | None]:
        """What people are told of each asset."""
        return {spec.key: spec.description for spec in self.specs}

    @property
    def metadata_by_key(self) -> dict[AssetKey, Mapping[str, Any]]:
        """The metadata of each asset's definition, as it was written."""
        return {spec.key: dict(spec.metadata) for spec in self.specs}

    @property
    def tags_by_key(self) -> dict[AssetKey, Mapping[str, str]]:
        """The tags of each asset."""
        return {spec.key: spec.tags for spec in self.specs}

    @property
    def automation_conditions_by_key(self) -> dict[AssetKey, Any]:
        """The conditions of the assets that have one."""
        return {spec.key: spec.automation_condition for spec in self.specs if spec.automation_condition is not None}

    @property
    def code_versions_by_key(self) -> dict[AssetKey, str | None]:
        """Code versions given by hand."""
        return {spec.key: spec.code_version for spec in self.specs}

    @property
    def keys_by_output_name(self) -> dict[str, AssetKey]:
        """The key that each output is."""
        return dict(self.keys_by_output)

    @property
    def keys_by_input_name(self) -> dict[str, AssetKey]:
        """The key that each input reads, as far as it is known before all assets are."""
        return {name: spec.key or AssetKey.from_coercible(name) for name, spec in self.inputs.items()}

    @property
    def required_resource_keys(self) -> set[str]:
        """The resources that the function asks for, by parameter or by key."""
        return set(self.node.resource_keys) if isinstance(self.node, OpDefinition) else set()

    @property
    def dependency_keys(self) -> frozenset[AssetKey]:
        """Keys named explicitly as upstream; parameters found by name are added when definitions are resolved."""
        named = {spec.key for spec in self.inputs.values() if spec.key is not None}
        return frozenset(named | {dep.asset for spec in self.specs for dep in spec.deps})

    def get_asset_spec(self, key: CoercibleToAssetKey | None = None) -> AssetSpec:
        """What is said of one asset; of the only one when no key is given."""
        wanted = self.key if key is None else AssetKey.from_coercible(key)
        found = self.spec_of(wanted)
        if found is None:
            near = did_you_mean(str(wanted), map(str, self.keys))
            raise UnknownAsset(f"'{self.name}' makes no asset '{wanted}'. {near}".rstrip())
        return found

    def map_asset_specs(self, fn: Callable[[AssetSpec], AssetSpec]) -> AssetsDefinition:
        """A copy in which each spec went through `fn`. Keys may change; inputs of other assets that name them do not."""
        changed = {spec.key: fn(spec) for spec in self.specs}
        new_keys = {key: spec.key for key, spec in changed.items()}
        return replace(
            self,
            said=tuple(changed.values()) if isinstance(self.said, tuple) else changed[self.said.key],
            given_outputs=self.given_outputs and {output: new_keys[key] for output, key in self.given_outputs.items()},
            internal_deps={new_keys[key]: frozenset(new_keys.get(dep, dep) for dep in deps) for key, deps in self.internal_deps.items()},
            check_specs_by_output={
                output: replace(check, asset_key=new_keys.get(check.asset_key, check.asset_key))
                for output, check in self.check_specs_by_output.items()
            },
            selected=None if self.selected is None else frozenset(new_keys[key] for key in self.selected),
            partitions_def=next(iter(changed.values())).partitions_def if changed else None,
        )

    def with_attributes(
        self,
        *,
        asset_key_replacements: Mapping[AssetKey, AssetKey] | None = None,
        group_names_by_key: Mapping[AssetKey, str] | None = None,
        tags_by_key: Mapping[AssetKey, Mapping[str, str]] | None = None,
        automation_condition: Any = None,
        backfill_policy: BackfillPolicy | None = None,
        metadata_by_key: Mapping[AssetKey | CheckKey, Mapping[str, Any]] | None = None,
        **attributes: Any,
    ) -> AssetsDefinition:
        """A copy with other attributes: by key as it is now, or by any argument of `AssetSpec` for all of its assets.

        `asset_key_replacements` renames its assets and what they read. `automation_condition` is one for all, or one by key.

        >>> from nbasset import AssetKey, asset
        >>> @asset
        ... def orders(): ...
        >>> orders.with_attributes(asset_key_replacements={AssetKey("orders"): AssetKey("sales")}, owners=["team:data"]).key
        AssetKey('sales')
        """
        renamed = asset_key_replacements or {}
        conditions = automation_condition if isinstance(automation_condition, Mapping) else dict.fromkeys(self.keys, automation_condition)
        by_key: dict[str, Mapping[Any, Any]] = {
            "group_name": group_names_by_key or {},
            "tags": tags_by_key or {},
            "metadata": metadata_by_key or {},
            "automation_condition": conditions if automation_condition is not None else {},
            "key": renamed,
        }

        def change(spec: AssetSpec) -> AssetSpec:
            own: dict[str, Any] = {name: values[spec.key] for name, values in by_key.items() if spec.key in values}
            if renamed:
                own["deps"] = [replace(dep, asset=renamed.get(dep.asset, dep.asset)) for dep in spec.deps]
            return spec.replace_attributes(**{**attributes, **own})

        reads = self.keys_by_input_name if renamed else {}
        said = {check.key: metadata_by_key[check.key] for check in self.check_specs if metadata_by_key and check.key in metadata_by_key}
        changed = replace(
            self,
            given_inputs={
                name: replace(item, key=renamed[reads[name]], key_prefix=()) if reads.get(name) in renamed else item
                for name, item in self.inputs.items()
            },
            check_specs_by_output={
                output: replace(check, metadata=said[check.key]) if check.key in said else check
                for output, check in self.check_specs_by_output.items()
            },
            backfill_policy=backfill_policy or self.backfill_policy,
        )
        return changed.map_asset_specs(change)

    def with_prefix(self, prefix: str | Sequence[str]) -> AssetsDefinition:
        """A copy below a key prefix; explicit upstream keys stay as they are."""
        return self.map_asset_specs(lambda spec: spec.replace_attributes(key=spec.key.with_prefix(prefix)))

    def with_resources(self, resource_defs: Mapping[str, Any]) -> AssetsDefinition:
        """A copy with resources of its own; they win over those of `Definitions`."""
        return replace(self, resource_defs={**self.resource_defs, **resource_defs})

    def with_inputs(self, names: Iterable[str]) -> AssetsDefinition:
        """For a cell asset: the same with a function that takes these free names of its body as inputs."""
        if self.rebuild is None:
            return self
        wanted = tuple(sorted(names))
        inputs = {**{name: AssetInput(name) for name in wanted}, **self.inputs}
        return replace(self, node=self.rebuild(wanted), given_inputs=inputs, rebuild=None)

    def subset_for(self, keys: Iterable[AssetKey]) -> AssetsDefinition:
        """The same, to make only these of its assets.

        Raises
        ------
        InvalidDefinitionError
            If only all of them can be made together (``can_subset=False``).
        """
        wanted = frozenset(keys) & frozenset(self.keys)
        if wanted == frozenset(self.keys):
            return replace(self, selected=None)
        if not self.can_subset:
            raise InvalidDefinitionError(
                f"'{self.name}' makes {keys_text(self.keys)} together; {keys_text(sorted(wanted))} alone cannot be made. "
                "Select all of them, or define it with can_subset=True and yield only what context.selected_asset_keys asks for."
            )
        return replace(self, selected=wanted)

    def to_source_assets(self) -> list[AssetSpec]:
        """Specs of the assets as external ones."""
        return list(self.specs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function on plain values, as in a test; nothing is stored and no run is made."""
        what = f"{'asset' if self.said else 'check'} '{self.name}'"
        composer = current_composer()
        if composer is not None:
            raise InvalidInvocationError(
                f"{what} is called in the body of graph '{composer.graph}', but only ops and graphs are connected there. Make the function "
                "an @op, or let the graph read the asset: @graph_asset, or In(asset_key=...)."
            )
        return call_directly(self.op, args, kwargs, what=what, owner=self)

    def __iter__(self) -> Iterator[AssetSpec]:
        return iter(self.specs)

    def __repr__(self) -> str:
        return f"AssetsDefinition({', '.join(map(str, self.keys))})"

    @staticmethod
    def from_op(op_def: OpDefinition, **settings: Any) -> AssetsDefinition:
        """The assets that the outputs of an op are. Inputs are found by name, or by `keys_by_input_name`.

        Settings: `keys_by_input_name`, `keys_by_output_name`, `key_prefix`, `internal_asset_deps`, `partitions_def`, `partition_mappings`,
        `resource_defs`, `group_name`, `metadata_by_output_name`, `tags_by_output_name`, `descriptions_by_output_name`, `can_subset`,
        `automation_conditions_by_output_name`, `backfill_policy`, `owners_by_output_name`, `code_versions_by_output_name`, `check_specs`.

        >>> from nbasset.definitions.op_decorator import op
        >>> @op
        ... def orders(): return [1, 2]
        >>> AssetsDefinition.from_op(orders, group_name="raw").key
        AssetKey('orders')

        Raises
        ------
        InvalidDefinitionError
            If a setting names an input or output that there is not.
        """
        return AssetsDefinition(**arguments_of(op_def, **settings))

    @staticmethod
    def from_graph(graph_def: GraphBody, **settings: Any) -> AssetsDefinition:
        """The assets that the outputs of a graph are; the settings are those of `from_op`."""
        return AssetsDefinition(**arguments_of(graph_def, **settings))

    @staticmethod
    def external(spec: AssetSpec, *, place: str | None = None) -> AssetsDefinition:
        """An asset that is made elsewhere."""
        name = spec.key.to_python_identifier()
        return AssetsDefinition(
            name, None, spec, {name: spec.key}, partitions_def=spec.partitions_def, execution="external", place_given=place
        )
