"""What changed in the code of an asset since a version of it was made: told by helper, constant and cell, from the stored slice text."""

from __future__ import annotations

from collections.abc import Mapping

from nbasset.commands.scope import Scope
from nbasset.dataclass import dataclass
from nbasset.errors import LocationError
from nbasset.events.facts import AssetMaterialized
from nbasset.keys import AssetKey
from nbasset.planning.plan import Reason
from nbasset.source.diff import Change, changes_between
from nbasset.source.parameters import Parameter, parameters_in
from nbasset.source.slices import alone, statements_of_text

_PAGE = 20


@dataclass(frozen=True, slots=True)
class CodeStory:
    """Code then and now. `changes` are empty when the texts say the same, or one of them is not there."""

    key: AssetKey
    before: str = ""
    after: str = ""

    @property
    def changes(self) -> tuple[Change, ...]:
        """Statements that differ, in the order of the newer code."""
        if not self.before or not self.after:
            return ()
        try:
            return changes_between(alone(self.before), self.after)
        except LocationError:  # stored in a format of another time
            return ()

    @property
    def parameters(self) -> tuple[Mapping[str, Parameter], Mapping[str, Parameter]]:
        """Parameters of the notebook that the code held then, and holds now."""
        return _parameters(self.before), _parameters(self.after)


def story_of(scope: Scope, key: AssetKey, *, ordinal: int | None = None) -> CodeStory:
    """The code that the newest version of an asset (of one partition) was made with, beside the code now."""
    node = scope.catalog.by_key[key].node
    slice_now = scope.location.code.slice(node) if node is not None else None
    made = version_of(scope, key, ordinal)
    before = scope.instance.reader.text(made.source_id) if made is not None and made.source_id else None
    return CodeStory(key, before or "", slice_now.text if slice_now is not None else "")


def version_of(scope: Scope, key: AssetKey, ordinal: int | None) -> AssetMaterialized | None:
    """The newest materialization of an asset or partition."""
    if ordinal is None:
        record = scope.instance.reader.latest([key]).get(key)
        return record.materialization if record is not None else None
    for entry in scope.instance.reader.materializations(key, ordinal, limit=_PAGE):
        for fact in facts_in(entry.event):
            if fact.asset == key and fact.partition is not None and fact.partition.ordinal == ordinal:
                return fact
    return None


def facts_in(event: object) -> list[AssetMaterialized]:
    """The materializations in an event: of a step, reported, or brought back."""
    found = [*getattr(event, "facts", ()), getattr(event, "fact", None), getattr(event, "materialization", None)]
    return [one for one in found if isinstance(one, AssetMaterialized)]


def named(reason: Reason, story: CodeStory) -> tuple[Reason, ...]:
    """A reason about code or a parameter as several that name what changed; itself when that cannot be told."""
    if reason.kind == "code" and reason.text == "its code changed":
        found = [Reason("code" if one.kind == "asset" else "helper", one.name, one.sentence) for one in sorted(story.changes, key=_telling)]
        if found or not story.before:
            return tuple(found) or (reason,)
        return (Reason("code", reason.subject, "its code changed: the same statements in another order"),)
    if reason.kind == "config" and reason.text.startswith("the parameter"):
        before, after = story.parameters
        was, now = before.get(reason.subject), after.get(reason.subject)
        if now is not None:
            then = f", was {_value(was)}" if was is not None else " and was none"
            return (Reason("config", reason.subject, f"the parameter `{reason.subject}` in {now.label} is {_value(now)}{then}"),)
    return (reason,)


def _telling(change: Change) -> int:
    """What changed tells more than what is new, and that more than what went."""
    return ("changed", "added", "removed").index(change.status)


def _value(parameter: Parameter) -> str:
    text = parameter.text.partition(" = ")[2] or parameter.text
    return text if len(text) <= 60 else f"{text[:57]}..."


def _parameters(text: str) -> Mapping[str, Parameter]:
    try:
        return parameters_in(statements_of_text(text)) if text else {}
    except LocationError:
        return {}
