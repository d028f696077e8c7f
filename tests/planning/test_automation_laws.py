"""Laws of automation conditions: against a model in plain Python sets, and of evaluations from one cursor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from nbasset import AssetKey, AssetSpec, AutomationCondition, PartitionsDefinition, StaticPartitionsDefinition
from nbasset.definitions.catalog import Catalog, CatalogAsset, CatalogNode
from nbasset.definitions.partitions import PartitionsView
from nbasset.events.facts import AssetMaterialized
from nbasset.events.kinds import AssetReported
from nbasset.keys import PartitionRef
from nbasset.ordinals import OrdinalSet
from nbasset.planning.automation import evaluate_automation
from nbasset.planning.automation_state import AutomationCursor, AutomationView, News
from nbasset.planning.states import StateView
from nbasset.serde import dumps, loads
from nbasset.storage.memory import MemoryStorage

C = AutomationCondition
JAN5 = datetime(2024, 1, 5, 12, tzinfo=UTC)
LETTERS = StaticPartitionsDefinition([f"k{n}" for n in range(8)])
OPERANDS: dict[str, Callable[[], AutomationCondition]] = {
    "missing": C.missing,
    "newly_updated": C.newly_updated,
    "newly_requested": C.newly_requested,
    "initial": C.initial_evaluation,
    "cron": lambda: C.cron_tick_passed("0 * * * *"),
}
conditions = st.recursive(
    st.sampled_from(list(OPERANDS)).map(lambda name: OPERANDS[name]()),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: two[0] & two[1]),
        st.tuples(inner, inner).map(lambda two: two[0] | two[1]),
        inner.map(lambda one: ~one),
        inner.map(lambda one: one.newly_true()),
        st.tuples(inner, inner).map(lambda two: two[0].since(two[1])),
    ),
    max_leaves=8,
)
histories = st.lists(st.tuples(st.sets(st.integers(0, 7)), st.integers(1, 90)), min_size=1, max_size=6)


def _catalog(condition: AutomationCondition, partitions_def: PartitionsDefinition | None = None) -> Catalog:
    spec = AssetSpec("a", automation_condition=condition, partitions_def=partitions_def)
    return Catalog((CatalogAsset(spec, (), "a"),), (CatalogNode("a", (), (AssetKey("a"),), partitions_def=partitions_def),))


@given(conditions, histories)
def test_a_condition_is_what_the_same_words_say_of_plain_sets(condition: AutomationCondition, history: list[tuple[set[int], int]]) -> None:
    """A model in plain Python sets, evaluated beside the real thing over a history of updates."""
    catalog = _catalog(condition, LETTERS)
    cursor: AutomationCursor | None = None
    now, seq = datetime(2024, 1, 1, 0, 30, tzinfo=UTC), 0
    view = PartitionsView(now)
    everything = set(LETTERS.ordinals(view))
    made: set[int] = set()
    requested: set[int] = set()
    memory: dict[str, set[int]] = {}
    for updated, minutes in history:
        before, now, seq = now, now + timedelta(minutes=minutes), seq + 1
        made |= updated
        first = cursor is None
        facts = {
            "missing": everything - made,
            "newly_updated": set() if first else updated,
            "newly_requested": requested,
            "initial_evaluation": everything if first else set(),
            "cron_tick_passed": everything if not first and now.replace(minute=0) > before else set(),
        }
        expected = _model(condition, facts, everything, memory, "")
        shown = AutomationView(
            PartitionsView(now, view.table), _made(made), news={AssetKey("a"): News(False, OrdinalSet.of(updated))}, seq=seq
        )
        result = evaluate_automation(catalog, shown, cursor)
        assert set(result.requested.get(AssetKey("a"), OrdinalSet())) == expected
        cursor, requested = loads(dumps(result.cursor)), expected


def _made(ordinals: set[int]) -> StateView:
    storage = MemoryStorage()
    if ordinals:
        storage.append([AssetReported(1, AssetMaterialized(AssetKey("a"), PartitionRef(f"k{n}", n))) for n in sorted(ordinals)])
    return StateView(storage.latest([AssetKey("a")]), storage.partition_tables([AssetKey("a")]))


def _model(
    condition: AutomationCondition, facts: dict[str, set[int]], everything: set[int], memory: dict[str, set[int]], path: str
) -> set[int]:
    parts = [_model(part, facts, everything, memory, f"{path}.{at}") for at, part in enumerate(condition.operands)]
    if condition.op == "and":
        return set.intersection(*parts)
    if condition.op == "or":
        return set.union(*parts)
    if condition.op == "not":
        return everything - parts[0]
    if condition.op == "newly_true":
        before, memory[path] = memory.get(path, set()), parts[0]
        return parts[0] - before
    if condition.op == "since":
        memory[path] = (memory.get(path, set()) | parts[0]) - parts[1]
        return memory[path]
    return facts[condition.op]


@given(conditions)
def test_evaluating_twice_from_one_cursor_gives_one_answer(condition: AutomationCondition) -> None:
    catalog = _catalog(condition, LETTERS)
    view = AutomationView(PartitionsView(JAN5))
    first = evaluate_automation(catalog, view)
    again = evaluate_automation(catalog, view)
    assert (first.requested, first.cursor) == (again.requested, again.cursor)


def test_code_is_compared_with_the_evaluation_before() -> None:
    catalog = _catalog(C.code_version_changed())
    view = AutomationView(PartitionsView(JAN5), code=lambda key: "v1")
    first = evaluate_automation(catalog, view)
    other = AutomationView(PartitionsView(JAN5), code=lambda key: "v2")
    assert evaluate_automation(catalog, view, first.cursor).total_requested == 0
    assert evaluate_automation(catalog, other, first.cursor).total_requested == 1
