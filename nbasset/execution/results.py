"""What a function returned or yielded, read against its declared outputs: one `Given` for each value, plus events and verdicts."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import NodeOutput
from nbasset.definitions.listed_partitions import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest
from nbasset.definitions.results import (
    DEFAULT_OUTPUT,
    NO_VALUE,
    AssetCheckResult,
    AssetMaterialization,
    AssetObservation,
    DynamicOutput,
    ExpectationResult,
    MaterializeResult,
    ObserveResult,
    Output,
)
from nbasset.errors import InvariantViolationError, did_you_mean, kind_of
from nbasset.events.facts import AssetMaterialized, AssetObserved, ExpectationEvaluated, Fact
from nbasset.execution.loop_thread import iterate, run_coroutine
from nbasset.keys import AssetKey, PartitionRef
from nbasset.metadata import MetadataValue

_EVENTS = (
    Output,
    DynamicOutput,
    MaterializeResult,
    ObserveResult,
    AssetCheckResult,
    AssetMaterialization,
    AssetObservation,
    ExpectationResult,
    AddDynamicPartitionsRequest,
    DeleteDynamicPartitionsRequest,
)


@dataclass(frozen=True, slots=True)
class Given:
    """One value of one output. `value` is `NO_VALUE` when the function stored it itself, or only observed."""

    output: str
    value: Any
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    data_version: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    mapping_key: str | None = None


Item = (
    Given | AssetCheckResult | AssetMaterialization | AssetObservation | ExpectationResult
    | AddDynamicPartitionsRequest | DeleteDynamicPartitionsRequest
)  # fmt: skip


class ResultReader:
    """Reads what one call of a function gave. `outputs` are those it is to fill; `what` names it in errors.

    A plain value fills the only output. A tuple fills several in order, a dict fills them by name. Everything else is said by the
    classes of `nbasset.definitions.results`, returned or yielded.
    """

    def __init__(self, outputs: Iterable[NodeOutput], *, what: str, annotated_none: bool = False, is_check: bool = False) -> None:
        self.what = what
        self.is_check = is_check
        self.annotated_none = annotated_none
        self._outputs = {output.name: output for output in outputs}
        self._values = [output.name for output in self._outputs.values() if output.check is None]
        self._by_asset: dict[AssetKey, str] = {output.asset: output.name for output in self._outputs.values() if output.asset is not None}
        self._seen: dict[str, set[str | None]] = {}

    def read(self, result: Any) -> Iterator[Item]:
        """Each thing that the function gave, in order; a generator is run as it is read.

        Raises
        ------
        InvariantViolationError
            If something was given that was not declared, given twice, or declared and not given.
        """
        if inspect.iscoroutine(result):
            result = run_coroutine(result)
        if inspect.isasyncgen(result):
            items: Any = result
            yield from self._each(iterate(items), yielded=True)
        elif inspect.isgenerator(result):
            yield from self._each(result, yielded=True)
        else:
            yield from self._returned(result)
        self._check_complete()

    def _each(self, items: Iterable[Any], *, yielded: bool) -> Iterator[Item]:
        for item in items:
            if not isinstance(item, _EVENTS):
                hint = f"Wrap it: yield Output({_short(item)})." if yielded else f"Wrap it: Output({_short(item)})."
                raise InvariantViolationError(
                    f"{self.what} yielded {_short(item)}, which says neither what it is nor for which output. {hint}"
                )
            yield from self._event(item)

    def _returned(self, result: Any) -> Iterator[Item]:
        if isinstance(result, _EVENTS):
            yield from self._event(result)
        elif isinstance(result, (list, tuple)) and result and all(isinstance(item, _EVENTS) for item in result):
            yield from self._each(result, yielded=False)
        elif self.is_check and (isinstance(result, bool) or type(result).__name__ in ("bool_", "bool")):
            yield AssetCheckResult(result)
        elif self.is_check:
            raise InvariantViolationError(f"{self.what} returned {_short(result)}. A check returns AssetCheckResult(passed=...).")
        elif len(self._outputs) > 1 and isinstance(result, tuple):
            yield from self._tuple(result)
        elif len(self._values) == 1:
            yield from self._plain(self._values[0], result)
        elif not self._values:
            if result is not None:
                raise InvariantViolationError(f"{self.what} returned {_short(result)}, but has no output for a value.")
        elif isinstance(result, Mapping):
            yield from self._by_name(result)
        elif result is None and (self.annotated_none or all(not self._outputs[name].is_required for name in self._values)):
            for name in self._values:
                yield from self._plain(name, None)
        else:
            names = ", ".join(self._values)
            raise InvariantViolationError(
                f"{self.what} returned {_short(result)}, but has {len(self._values)} outputs ({names}). "
                "Return a tuple in that order, a dict by output name, or yield Output(value, output_name=...)."
            )

    def _plain(self, name: str, value: Any) -> Iterator[Item]:
        if isinstance(value, _EVENTS):
            yield from self._event(value, default=name)
            return
        if value is None and (self.annotated_none or not self._outputs[name].is_required):
            if self._outputs[name].is_required:
                yield self._take(Given(name, NO_VALUE))
            return
        if self._outputs[name].is_dynamic:
            if not isinstance(value, (list, tuple)) or not all(isinstance(item, DynamicOutput) for item in value):
                raise InvariantViolationError(
                    f"output '{name}' of {self.what} is dynamic: return a list of DynamicOutput(value, mapping_key=...), or yield them."
                )
            for item in value:
                yield from self._event(item, default=name)
            return
        yield self._take(Given(name, value))

    def _tuple(self, result: tuple[Any, ...]) -> Iterator[Item]:
        names = list(self._outputs)
        if len(result) != len(names):
            raise InvariantViolationError(
                f"{self.what} returned a tuple of {len(result)}, but has {len(names)} outputs: {', '.join(names)}. "
                "Return one value for each."
            )
        for name, value in zip(names, result, strict=True):
            yield from self._plain(name, value)

    def _by_name(self, result: Mapping[Any, Any]) -> Iterator[Item]:
        for name, value in result.items():
            if name not in self._outputs:
                hint = did_you_mean(str(name), self._outputs)
                raise InvariantViolationError(f"{self.what} returned a value for '{name}', which is none of its outputs. {hint}".rstrip())
            yield from self._plain(name, value)

    def _event(self, item: Any, default: str | None = None) -> Iterator[Item]:
        if isinstance(item, Output):
            name = self._output_name(item.output_name, default)
            version = item.data_version.value if item.data_version else None
            yield self._take(Given(name, item.value, item.metadata, version, item.tags))
        elif isinstance(item, DynamicOutput):
            name = self._output_name(item.output_name, default)
            yield self._take(Given(name, item.value, item.metadata, None, {}, item.mapping_key))
        elif isinstance(item, (MaterializeResult, ObserveResult)):
            name = self._asset_output(item.asset_key)
            version = item.data_version.value if item.data_version else None
            value = item.value if isinstance(item, MaterializeResult) else NO_VALUE
            yield self._take(Given(name, value, item.metadata, version, item.tags))
            yield from item.check_results
        else:
            yield item

    def _output_name(self, name: str, default: str | None) -> str:
        if name == DEFAULT_OUTPUT and name not in self._outputs:
            name = default or (self._values[0] if len(self._values) == 1 else name)
        if name not in self._outputs:
            hint = did_you_mean(name, self._outputs) or f"Its outputs: {', '.join(self._outputs) or 'none'}."
            raise InvariantViolationError(f"{self.what} gave a value for output '{name}', which is not to be made in this call. {hint}")
        return name

    def _asset_output(self, key: AssetKey | None) -> str:
        if key is None:
            if len(self._by_asset) == 1:
                return next(iter(self._by_asset.values()))
            raise InvariantViolationError(
                f"{self.what} makes {len(self._by_asset)} assets: say which one a result is for, MaterializeResult(asset_key=...)."
            )
        if key not in self._by_asset:
            hint = did_you_mean(str(key), map(str, self._by_asset)) or "Yield only what context.selected_asset_keys asks for."
            raise InvariantViolationError(f"{self.what} gave a result for '{key}', which is not to be made in this call. {hint}")
        return self._by_asset[key]

    def _take(self, given: Given) -> Given:
        seen = self._seen.setdefault(given.output, set())
        if given.mapping_key in seen:
            twice = f" with mapping key '{given.mapping_key}'" if given.mapping_key else ""
            raise InvariantViolationError(f"{self.what} gave output '{given.output}' twice{twice}.")
        seen.add(given.mapping_key)
        return given

    def _check_complete(self) -> None:
        for name in self._values:
            output = self._outputs[name]
            if output.is_required and not output.is_dynamic and name not in self._seen:
                hint = "Mark it optional (output_required=False, is_required=False) if that is meant."
                raise InvariantViolationError(f"{self.what} ended without giving output '{name}'. {hint}")


def fact_of(item: Any) -> Fact:
    """What a function told besides its values, as a fact of its step."""
    if isinstance(item, ExpectationResult):
        return ExpectationEvaluated(item.success, item.label, item.description, item.metadata)
    ref = PartitionRef(item.partition, -1) if item.partition is not None else None
    if isinstance(item, AssetMaterialization):
        return AssetMaterialized(item.asset_key, ref, metadata=item.metadata, tags=item.tags, description=item.description)
    if isinstance(item, AssetObservation):
        version = item.tags.get("nbasset/data_version")
        return AssetObserved(item.asset_key, ref, version, item.metadata, item.tags, item.description)
    raise InvariantViolationError(f"{type(item).__name__} cannot be recorded with a step.")


def with_told(
    fact: Fact,
    by_asset: Mapping[tuple[AssetKey, str | None], Mapping[str, MetadataValue]],
    by_output: Mapping[str, Mapping[str, MetadataValue]],
    outputs: tuple[NodeOutput, ...],
) -> Fact:
    """A fact with the metadata that was told of its asset through the context."""
    if not isinstance(fact, AssetMaterialized):
        return fact
    partition = fact.partition.key if fact.partition is not None else None
    output = next((one.name for one in outputs if one.asset == fact.asset), "")
    told = {
        **by_output.get(output, {}),
        **by_asset.get((fact.asset, None), {}),
        **(by_asset.get((fact.asset, partition), {}) if partition else {}),
    }
    return replace(fact, metadata={**fact.metadata, **told}) if told else fact


def is_plain(value: Any) -> bool:
    """Whether something can only be the value of an output: it says nothing of itself, and is not None, which may mean that there is none.

    >>> is_plain([1, 2]), is_plain({}), is_plain(None), is_plain([Output(1)])
    (True, True, False, False)
    """
    kind = type(value)
    if kind is list or kind is tuple:
        return not value or not isinstance(value[0], _EVENTS)
    return kind in _PLAIN


_PLAIN = frozenset((int, float, str, bool, bytes, dict, set, frozenset))


def _short(value: Any) -> str:
    text = f"{value!r}" if isinstance(value, (int, float, str, bool, type(None))) else f"{kind_of(value)}"
    return text if len(text) <= 60 else text[:57] + "..."
