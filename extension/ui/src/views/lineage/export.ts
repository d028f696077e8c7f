// The drawing as a file: what is on the screen, with the colours it has there, on a ground of its own.

import type { Box } from "./drawing";
import { make } from "./drawing";

const PAINTED = [
  "fill", "stroke", "color", "font-family", "font-size", "font-weight", "stroke-width", "stroke-dasharray", "stroke-linejoin", "paint-order", "opacity", "display",
];
const MARGIN = 8;
const MOST_PIXELS = 16_000;

/** The picture as pixels, twice as many as on the screen, so that it is sharp on paper and in slides. */
export async function pixelsOf(svg: string): Promise<Blob | null> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const scale = Math.min(2, MOST_PIXELS / Math.max(image.width, image.height, 1));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(image.width * scale);
  canvas.height = Math.round(image.height * scale);
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

export function pictureOf(svg: SVGSVGElement | null, bounds: Box): string {
  const copy = svg?.cloneNode(true);
  if (svg === null || !(copy instanceof SVGSVGElement)) return "";
  const pairs: (readonly [Element, Element])[] = [[svg, copy]];
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const [from, to] = pair;
    // A symbol takes its colour where it is used; the tips of edges have one of their own.
    if (to instanceof SVGElement && (from.closest("defs") === null || from.closest("marker") !== null)) {
      const style = getComputedStyle(from);
      for (const name of PAINTED) to.style.setProperty(name, style.getPropertyValue(name));
    }
    for (const [at, child] of [...from.children].entries()) {
      const twin = to.children[at];
      if (twin !== undefined) pairs.push([child, twin]);
    }
  }
  for (const element of [copy, ...copy.querySelectorAll("*")]) {
    for (const name of ["role", "tabindex", "class", "aria-selected", "aria-multiselectable", "data-bar"]) element.removeAttribute(name);
  }
  const [x, y, width, height] = [bounds.x - MARGIN, bounds.y - MARGIN, bounds.width + 2 * MARGIN, bounds.height + 2 * MARGIN].map(String);
  const box = { x: x ?? "0", y: y ?? "0", width: width ?? "0", height: height ?? "0" };
  copy.setAttribute("viewBox", `${x} ${y} ${width} ${height}`);
  copy.setAttribute("width", box.width);
  copy.setAttribute("height", box.height);
  copy.querySelector("defs + g")?.removeAttribute("transform");
  const ground = svg.parentElement === null ? "#fff" : getComputedStyle(svg.parentElement).backgroundColor;
  copy.querySelector("defs")?.after(make("rect", { ...box, fill: ground }));
  return new XMLSerializer().serializeToString(copy);
}
