import type { LineageView, NodeFacts } from "../src/client/wire.gen";

export function node(key: string, more: Partial<NodeFacts> = {}): NodeFacts {
  return {
    key, name: key, state: "fresh", fact: "", at: null, group: "default", kinds: [], owners: [], tags: [], description: "", cell: null, rows: null,
    last_error: null, spark: null, counts: [], can_run: true, ...more,
  };
}

export function view(nodes: readonly NodeFacts[], edges: LineageView["edges"], svg = SVG): LineageView {
  return { type: "lineage", svg, nodes, edges, groups: [], title: "Lineage", caption: "", selection: "", direction: "down", problems: [], selected: null };
}

const box = (key: string, x: number, y: number, inside = ""): string =>
  `<g class="node" data-key="${key}" data-state="fresh" transform="translate(${x} ${y})"><title>${key}</title><rect class="b" width="${key.startsWith("group:") ? 240 : 118}" height="40" rx="5"/>` +
  `<text x="9" y="16">${key}</text>${inside === "" ? '<use href="#nb1-fresh"/><text class="f" x="25" y="31">fresh</text>' : inside}</g>`;

/** A drawing as the kernel makes it: a feeds b and c, b feeds the folded group d; with things that must not come along. */
export const SVG =
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 260" onclick="alert(1)"><style>#nb1 text{fill:red}</style><defs><g id="nb1-fresh"/></defs>` +
  `<script>alert(1)</script><rect class="ground" width="300" height="260"/><g transform="translate(.5 .5)"><rect class="group" x="0" y="0" width="300" height="130"/>` +
  `<g class="e"><path data-e="0 1" d="M60 40v40"/><path data-e="0 2" d="M60 40h100v40"/><g class="far" data-e="1 3"><path class="w" d="M60 120v40"/><path d="M60 150v10"/><circle r="2"/></g></g>` +
  `<text class="gn" x="8" y="15">raw thi…<title>raw things with a long name</title></text>` +
  box("a", 8, 8) + box("b", 8, 80) + box("c", 150, 80) +
  box("group:d", 8, 160, '<path class="c" d="m10 8 4 4-4 4"/><text class="q" x="60" y="16">5 assets</text><g data-state="fresh"><use href="#nb1-fresh"/><text class="f" x="25" y="31">5 fresh</text></g>') +
  `</g><a href="javascript:alert(1)"><text>x</text></a><foreignObject><p>x</p></foreignObject><g class="legend"><text class="f" x="28" y="200">4 fresh</text></g></svg>`;
