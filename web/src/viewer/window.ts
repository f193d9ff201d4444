// The window that grey values are seen through: presets by modality, what a drag does to it, and how the small pictures, which
// the server has drawn through one window, are made to look as through another one.

import type { Key } from "../words/index.ts";

export type Window = readonly [center: number, width: number];

export interface Preset {
  text: Key;
  window: Window;
}

const CT: readonly Preset[] = [
  { text: "window.softTissue", window: [50, 400] },
  { text: "window.lung", window: [-600, 1500] },
  { text: "window.bone", window: [500, 2000] },
  { text: "window.brain", window: [40, 80] },
  { text: "window.liver", window: [80, 150] },
  { text: "window.mediastinum", window: [50, 350] },
  { text: "window.vessels", window: [250, 600] },
];
const DRAG = 300; // CSS pixels of a drag that move the centre by one width, or change the width by the factor e
const LEAST_WIDTH = 1e-3;

/** The windows that people know by name; only values in Hounsfield units have them. */
export function presetsOf(modality: string): readonly Preset[] {
  return modality === "CT" ? CT : [];
}

/** Narrower and wider: what serves where values have no unit, by the window of the pictures. */
export function contrasts(own: Window): readonly Preset[] {
  const [center, width] = own;
  return [
    { text: "window.more", window: [center, width / 2] },
    { text: "window.less", window: [center, width * 2] },
    { text: "window.brighter", window: [center - width / 4, width] },
    { text: "window.darker", window: [center + width / 4, width] },
  ];
}

/** After a drag: to the right is less contrast, downwards is brighter; as much as suits the width. */
export function dragged([center, width]: Window, dx: number, dy: number): Window {
  return [center - (dy * width) / DRAG, Math.max(LEAST_WIDTH, width * Math.exp(dx / DRAG))];
}

/** The values that become black and white; by PS3.3 C.11.2.1.2, where LINEAR ends a value before the width does. */
export function rangeOf([center, width]: Window, shape = "LINEAR"): { lower: number; upper: number } {
  const lower = center - width / 2;
  const isExact = shape === "LINEAR_EXACT" || width < 1; // as the server takes a width of fractions
  return { lower, upper: isExact ? lower + width : Math.max(lower + LEAST_WIDTH, lower + width - 1) };
}

/** The window of values that become black and white. */
export function windowOf({ lower, upper }: { lower: number; upper: number }, shape = "LINEAR"): Window {
  const width = upper - lower + (shape === "LINEAR_EXACT" || upper - lower < 1 ? 0 : 1);
  return [lower + width / 2, width];
}

/** The CSS filter that makes a picture drawn through the window `from` look as through `to`, as far as 8 bits go. */
export function filterOf(from: Window | undefined, to: Window | undefined): string {
  if (!from || !to || (from[0] === to[0] && from[1] === to[1])) return "none";
  const slope = from[1] / to[1];
  const offset = (from[0] - from[1] / 2 - (to[0] - to[1] / 2)) / to[1];
  // contrast(c) is c * in - c / 2 + 1 / 2; the one comes first that leaves nothing beyond what the other needs
  if (offset <= 0) {
    const contrast = 1 - 2 * offset;
    return `brightness(${round(slope / contrast)}) contrast(${round(contrast)})`;
  }
  const brightness = slope + 2 * offset;
  return `contrast(${round(slope / brightness)}) brightness(${round(brightness)})`;
}

function round(value: number): number {
  return Number(value.toPrecision(5));
}
