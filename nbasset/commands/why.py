"""``why``: why something is what it is. One sentence, the chain from the root cause, the code that changed, partitions, and the cost."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, replace
from itertools import pairwise
from typing import Any

from nbasset.arguments.options_time import WhyArguments
from nbasset.commands.code_story import CodeStory, facts_in, named, story_of, version_of
from nbasset.commands.costs import costs_of, workers_of
from nbasset.commands.facts import counts_of
from nbasset.commands.planning import Wish, wanted_of
from nbasset.commands.scope import Scope
from nbasset.commands.show import one_asset
from nbasset.commands.states import Standing, standing
from nbasset.commands.words import counted
from nbasset.dataclass import dataclass
from nbasset.definitions.partition_ranges import format_ranges, parse_ranges
from nbasset.drawing.picture import State
from nbasset.errors import UnknownPartitionError
from nbasset.events.facts import AssetMaterialized
from nbasset.events.recipes import PACKAGES_TAG
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.estimates import Estimate, estimate
from nbasset.planning.explain import Root, roots_of
from nbasset.planning.plan import Reason
from nbasset.planning.reads import reads_of
from nbasset.serde import Json
from nbasset.source.diff import Change

_MOST_SAID = 2
_ITS = re.compile(r"its (code_version|code|last run|file|configuration|statements)\b")


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain. The first is the cause itself, with the code that changed; the last the asset asked about.

    `partitions` are those that it touches, as text; empty without partitions.
    """

    asset: AssetKey
    state: State
    text: str
    changes: tuple[Change, ...] = ()
    partitions: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class Cause:
    """One root cause and the way down from it. `reasons` say it in sentences, most telling first."""

    asset: AssetKey
    reasons: tuple[Reason, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class WhyResult:
    """The answer. `sentence` stands alone, `causes` are the chains, `same` what did not change, `estimate` what making it fresh takes."""

    asset: AssetKey
    state: State
    sentence: str
    partition: str | None = None
    causes: tuple[Cause, ...] = ()
    counts: tuple[tuple[State, int], ...] = ()
    partitions: str = ""
    same: tuple[str, ...] = ()
    estimate: Estimate | None = None
    at_us: int = 0
    now_us: int = 0
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def diff(self) -> str:
        """All code that changed, as one unified diff with a heading for each statement."""
        changes = dict.fromkeys(change for cause in self.causes for link in cause.links for change in link.changes)
        return "\n\n".join(f"--- {change.sentence}\n{change.diff}" for change in changes)

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "asset": str(self.asset), "state": self.state, "sentence": self.sentence, "partition": self.partition,
            "partition_counts": dict(self.counts), "stale_partitions": self.partitions or None, "same": list(self.same), "diff": self.diff,
            "causes": [
                {"asset": str(cause.asset),
                 "reasons": [{"kind": one.kind, "subject": one.subject, "text": one.text} for one in cause.reasons],
                 "chain": [
                     {"asset": str(link.asset), "state": link.state, "text": link.text, "partitions": link.partitions or None,
                      "partition_count": link.count,
                      "changes": [{"kind": one.kind, "name": one.name, "where": one.label, "status": one.status, "diff": one.diff}
                                  for one in link.changes]}
                     for link in cause.links
                 ]}
                for cause in self.causes
            ],
            "estimate": self.estimate.to_json() if self.estimate is not None else None,
        }  # fmt: skip


def why(scope: Scope, arguments: WhyArguments, *, now: Standing | None = None) -> WhyResult:
    """Why the asset that is named is stale, missing, failed or fresh.

    Raises
    ------
    UnknownAsset, UnknownPartitionError
        If there is none.
    """
    key = one_asset(scope, arguments.asset)
    if now is None:
        now = standing(scope, keys=[key], direct=arguments.direct)
    ordinal = _ordinal(scope, key, arguments.partition, now)
    return _Asked(scope, key, ordinal, arguments.partition or None, now).answer()


def _ordinal(scope: Scope, key: AssetKey, text: str, now: Standing) -> int | None:
    if not text:
        return None
    definition = scope.catalog.by_key[key].partitions_def
    if definition is None:
        raise UnknownPartitionError(f"asset '{key}' has no partitions, so {text!r} names none. Leave -p out.")
    found = parse_ranges(text, definition, now.view)
    if len(found) != 1:
        raise UnknownPartitionError(f"{text!r} names {len(found)} partitions of '{key}'. Name one, or leave -p out for all.")
    return next(iter(found))


