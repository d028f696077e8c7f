// Where the reader looks: a scale and a shift. Pure steps; the component binds pointers and keys to them.

import type { Box } from "./drawing";

export interface Look {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface View {
  readonly width: number;
  readonly height: number;
}

export const LEAST = 0.05;
export const MOST = 3;
const MARGIN = 5;

/** All of the drawing; never larger than it was drawn. */
export function fitted(bounds: Box, view: View): Look {
  const scale = Math.max(LEAST, Math.min(1, (view.width - 2 * MARGIN) / bounds.width, (view.height - 2 * MARGIN) / bounds.height));
  return centred(bounds, view, scale);
}

/** As it is first shown: the whole width where it can be read, the top of it. */
export function opened(bounds: Box, view: View): Look {
  const whole = fitted(bounds, view);
  if (whole.scale >= 0.7) return whole;
  const wide = Math.max(LEAST, Math.min(1, (view.width - 2 * MARGIN) / bounds.width));
  if (wide < 0.55) return whole;
  return { scale: wide, x: (view.width - bounds.width * wide) / 2 - bounds.x * wide, y: MARGIN - bounds.y * wide };
}

function centred(bounds: Box, view: View, scale: number): Look {
  return {
    scale,
    x: (view.width - bounds.width * scale) / 2 - bounds.x * scale,
    y: Math.max(MARGIN, (view.height - bounds.height * scale) / 2) - bounds.y * scale,
  };
}

/** Scale about a point of the window, which stays where it is. */
export function zoomed(look: Look, factor: number, x: number, y: number): Look {
  const scale = Math.max(LEAST, Math.min(MOST, look.scale * factor));
  const by = scale / look.scale;
  return { scale, x: x - (x - look.x) * by, y: y - (y - look.y) * by };
}

export function moved(look: Look, dx: number, dy: number): Look {
  return { ...look, x: look.x + dx, y: look.y + dy };
}

/** Keep some of the drawing in sight. */
export function kept(look: Look, bounds: Box, view: View): Look {
  const some = 40;
  const [left, top] = [bounds.x * look.scale, bounds.y * look.scale];
  const [right, bottom] = [left + bounds.width * look.scale, top + bounds.height * look.scale];
  return {
    ...look,
    x: Math.max(some - right, Math.min(view.width - some - left, look.x)),
    y: Math.max(some - bottom, Math.min(view.height - some - top, look.y)),
  };
}

/** Bring a box into sight, moving no more than needed. */
export function showing(look: Look, box: Box, view: View, centre: boolean): Look {
  const scale = centre && look.scale < 0.5 ? 0.9 : look.scale;
  const [left, top] = [box.x * scale, box.y * scale];
  const [width, height] = [box.width * scale, box.height * scale];
  if (centre) return { scale, x: view.width / 2 - left - width / 2, y: view.height / 2 - top - height / 2 };
  return {
    scale,
    x: Math.max(MARGIN - left, Math.min(view.width - MARGIN - left - width, look.x)),
    y: Math.max(MARGIN - top, Math.min(view.height - MARGIN - top - height, look.y)),
  };
}

export function detail(scale: number): "full" | "names" | "shapes" {
  if (scale >= 0.7) return "full";
  return scale >= 0.4 ? "names" : "shapes";
}
