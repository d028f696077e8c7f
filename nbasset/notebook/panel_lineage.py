"""The lineage as a panel shows it: the drawing, the facts of every asset, and what of them changes.

The drawing is made anew only when something moves (an asset came or went, a group was folded); what changes otherwise is facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Literal

from nbasset.arguments.options import GraphArguments
from nbasset.commands.lineage import lineage, rendered
from nbasset.commands.words import counted, moment
from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import CatalogAsset
from nbasset.drawing.collapse import collapse
from nbasset.drawing.layout import lay_out
from nbasset.drawing.picture import Node, Picture, State
from nbasset.drawing.states import number, say
from nbasset.drawing.svg import to_svg
from nbasset.events.facts import AssetMaterialized
from nbasset.events.reducers import materialized_in
from nbasset.keys import AssetKey
from nbasset.notebook.look import Look
from nbasset.notebook.wire import LineageDrawn, Message, NodesChanged
from nbasset.notebook.wire_views import Count, GroupFacts, LineageView, NodeFacts, Series
from nbasset.notebook.wire_views import State as AnyState
from nbasset.secrets import mask_secrets

Direction = Literal["down", "right"]
_SPARKS = 80
_SPARK_POINTS = 30


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be drawn. `folded` None leaves it to the drawing which groups are folded at first."""

    selection: str = ""
    folded: tuple[str, ...] | None = None
    direction: Direction = "down"
    selected: str | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawing with what it was made from: as long as `shape` is the same it need not be made again."""

    shape: tuple[object, ...]
    svg: str
    folded: frozenset[str]


def lineage_view(at: Look, wanted: Wanted, drawn: Drawn | None = None) -> tuple[LineageView, Drawn]:
    """The lineage now. With an earlier drawing of the same shape only the facts are new.

    Raises
    ------
    InvalidSelection, UnknownAsset
        If the selection cannot be read, or names what is not there.
    """
    return view_of(picture_of(at, wanted), lambda key: at, wanted, drawn)


def view_of(picture: Picture, owner: Callable[[str], Look], wanted: Wanted, drawn: Drawn | None = None) -> tuple[LineageView, Drawn]:
    """The view of a picture, each asset of which is looked at by its `owner`."""
    shape = _shape(picture, wanted)
    if drawn is None or drawn.shape != shape:
        drawn = _draw(picture, wanted, shape)
    nodes = tuple(_facts(owner(node.key), node) for node in picture.nodes)
    places = {node.key: place for place, node in enumerate(picture.nodes)}
    edges = tuple((places[edge.source], places[edge.target]) for edge in picture.edges if edge.source in places and edge.target in places)
    caption = " / ".join(part for part in (picture.caption, _stamp(owner, picture)) if part)
    view = LineageView(
        drawn.svg, nodes, edges, _groups(nodes, drawn.folded), picture.title, caption, wanted.selection, wanted.direction,
        tuple(map(mask_secrets, picture.problems)), wanted.selected,
    )  # fmt: skip
    return view, drawn


def lineage_changes(before: LineageView, now: LineageView, at: float) -> list[Message]:
    """What turns one view into the other; numbers are given when it is sent."""
    if before == now:
        return []
    static = replace(before, nodes=now.nodes, groups=now.groups, caption=now.caption)
    moved = [node.key for node in before.nodes] != [node.key for node in now.nodes]
    if moved or static != now:
        return [LineageDrawn(0, now, at)]
    nodes = tuple(new for old, new in zip(before.nodes, now.nodes, strict=True) if old != new)
    groups = tuple(new for old, new in zip(before.groups, now.groups, strict=True) if old != new)
    return [NodesChanged(0, nodes, groups, at)] if nodes or groups else []


def lineage_text(at: Look, wanted: Wanted, form: Literal["dot", "mmd"]) -> str:
    """The same picture in a language for graphs: Graphviz's or Mermaid's."""
    return rendered(picture_of(at, wanted), form, direction=wanted.direction).decode()


def picture_of(at: Look, wanted: Wanted) -> Picture:
    """The picture that is wanted of what is looked at.

    Raises
    ------
    InvalidSelection, UnknownAsset
        If the selection cannot be read, or names what is not there.
    """
    selected = [AssetKey.from_user_string(wanted.selected)] if wanted.selected else []
    return lineage(at.scope, GraphArguments(wanted.selection), selected=selected, now=replace(at.now, now_us=0))


def _shape(picture: Picture, wanted: Wanted) -> tuple[object, ...]:
    """What decides where things stand: names, groups, edges, what is folded. No state and no fact."""
    nodes = tuple((node.key, node.name, node.group, bool(node.counts)) for node in picture.nodes)
    return nodes, picture.edges, picture.title, picture.problems, wanted.folded, wanted.direction


def _draw(picture: Picture, wanted: Wanted, shape: tuple[object, ...]) -> Drawn:
    plain = replace(picture, nodes=tuple(_masked(node) for node in picture.nodes), problems=(), caption="")
    shown = collapse(plain) if wanted.folded is None else collapse(plain, closed=wanted.folded)
    folded = frozenset(node.group for node in shown.nodes if node.members)
    return Drawn(shape, to_svg(shown, lay_out(shown, direction=wanted.direction)), folded)


def _masked(node: Node) -> Node:
    return replace(node, fact=mask_secrets(node.fact), description=mask_secrets(node.description))


def _groups(nodes: Sequence[NodeFacts], folded: frozenset[str]) -> tuple[GroupFacts, ...]:
    members: dict[str, list[NodeFacts]] = {}
    for node in nodes:
        members.setdefault(node.group, []).append(node)
    return tuple(
        GroupFacts(name, len(own), name in folded, tuple(Count(state, count) for state, count in _tally(node.state for node in own)))
        for name, own in members.items()
    )


def _tally(states: Iterable[AnyState]) -> list[tuple[AnyState, int]]:
    found: dict[AnyState, int] = {}
    for state in states:
        found[state] = found.get(state, 0) + 1
    return list(found.items())


def _stamp(owner: Callable[[str], Look], picture: Picture) -> str:
    """When the newest of what is shown came about: the same records give the same words."""
    found = (owner(node.key).now.records.get(AssetKey.from_user_string(node.key)) for node in picture.nodes)
    times = [max(record.at_us, record.failed_us) for record in found if record is not None]
    newest = max(times, default=0)
    return f"as of {moment(newest)[:-3]}" if newest else ""


# -- one asset ----------------------------------------------------------------------------------------------------------------


def _facts(at: Look, node: Node) -> NodeFacts:
    key = AssetKey.from_user_string(node.key)
    asset = at.scope.catalog.by_key[key]
    record = at.now.records.get(key)
    made = record.materialization if record is not None else None
    state = at.state(key)
    error = record.error if record is not None and at.now.states[key].status == "failed" else None
    counts = at.counts(key)
    return NodeFacts(
        node.key,
        node.name,
        state,
        mask_secrets(fact(at, key, state)),
        made_at(at, key),
        asset.spec.group,
        tuple(sorted(asset.spec.kinds)),
        tuple(asset.spec.owners),
        tags_of(asset),
        mask_secrets((asset.spec.description or "").strip().partition("\n")[0]),
        at.cell(key),
        made.rows if made is not None and not counts else None,
        mask_secrets(f"{error.place}: {error}" if error.place else str(error)) if error is not None else None,
        _spark(at, key),
        tuple(Count(one, count) for one, count in counts),
        asset.is_executable,
    )


def tags_of(asset: CatalogAsset) -> tuple[str, ...]:
    """Tags as words."""
    return tuple(f"{name}={value}" if value else name for name, value in asset.spec.tags.items())


def made_at(at: Look, key: AssetKey) -> float | None:
    """When what is said of the asset came about, in seconds since 1970."""
    record = at.now.records.get(key)
    if record is None:
        return None
    if at.now.states[key].status == "failed" and record.failed_us:
        return record.failed_us / 1e6
    return (record.at_us or record.observed_us) / 1e6 or None


def fact(at: Look, key: AssetKey, state: State) -> str:
    """The most urgent thing about an asset, without its age."""
    problem = next((one for one in at.scope.catalog.problems if one.asset == str(key) and one.severity == "error"), None)
    if problem is not None:
        return problem.message.partition("\n")[0]
    counts = at.counts(key)
    if counts:
        return _partitions(counts)
    standing = at.now.states[key]
    record = at.now.records.get(key)
    if state == "failed" and record is not None and record.error is not None:
        return str(record.error).partition("\n")[0]
    if state == "missing":
        return "never run"
    if state == "stale" and standing.reasons:
        return standing.reasons[0].text
    made = record.materialization if record is not None else None
    return counted(made.rows, "row") if state in ("fresh", "stale") and made is not None and made.rows is not None else ""


def _partitions(counts: Sequence[tuple[State, int]]) -> str:
    total = sum(count for _, count in counts)
    first, count = counts[0]
    return say([(first, count)]) if count == total else f"{number(count)} of {number(total)} {say([(first, count)]).partition(' ')[2]}"


def _spark(at: Look, key: AssetKey) -> Series | None:
    """Row counts of the last materializations."""
    record = at.now.records.get(key)
    if record is None or record.materialization is None or record.materialization.rows is None or len(at.scope.catalog.assets) > _SPARKS:
        return None
    known = at.kept.get(("spark", key))
    if known is None or known[0] != record.seq:
        found: list[tuple[float, str]] = []
        for entry in at.scope.instance.reader.materializations(key, None, limit=_SPARK_POINTS):
            found += [
                (float(fact.rows), _named(fact)) for fact in materialized_in(entry.event) if fact.asset == key and fact.rows is not None
            ]
        found = found[:_SPARK_POINTS][::-1]
        series = Series("rows", tuple(value for value, _ in found), tuple(name for _, name in found)) if len(found) > 1 else None
        known = at.kept["spark", key] = (record.seq, series)
    spark: Series | None = known[1]
    return spark


def _named(made: AssetMaterialized) -> str:
    return made.partition.key if made.partition is not None else made.version_id[:8]
