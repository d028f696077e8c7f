"""When an asset should be made: an algebra of conditions, as frozen data.

A condition is true for some of the partitions of an asset (or for the asset as a whole) at one evaluation. `nbasset.planning.automation`
evaluates it; nothing here does. Combine with ``&``, ``|``, ``~``; change a ready-made one with `replace`, `allow`, `ignore`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nbasset.dataclass import dataclass
from nbasset.definitions.cron import ticks_of
from nbasset.definitions.selection import AssetSelection
from nbasset.errors import InvalidDefinitionError
from nbasset.keys import AssetKey
from nbasset.serde import dumps, serializable

if TYPE_CHECKING:
    from nbasset.keys import CoercibleToAssetKey

OPERANDS = frozenset({
    "missing", "run_in_progress", "backfill_in_progress", "execution_failed", "code_version_changed", "data_version_changed",
    "newly_updated", "newly_requested", "will_be_requested", "cron_tick_passed", "in_latest_time_window", "initial_evaluation",
    "executed_with_tags", "check_passed", "check_failed", "freshness_passed", "freshness_warned", "freshness_failed",
})  # fmt: skip
OPERATORS = frozenset({"and", "or", "not", "newly_true", "since"})
RELATIONS = frozenset({"any_deps", "all_deps", "any_checks", "all_checks", "any_downstream", "asset_matches"})
_SELECTIVE = frozenset({"any_deps", "all_deps", "any_checks", "all_checks"})


@serializable
@dataclass(frozen=True)
class AutomationCondition:
    """A condition. Make one with the constructors; `op` names the node, `args` are its settings, `operands` its parts.

    >>> condition = AutomationCondition.eager().replace("newly_updated", AutomationCondition.data_version_changed())
    >>> condition.label
    'eager'
    >>> str(AutomationCondition.missing() & ~AutomationCondition.in_progress())
    'missing & ~in_progress'
    """

    op: str
    args: tuple[Any, ...] = ()
    operands: tuple[AutomationCondition, ...] = ()
    label: str | None = None
    allowed: AssetSelection | None = None
    ignored: AssetSelection | None = None

    def __post_init__(self) -> None:
        if self.op not in OPERANDS | OPERATORS | RELATIONS:
            raise InvalidDefinitionError(
                f"there is no automation condition '{self.op}'. Make one with AutomationCondition.eager() and its like."
            )

    # -- what it is --------------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Its label, else what it says."""
        return self.label or self._said

    @cached_property
    def digest(self) -> str:
        """What tells it from another condition: what it does, not how it is labelled."""
        import hashlib  # brings OpenSSL: 4 MB, which who only defines does not need

        return hashlib.sha256(dumps(self._unlabelled()).encode()).hexdigest()[:16]

    def get_label(self) -> str | None:
        """The label, None without one."""
        return self.label

    def with_label(self, label: str | None) -> AutomationCondition:
        """The same under a name that people see, and that `replace` finds."""
        return replace(self, label=label)

    def __str__(self) -> str:
        return self._said if self.label is None or self.op in OPERANDS else self.label

    @property
    def _said(self) -> str:
        texts = [one.label if one.label else str(one) for one in self.operands]
        if self.op in ("and", "or"):
            mark = " & " if self.op == "and" else " | "
            return mark.join(f"({text})" if _needs_brackets(one, self.op) else text for one, text in zip(self.operands, texts, strict=True))
        if self.op == "not":
            return f"~({texts[0]})" if _needs_brackets(self.operands[0], "not") else f"~{texts[0]}"
        if self.op == "newly_true":
            return f"({texts[0]}).newly_true" if _needs_brackets(self.operands[0], "not") else f"{texts[0]}.newly_true"
        if self.op == "since":
            first = f"({texts[0]})" if _needs_brackets(self.operands[0], "not") else texts[0]
            return f"{first}.since({texts[1]})"
        inner = ", ".join([*(_arg(one) for one in self.args if one is not None), *texts])
        return f"{self.op}({inner})" if inner else self.op

    def _unlabelled(self) -> AutomationCondition:
        return replace(self, label=None, operands=tuple(one._unlabelled() for one in self.operands))

    # -- combining ---------------------------------------------------------------------------------------------------------

    def __and__(self, other: AutomationCondition) -> AutomationCondition:
        return _joined("and", self, other)

    def __or__(self, other: AutomationCondition) -> AutomationCondition:
        return _joined("or", self, other)

    def __invert__(self) -> AutomationCondition:
        return AutomationCondition("not", (), (self,))

    def newly_true(self) -> AutomationCondition:
        """True at the evaluation at which it becomes true, and false again at the next."""
        return AutomationCondition("newly_true", (), (self,))

    def since(self, reset_condition: AutomationCondition) -> AutomationCondition:
        """True from when it is true until the reset is; where both are true at once the reset wins."""
        return AutomationCondition("since", (), (self, _condition(reset_condition, "since")))

    def since_last_handled(self) -> AutomationCondition:
        """True from when it is true until the asset is requested or updated. What was true at the first evaluation does not count."""
        handled = AutomationCondition.newly_requested() | AutomationCondition.newly_updated() | AutomationCondition.initial_evaluation()
        return self.since(handled.with_label("handled"))

    def replace(self, old: AutomationCondition | str, new: AutomationCondition) -> AutomationCondition:
        """The same with each part that is `old`, or is labelled or named so, replaced by `new`."""
        _condition(new, "replace")
        same = old in (self.label, str(self), self.op if not self.args else None) if isinstance(old, str) else self == old
        if same:
            return new
        parts = tuple(one.replace(old, new) for one in self.operands)
        return self if parts == self.operands else replace(self, operands=parts)

    def without(self, condition: AutomationCondition | str) -> AutomationCondition:
        """An ``&`` of conditions without one of them.

        Raises
        ------
        InvalidDefinitionError
            If it is no part of it, or all that there is.
        """
        if self.op != "and":
            raise InvalidDefinitionError(f"without() leaves out a part of an '&' of conditions; '{self.name}' is none.")
        kept = tuple(
            one for one in self.operands if not (condition in (one.label, str(one)) if isinstance(condition, str) else one == condition)
        )
        if len(kept) == len(self.operands):
            parts = ", ".join(one.name for one in self.operands)
            raise InvalidDefinitionError(f"'{condition}' is no part of '{self.name}'. Its parts: {parts}.")
        return kept[0] if len(kept) == 1 else replace(self, operands=kept)

    def allow(self, selection: Any) -> AutomationCondition:
        """The same, looking only at those upstream assets (or checks) that are selected; parts inside too."""
        return self._limited(AssetSelection.from_coercible(selection), None, "allow")

    def ignore(self, selection: Any) -> AutomationCondition:
        """The same, leaving out those upstream assets (or checks) that are selected; parts inside too."""
        return self._limited(None, AssetSelection.from_coercible(selection), "ignore")

    def _limited(self, allowed: AssetSelection | None, ignored: AssetSelection | None, verb: str) -> AutomationCondition:
        found = self._with_limits(allowed, ignored)
        if found == self:
            raise InvalidDefinitionError(
                f"{verb}() says which upstream assets count, but '{self.name}' looks at none. Use it on any_deps_match(...) and its like."
            )
        return found

    def _with_limits(self, allowed: AssetSelection | None, ignored: AssetSelection | None) -> AutomationCondition:
        parts = tuple(one._with_limits(allowed, ignored) for one in self.operands)
        if self.op not in _SELECTIVE:
            return self if parts == self.operands else replace(self, operands=parts)
        both = allowed if self.allowed is None else self.allowed if allowed is None else self.allowed & allowed
        neither = ignored if self.ignored is None else self.ignored if ignored is None else self.ignored | ignored
        return replace(self, operands=parts, allowed=both, ignored=neither)

    # -- operands ----------------------------------------------------------------------------------------------------------

    @staticmethod
    def missing() -> AutomationCondition:
        """It was never made, nor observed (a check: never evaluated)."""
        return AutomationCondition("missing")

    @staticmethod
    def run_in_progress() -> AutomationCondition:
        """A run that is not over means to make it."""
        return AutomationCondition("run_in_progress")

    @staticmethod
    def backfill_in_progress() -> AutomationCondition:
        """A backfill that is not over means to make it."""
        return AutomationCondition("backfill_in_progress")

    @staticmethod
    def in_progress() -> AutomationCondition:
        """A run or a backfill that is not over means to make it."""
        return (AutomationCondition.run_in_progress() | AutomationCondition.backfill_in_progress()).with_label("in_progress")

    @staticmethod
    def execution_failed() -> AutomationCondition:
        """The last attempt to make it failed."""
        return AutomationCondition("execution_failed")

    @staticmethod
    def code_version_changed() -> AutomationCondition:
        """Its code is another than at the evaluation before."""
        return AutomationCondition("code_version_changed")

    @staticmethod
    def data_version_changed() -> AutomationCondition:
        """Its data became different since the evaluation before; a rerun with equal data does not count."""
        return AutomationCondition("data_version_changed")

    @staticmethod
    def newly_missing() -> AutomationCondition:
        """It became missing: a partition that did not exist at the evaluation before, or one that was wiped."""
        return AutomationCondition.missing().newly_true().with_label("newly_missing")

    @staticmethod
    def newly_updated() -> AutomationCondition:
        """It was made or observed since the evaluation before (a check: evaluated)."""
        return AutomationCondition("newly_updated")

    @staticmethod
    def newly_requested() -> AutomationCondition:
        """The evaluation before requested it."""
        return AutomationCondition("newly_requested")

    @staticmethod
    def will_be_requested() -> AutomationCondition:
        """This evaluation requests it, in a run that can make the asset in question too (their partitions are alike)."""
        return AutomationCondition("will_be_requested")

    @staticmethod
    def cron_tick_passed(cron_schedule: str, cron_timezone: str = "UTC") -> AutomationCondition:
        """A tick of the cron lies between the evaluation before and this one."""
        ticks_of(cron_schedule, cron_timezone)
        return AutomationCondition("cron_tick_passed", (cron_schedule, cron_timezone))

    @staticmethod
    def in_latest_time_window(lookback_delta: timedelta | None = None) -> AutomationCondition:
        """Partitions by time: the newest that exists, and those that begin within `lookback_delta` before its end. Others: always."""
        if lookback_delta is not None and lookback_delta <= timedelta(0):
            raise InvalidDefinitionError(
                f"in_latest_time_window: lookback_delta {lookback_delta} looks back at nothing. Give a positive span."
            )
        return AutomationCondition("in_latest_time_window", (None if lookback_delta is None else lookback_delta.total_seconds(),))

    @staticmethod
    def initial_evaluation() -> AutomationCondition:
        """The first evaluation since the asset has this condition."""
        return AutomationCondition("initial_evaluation")

    @staticmethod
    def executed_with_tags(
        *, tag_keys: set[str] | frozenset[str] | None = None, tag_values: dict[str, str] | None = None
    ) -> AutomationCondition:
        """Its newest version comes from a run that has all these tags, with these values."""
        if not tag_keys and not tag_values:
            raise InvalidDefinitionError('executed_with_tags needs a tag: tag_keys={"team"} or tag_values={"team": "sales"}.')
        return AutomationCondition("executed_with_tags", (tuple(sorted(tag_keys or ())), tuple(sorted((tag_values or {}).items()))))

    @staticmethod
    def check_passed() -> AutomationCondition:
        """The newest verdict of the check is that it passed: for `any_checks_match` and `all_checks_match`."""
        return AutomationCondition("check_passed")

    @staticmethod
    def check_failed() -> AutomationCondition:
        """The newest verdict of the check is that it failed: for `any_checks_match` and `all_checks_match`."""
        return AutomationCondition("check_failed")

    @staticmethod
    def freshness_passed() -> AutomationCondition:
        """Its freshness policy is kept."""
        return AutomationCondition("freshness_passed")

    @staticmethod
    def freshness_warned() -> AutomationCondition:
        """Its freshness policy warns."""
        return AutomationCondition("freshness_warned")

    @staticmethod
    def freshness_failed() -> AutomationCondition:
        """Its freshness policy is broken."""
        return AutomationCondition("freshness_failed")

    # -- looking at other assets -------------------------------------------------------------------------------------------

    @staticmethod
    def asset_matches(key: CoercibleToAssetKey, condition: AutomationCondition) -> AutomationCondition:
        """The condition is true for another asset: for the partitions of it that go with those in question."""
        return AutomationCondition("asset_matches", (AssetKey.from_coercible(key),), (_condition(condition, "asset_matches"),))

    @staticmethod
    def any_deps_match(condition: AutomationCondition) -> AutomationCondition:
        """The condition is true for something that it reads."""
        return AutomationCondition("any_deps", (), (_condition(condition, "any_deps_match"),))

    @staticmethod
    def all_deps_match(condition: AutomationCondition) -> AutomationCondition:
        """The condition is true for each upstream asset: for one partition at least of those that it reads of each."""
        return AutomationCondition("all_deps", (), (_condition(condition, "all_deps_match"),))

    @staticmethod
    def any_deps_updated() -> AutomationCondition:
        """Something that it reads was updated since the evaluation before, or will be by this one."""
        either = AutomationCondition.newly_updated() | AutomationCondition.will_be_requested()
        return AutomationCondition.any_deps_match(either).with_label("any_deps_updated")

    @staticmethod
    def any_deps_missing() -> AutomationCondition:
        """Something that it reads is missing, and is not requested by this evaluation."""
        lacking = AutomationCondition.missing() & ~AutomationCondition.will_be_requested()
        return AutomationCondition.any_deps_match(lacking).with_label("any_deps_missing")

    @staticmethod
    def any_deps_in_progress() -> AutomationCondition:
        """Something that it reads is being made."""
        return AutomationCondition.any_deps_match(AutomationCondition.in_progress()).with_label("any_deps_in_progress")

    @staticmethod
    def all_deps_updated_since_cron(cron_schedule: str, cron_timezone: str = "UTC") -> AutomationCondition:
        """Each upstream asset was updated since the last tick of the cron, or will be by this evaluation."""
        passed = AutomationCondition.cron_tick_passed(cron_schedule, cron_timezone)
        updated = AutomationCondition.newly_updated().since(passed) | AutomationCondition.will_be_requested()
        return AutomationCondition.all_deps_match(updated).with_label(f"all_deps_updated_since_cron({cron_schedule}, {cron_timezone})")

    @staticmethod
    def any_checks_match(condition: AutomationCondition, blocking_only: bool = False) -> AutomationCondition:
        """The condition is true for a check of the asset."""
        return AutomationCondition("any_checks", (blocking_only,), (_condition(condition, "any_checks_match"),))

    @staticmethod
    def all_checks_match(condition: AutomationCondition, blocking_only: bool = False) -> AutomationCondition:
        """The condition is true for each check of the asset; so also if it has none."""
        return AutomationCondition("all_checks", (blocking_only,), (_condition(condition, "all_checks_match"),))

    @staticmethod
    def all_deps_blocking_checks_passed() -> AutomationCondition:
        """Every blocking check of everything upstream passed, or will be evaluated by this evaluation."""
        fine = AutomationCondition.check_passed() | AutomationCondition.will_be_requested()
        inner = AutomationCondition.all_checks_match(fine, blocking_only=True)
        return AutomationCondition.all_deps_match(inner).with_label("all_deps_blocking_checks_passed")

    @staticmethod
    def any_downstream_conditions() -> AutomationCondition:
        """The condition of an asset that reads it is true."""
        return AutomationCondition("any_downstream")

    # -- ready-made --------------------------------------------------------------------------------------------------------

    @staticmethod
    def eager() -> AutomationCondition:
        """Make it as soon as something it reads was updated, or a partition came to be; wait for what is missing or under way.

        Of partitions by time only the newest counts. What lies unmade when the condition is first evaluated stays so.
        """
        wanted = (AutomationCondition.newly_missing() | AutomationCondition.any_deps_updated()).since_last_handled()
        return (
            AutomationCondition.in_latest_time_window()
            & wanted
            & ~AutomationCondition.any_deps_missing()
            & ~AutomationCondition.any_deps_in_progress()
            & ~AutomationCondition.in_progress()
        ).with_label("eager")

    @staticmethod
    def on_cron(cron_schedule: str, cron_timezone: str = "UTC") -> AutomationCondition:
        """Make it once after each tick of the cron, as soon as everything it reads was updated since that tick."""
        passed = AutomationCondition.cron_tick_passed(cron_schedule, cron_timezone).since_last_handled()
        return (
            AutomationCondition.in_latest_time_window()
            & passed.with_label(f"tick_of({cron_schedule}, {cron_timezone})_since_last_handled")
            & AutomationCondition.all_deps_updated_since_cron(cron_schedule, cron_timezone)
        ).with_label(f"on_cron({cron_schedule}, {cron_timezone})")

    @staticmethod
    def on_missing() -> AutomationCondition:
        """Make what is missing as soon as everything it reads is there. What was missing at the first evaluation does not count."""
        missing = AutomationCondition.missing().newly_true().since_last_handled().with_label("missing_since_last_handled")
        return (AutomationCondition.in_latest_time_window() & missing & ~AutomationCondition.any_deps_missing()).with_label("on_missing")


def parts_of(condition: AutomationCondition) -> Sequence[AutomationCondition]:
    """The condition and all its parts, outermost first."""
    found = [condition]
    for one in found:
        found.extend(one.operands)
    return found


def _joined(op: str, left: AutomationCondition, right: AutomationCondition) -> AutomationCondition:
    _condition(right, "&" if op == "and" else "|")
    operands: list[AutomationCondition] = []
    for one in (left, right):
        operands.extend(one.operands if one.op == op and one.label is None else [one])
    return AutomationCondition(op, (), tuple(operands))


def _condition(value: Any, where: str) -> AutomationCondition:
    if not isinstance(value, AutomationCondition):
        hint = " Call it: AutomationCondition.missing()." if callable(value) else ""
        raise InvalidDefinitionError(f"{where} takes an AutomationCondition, not {value!r:.60}.{hint}")
    return value


def _needs_brackets(one: AutomationCondition, inside: str) -> bool:
    return one.label is None and one.op in ("and", "or") and one.op != inside


def _arg(value: Any) -> str:
    return f"'{value}'" if isinstance(value, (str, AssetKey)) else str(value)