@dataclass(slots=True)
class _Asked:
    """One question, with what was looked up on the way."""

    scope: Scope
    key: AssetKey
    ordinal: int | None
    partition: str | None
    now: Standing
    _stories: dict[tuple[AssetKey, int | None], CodeStory] = field(default_factory=dict)

    def answer(self) -> WhyResult:
        state = self.now.states[self.key]
        causes = self._causes()
        shown = self._shown()
        record = self.now.records.get(self.key)
        partitions = ""
        if state.is_partitioned and state.stale and self.ordinal is None:
            partitions = self._range(self.key, state.stale)
        return WhyResult(
            self.key,
            shown,
            self._sentence(shown, causes),
            self.partition,
            causes,
            counts_of(self.key, self.now) if self.ordinal is None else (),
            partitions,
            self._same(causes) if shown in ("stale", "fresh") else (),
            self._estimate() if shown in ("stale", "missing", "failed") else None,
            record.at_us if record is not None else 0,
            self.now.now_us,
        )

    def _shown(self) -> State:
        state = self.now.states[self.key]
        if self.ordinal is None:
            return state.status
        for name, ordinals in (("failed", state.failed), ("missing", state.missing), ("stale", state.stale)):
            if self.ordinal in ordinals:
                return name  # type: ignore[return-value]
        return "fresh"

    # -- causes ------------------------------------------------------------------------------------------------------------------

    def _causes(self) -> tuple[Cause, ...]:
        by_place: dict[tuple[AssetKey, ...], list[Root]] = {}
        for root in roots_of(self.key, self.now.states, self.scope.catalog, ordinal=self.ordinal):
            by_place.setdefault(root.path, []).append(root)
        return tuple(self._cause(path, roots) for path, roots in by_place.items())

    def _cause(self, path: tuple[AssetKey, ...], roots: list[Root]) -> Cause:
        key = path[0]
        reasons: dict[Reason, None] = {}
        changes: dict[Change, None] = {}
        for root in roots:
            found = self._named(root)
            reasons.update(dict.fromkeys(found))
            if root.reason.kind == "code":
                changes.update(dict.fromkeys(self._story(root).changes))
        state = self.now.states[key]
        touched = [where for reason, where in state.causes if any(reason == root.reason for root in roots)]
        where = OrdinalSet.of(one for some in touched for one in some) if len(touched) > 1 else touched[0] if touched else None
        first = Link(
            key, state.status, "; ".join(one.text for one in reasons), tuple(changes), self._range(key, where), len(where or ())
        )  # fmt: skip
        links = [first]
        for above, at in pairwise(path):
            mine = [root.where for root in roots if root.where is not None] if at == self.key else []
            sets = OrdinalSet.of(one for some in mine for one in some) if mine else None
            links.append(Link(at, self.now.states[at].status, f"reads '{above}'", (), self._range(at, sets), len(sets or ())))
        return Cause(key, tuple(reasons), tuple(links))

    def _named(self, root: Root) -> tuple[Reason, ...]:
        reason = root.reason
        if reason.kind == "code" or (reason.kind == "config" and reason.text.startswith("the parameter")):
            return named(reason, self._story(root))
        if reason.kind == "config":
            return (self._config(root) or reason,)
        if reason.kind == "data":
            return (self._data(root) or reason,)
        return (reason,)

    def _story(self, root: Root) -> CodeStory:
        """The code of the asset where a cause lies, then and now; of a partitioned one, by the newest partition that it touches."""
        at = (root.asset, self._newest(root))
        if at not in self._stories:
            self._stories[at] = story_of(self.scope, *at[:1], ordinal=at[1])
        return self._stories[at]

    def _newest(self, root: Root) -> int | None:
        state = self.now.states[root.asset]
        if not state.is_partitioned:
            return None
        if root.asset == self.key and self.ordinal is not None:
            return self.ordinal
        where = next((where for reason, where in state.causes if reason == root.reason), state.stale)
        return where.runs[-1][1] - 1 if where else None

    def _config(self, root: Root) -> Reason | None:
        """What was configured then and is not now, from the run that made it."""
        made = self._made(root)
        run = self.scope.instance.reader.run(made[0]) if made is not None and made[0] else None
        node = self.scope.catalog.by_key[root.asset].node
        if run is None or node is None:
            return None
        ops: Any = run.config.get("ops") or {}
        then = dict(_flat(ops.get(node) or {}))
        if not then:
            return Reason("config", str(root.asset), "it was made with the default configuration")
        told = ", ".join(f"{path.removeprefix('config.')}={value!r}" for path, value in list(then.items())[:3])
        return Reason("config", str(root.asset), f"it was made with {told}, not with the default configuration")

    def _data(self, root: Root) -> Reason | None:
        """How many rows the data above gained or lost since it was read."""
        made = self._made(root)
        upstream = AssetKey.from_user_string(root.reason.subject)
        now = self.now.records.get(upstream)
        definition = self.scope.catalog.by_key[upstream].partitions_def if upstream in self.scope.catalog.by_key else None
        used = next((one for one in made[1].inputs if one.asset == upstream), None) if made is not None else None
        if used is None or now is None or now.materialization is None or definition is not None:
            return None
        then = self.scope.instance.reader.materializations(upstream, None, before=used.as_of_seq + 1, limit=1)
        rows = next((fact.rows for entry in then for fact in facts_in(entry.event) if fact.asset == upstream), None)
        if rows is None or now.materialization.rows is None:
            return None
        gained = now.materialization.rows - rows
        said = f"{gained:+,} {'row' if abs(gained) == 1 else 'rows'}" if gained else f"the same {counted(rows, 'row')}, other values"
        return replace(root.reason, text=f"{root.reason.text} ({said})")

    def _made(self, root: Root) -> tuple[Any, AssetMaterialized] | None:
        """The run and the fact of the version in question."""
        record = self.now.records.get(root.asset)
        ordinal = self._newest(root)
        if ordinal is None:
            made = record.materialization if record is not None else None
            return (record.run_id, made) if record is not None and made is not None else None
        fact = version_of(self.scope, root.asset, ordinal)
        entries = self.scope.instance.reader.materializations(root.asset, ordinal, limit=1)
        run_id = getattr(entries[0].event, "run_id", None) if entries else None
        return (run_id, fact) if fact is not None else None

    # -- words -------------------------------------------------------------------------------------------------------------------

    def _sentence(self, shown: State, causes: tuple[Cause, ...]) -> str:
        state = self.now.states[self.key]
        name = f"'{self.key}'" + (f" for {self.partition}" if self.partition else "")
        if shown == "external":
            return f"{name} is made elsewhere: nothing here makes it."
        if shown == "fresh":
            return f"{name} is fresh: nothing that it was made from has changed."
        told = [(cause, reason) for cause in causes for reason in cause.reasons if self._says(shown, cause, reason)]
        told = _once(told or [(cause, reason) for cause in causes for reason in cause.reasons])
        if shown == "failed" and told:
            return f"{name} {self._state_words(shown)}: {told[0][1].text.removeprefix('its last run failed: ')}."
        if shown == "missing" and state.is_partitioned and self.ordinal is None:
            never = not any(reason.kind == "layout" for _, reason in told)
            return f"{name} is {self._state_words(shown)}: {'never materialized' if never else self._clauses(told)}."
        if not told:
            return f"{name} is {shown}."
        return f"{name} is {self._state_words(shown)}: {self._clauses(told)}."

    def _says(self, shown: State, cause: Cause, reason: Reason) -> bool:
        """Whether a reason is one for this state."""
        if shown in ("failed", "missing"):
            return reason.kind == shown or (shown == "missing" and reason.kind == "layout")
        return cause.asset != self.key or reason.kind not in ("missing", "layout", "failed")

    def _clauses(self, told: list[tuple[Cause, Reason]]) -> str:
        """The first reasons in words, those of one place together; and how many more there are."""
        first = dict.fromkeys((cause.asset, reason) for cause, reason in told)
        said = list(first)[:_MOST_SAID]
        clauses = []
        for asset in dict.fromkeys(asset for asset, _ in said):
            mine = [reason for at, reason in said if at == asset]
            clauses.append(self._clause(asset, mine))
        more = len(first) - len(said)
        return ", and ".join(clauses) + (f", and {counted(more, 'more reason')}" if more > 0 else "")

    def _state_words(self, shown: State) -> str:
        state = self.now.states[self.key]
        if not state.is_partitioned or self.ordinal is not None:
            return shown
        total = len(state.fresh) + len(state.stale) + len(state.failed) + len(state.missing)
        count = {"missing": state.missing, "failed": state.failed}.get(shown, state.stale)
        some = f" for {len(count):,} of {counted(total, 'partition')}"
        return shown + ("" if len(count) == total else some)

    def _clause(self, asset: AssetKey, reasons: list[Reason]) -> str:
        if asset == self.key:
            return " and ".join(reason.text for reason in reasons)
        texts = []
        reads = False
        for reason in reasons:
            if reason.kind in ("missing", "layout"):
                texts.append(f"'{asset}' is not there")
            elif reason.text.startswith("it "):
                texts.append(f"'{asset}' {reason.text.removeprefix('it ')}")
            elif _ITS.match(reason.text):
                texts.append(_ITS.sub(rf"the \1 of '{asset}'", reason.text))
            else:
                texts.append(reason.text)
                reads = reads or reason.kind not in ("file", "upstream", "resource")
        verb = "reads" if all(reason.kind == "data" for reason in reasons) else "needs"
        return " and ".join(texts) + (f", which '{asset}' {verb}" if reads else "")

    def _range(self, key: AssetKey, where: OrdinalSet | None) -> str:
        definition = self.scope.catalog.by_key[key].partitions_def
        return format_ranges(where, definition, self.now.view) if definition is not None and where else ""

    def _same(self, causes: tuple[Cause, ...]) -> tuple[str, ...]:
        """What was looked at and is as it was."""
        state = self.now.states[self.key]
        kinds = {reason.kind for reason in state.own_reasons}
        subjects = {reason.subject for reason in state.reasons}
        found = [] if "code" in kinds or not self.scope.location.code.version_of(self.key) else ["own code"]
        asset = self.scope.catalog.by_key[self.key]
        for read in reads_of(asset, self.scope.catalog):
            above = self.now.states.get(read.asset)
            if str(read.asset) not in subjects and above is not None and above.status in ("fresh", "external"):
                found.append(f"'{read.asset}'")
        found += [] if kinds & {"config", "resource"} else ["configuration"]
        return (*dict.fromkeys(found), *self._packages())

    def _packages(self) -> list[str]:
        node = self.scope.catalog.by_key[self.key].node
        made = version_of(self.scope, self.key, self.ordinal)
        now = self.scope.location.code.packages(node) if node is not None else ""
        then = made.tags.get(PACKAGES_TAG, "") if made is not None else ""
        before = dict(one.rpartition(" ")[::2] for one in then.split(", ") if one)
        after = dict(one.rpartition(" ")[::2] for one in now.split(", ") if one)
        same = [f"{name} {version}" for name, version in after.items() if before.get(name) == version]
        moved = {name: version for name, version in after.items() if before.get(name, version) != version}
        other = [f"{name} {before[name]}, now {version} (does not count)" for name, version in moved.items()]
        return same + other

    def _estimate(self) -> Estimate | None:
        """What a run of everything stale up to here takes."""
        catalog, now = self.scope.catalog, self.now
        wish = Wish(None, {}, "stale")
        given = {self.key: OrdinalSet.between(self.ordinal, self.ordinal + 1)} if self.ordinal is not None else {}
        try:
            wanted, _ = wanted_of(catalog, frozenset([self.key]), given, wish, now)
        except Exception:  # noqa: BLE001 - a definition with a problem cannot be planned; that is told elsewhere
            return None
        counts = {key: 1 if ordinals is None else len(ordinals) for key, ordinals in wanted.items()}
        return estimate(counts, costs_of(self.scope, counts), workers=workers_of(self.scope))


