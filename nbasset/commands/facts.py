"""What is said of one asset in a few words, the same in the picture, the list and the card."""

from __future__ import annotations

from nbasset.commands.scope import Scope
from nbasset.commands.states import Standing, has_no_partitions
from nbasset.commands.words import ago, counted
from nbasset.drawing.picture import State
from nbasset.keys import AssetKey


def shown_state(scope: Scope, key: AssetKey, now: Standing) -> State:
    """The state to show: a definition with a problem goes before everything else."""
    name = str(key)
    if any(problem.asset == name and problem.severity == "error" for problem in scope.catalog.problems):
        return "problem"
    return now.shown(key)


def fact_of(scope: Scope, key: AssetKey, now: Standing) -> str:
    """The most urgent fact: why it is stale, or when it was made and how large it is."""
    state = now.states[key]
    record = now.records.get(key)
    problem = next((one for one in scope.catalog.problems if one.asset == str(key) and one.severity == "error"), None)
    if problem is not None:
        return problem.message.partition("\n")[0]
    if state.is_partitioned:
        return _partitions(scope, key, now)
    if key in now.running:
        return "running" if now.running[key][0] == "running" else "waits for its turn"
    if state.status == "failed":
        error = record.error if record is not None else None
        when = ago(record.failed_us, now.now_us) if record is not None else ""
        return f"failed {when}: {str(error).partition(chr(10))[0]}" if error is not None else f"failed {when}".strip()
    if state.status == "missing":
        return "never run"
    made = record.materialization if record is not None else None
    said = ago(record.at_us, now.now_us) if record is not None and made is not None else ""
    if made is not None and made.rows is not None:
        said += f", {counted(made.rows, 'row')}"
    if state.status == "stale" and state.reasons:
        return f"{state.reasons[0].text} ({said})"
    if state.status == "external":
        seen = record.observation if record is not None else None
        return f"seen {ago(record.observed_us, now.now_us)}" if record is not None and seen is not None else "made elsewhere"
    return said


def _partitions(scope: Scope, key: AssetKey, now: Standing) -> str:
    state = now.states[key]
    if has_no_partitions(state):
        return "no partitions yet"
    definition = scope.catalog.by_key[key].partitions_def
    total = len(definition.ordinals(now.view)) if definition is not None else 0
    there = len(state.fresh) + len(state.stale)
    parts = [f"{there:,} of {counted(total, 'partition')}"]
    parts += [f"{len(one):,} {word}" for word, one in (("stale", state.stale), ("failed", state.failed)) if one]
    if key in now.running:
        parts.append("running")
    return ", ".join(parts)


def counts_of(key: AssetKey, now: Standing) -> tuple[tuple[State, int], ...]:
    """How many partitions are in each state; empty for an asset without partitions."""
    state = now.states[key]
    if not state.is_partitioned:
        return ()
    found: list[tuple[State, int]] = [
        ("fresh", len(state.fresh)), ("stale", len(state.stale)), ("failed", len(state.failed)), ("missing", len(state.missing)),
    ]  # fmt: skip
    running = now.running.get(key)
    if running is not None and running[1] is not None:
        found.append((running[0], len(running[1])))
    return tuple((name, count) for name, count in found if count)
