"""``graph``: the lineage as a picture, with the state of everything in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from nbasset.arguments.options import GraphArguments
from nbasset.commands.facts import counts_of, fact_of, shown_state
from nbasset.commands.scope import Scope
from nbasset.commands.states import Standing, standing
from nbasset.definitions.selection import AssetSelection
from nbasset.drawing.picture import Edge, Node, Picture
from nbasset.errors import InvalidInvocationError, StorageUnavailable, did_you_mean
from nbasset.keys import AssetKey
from nbasset.serde import Json

FORMS = ("svg", "png", "pdf", "txt", "dot", "mmd", "json", "html")


def lineage(
    scope: Scope,
    arguments: GraphArguments = GraphArguments(),  # noqa: B008 - frozen
    *,
    selected: Iterable[AssetKey] = (),
    now: Standing | None = None,
) -> Picture:
    """The picture of the scope's assets, or of those selected. `selected` ones are marked."""
    now = now or standing(scope)
    catalog = scope.catalog
    if arguments.select:
        chosen = AssetSelection.from_string(arguments.select).resolve(catalog, status=now.status)
        caption = f"{len(chosen)} of {len(catalog.assets)} assets"
    else:
        chosen, caption = frozenset(catalog.by_key), ""
    nodes = []
    for key in catalog.order:
        if key in chosen:
            spec = catalog.by_key[key].spec
            nodes.append(
                Node(
                    str(key), key.last if len(key.path) == 1 else str(key), shown_state(scope, key, now), fact_of(scope, key, now),
                    spec.group, tuple(sorted(spec.kinds)), (spec.description or "").partition("\n")[0], counts_of(key, now),
                )
            )  # fmt: skip
    edges = [
        Edge(str(dep.asset), str(asset.key), dep.input is not None)
        for asset in catalog.assets
        for dep in asset.deps
        if asset.key in chosen and dep.asset in chosen
    ]
    errors = tuple(str(problem) for problem in catalog.problems if problem.severity == "error")
    title = f"Lineage of {catalog.name}" if catalog.name else "Lineage"
    return Picture(tuple(nodes), tuple(edges), title, caption, errors, frozenset(map(str, selected)))


def joined(pictures: Sequence[Picture], *, title: str = "Lineage") -> Picture:
    """One picture of several locations. An asset that one of them makes and another only reads is drawn once, as it is made."""
    nodes: dict[str, Node] = {}
    for picture in pictures:
        for node in picture.nodes:
            known = nodes.get(node.key)
            if known is None or (known.state == "external" and node.state != "external"):
                nodes[node.key] = node
    edges = dict.fromkeys(edge for picture in pictures for edge in picture.edges)
    problems = tuple(dict.fromkeys(problem for picture in pictures for problem in picture.problems))
    selected = frozenset().union(*(picture.selected for picture in pictures)) if pictures else frozenset()
    caption = "; ".join(dict.fromkeys(picture.caption for picture in pictures if picture.caption))
    return Picture(tuple(nodes.values()), tuple(edges), title, caption, problems, selected)


def write_picture(picture: Picture, output: Path, *, direction: str = "down") -> Path:
    """Write a picture in the form that the file's ending names.

    Raises
    ------
    InvalidInvocationError
        If no form has this ending.
    StorageUnavailable
        If the file cannot be written.
    """
    form = output.suffix.lstrip(".").lower() or "svg"
    if form not in FORMS:
        near = did_you_mean(form, FORMS) or f"There are: {', '.join(FORMS)}."
        raise InvalidInvocationError(f"a picture cannot be written as '{output.name}': no form ends in '.{form}'. {near}")
    data = rendered(picture, form, direction=direction)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(data)
    except OSError as error:
        raise StorageUnavailable(f"the picture cannot be written to {output}: {error.strerror or error}.") from error
    return output


_FITTED = ' style="max-width:100%;height:auto"'


def rendered(picture: Picture, form: str, *, direction: str = "down") -> bytes:
    """The picture in one of `FORMS`."""
    if form == "json":
        return (json.dumps(picture_json(picture), indent=2, ensure_ascii=False) + "\n").encode()
    if form == "txt":
        from nbasset.drawing.text import to_text

        return (to_text(picture) + "\n").encode()
    if form in ("dot", "png", "pdf"):
        from nbasset.drawing.dot import to_dot

        text = to_dot(picture, direction="right" if direction == "right" else "down")
        return text.encode() if form == "dot" else _by_graphviz(text, form)
    if form == "mmd":
        from nbasset.drawing.mermaid import to_mermaid

        return (to_mermaid(picture, direction="right" if direction == "right" else "down") + "\n").encode()
    from nbasset.drawing.layout import lay_out
    from nbasset.drawing.svg import to_svg

    svg = to_svg(picture, lay_out(picture, direction="right" if direction == "right" else "down"))
    if form == "svg":  # a file of its own keeps its size: fitted to the window, hundreds of assets could not be read at any zoom
        return svg.replace(_FITTED, "", 1).encode()
    page = f"<!doctype html>\n<html lang=en><meta charset=utf-8><title>{_escaped(picture.title)}</title>\n<body>{svg}</body></html>\n"
    return page.encode()


def picture_json(picture: Picture) -> Json:
    """The picture as plain data."""
    return {
        "title": picture.title,
        "nodes": [
            {"key": node.key, "state": node.state, "fact": node.fact, "group": node.group, "kinds": list(node.kinds),
             "description": node.description, "partitions": dict(node.counts)}
            for node in picture.nodes
        ],
        "edges": [{"source": edge.source, "target": edge.target, "loads": edge.loads} for edge in picture.edges],
        "problems": list(picture.problems),
    }  # fmt: skip


def _by_graphviz(dot: str, form: str) -> bytes:
    try:
        import pygraphviz
    except ImportError:
        import graphviz

        drawn: bytes = graphviz.Source(dot).pipe(format=form)
        return drawn
    graph = pygraphviz.AGraph(dot)
    found: bytes = graph.draw(format=form, prog="dot")
    return found


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