def _once(told: list[tuple[Cause, Reason]]) -> list[tuple[Cause, Reason]]:
    """Each reason where it first occurs; of something that failed only that."""
    failed = {cause.asset for cause, reason in told if reason.kind == "failed"}
    found: dict[Reason, Cause] = {}
    for cause, reason in told:
        if cause.asset not in failed or reason.kind == "failed":
            found.setdefault(reason, cause)
    return [(cause, reason) for reason, cause in found.items()]


def _flat(data: Any, path: str = "") -> list[tuple[str, Any]]:
    if not isinstance(data, Mapping):
        return [(path, data)]
    return [one for name, value in data.items() for one in _flat(value, f"{path}.{name}" if path else str(name))]


def why_text(result: WhyResult) -> str:
    """The answer as plain text."""
    lines = [result.sentence]
    for cause in result.causes:
        lines.append("")
        for number, link in enumerate(cause.links, 1):
            where = f" [{counted(link.count, 'partition')}: {link.partitions}]" if link.partitions else ""
            of = f"{link.asset}: " if number > 1 or link.asset != result.asset else ""
            lines.append(f"  {number}. {of}{link.text}{where}")
    if result.diff:
        lines += ["", result.diff]
    if result.partitions:
        lines += ["", f"stale: {result.partitions}"]
    if result.same:
        lines += ["", f"same: {', '.join(result.same)}"]
    if result.estimate is not None:
        lines += ["", estimate_text(result.estimate)]
    return "\n".join(lines)


def estimate_text(found: Estimate) -> str:
    """What is to come, in words: ``17 partitions, about 2 min (1 min 30 s to 4 min)``."""
    from nbasset.commands.words import duration, size_text

    said = [counted(found.partitions, "part of it", "parts")] if found.partitions > 1 else []
    if found.seconds is None:
        said.append("it never ran here, so nobody knows how long it takes")
    else:
        spread = ""
        if found.low is not None and found.high is not None and found.samples > 1 and found.high > 1.2 * found.low:
            spread = f" ({duration(found.low)} to {duration(found.high)})"
        said.append(f"about {duration(found.seconds)}{spread}")
        if found.bytes:
            said.append(f"about {size_text(round(found.bytes))}")
        if found.unknown:
            said.append(f"besides {counted(len(found.unknown), 'asset')} that never ran")
    return "to make it fresh: " + ", ".join(said)
