// Padding: what fills the corners beyond the picture (PixelPaddingValue).  It is no measured value, and is shown black.

import type { Values } from "./stack.ts";

/** The values that are padding, as they are stored; undefined when there is none. */
export function paddingOf(values: Values): { low: number; high: number } | undefined {
  const first = stored(values.PixelPaddingValue, values);
  if (first === undefined || Number(values.SamplesPerPixel ?? 1) > 1) return undefined;
  const last = stored(values.PixelPaddingRangeLimit, values) ?? first;
  return { low: Math.min(first, last), high: Math.max(first, last) };
}

/** Give padding the value that is darkest in the picture: the highest one when low values are bright. */
export function darken(
  pixels: { [place: number]: number; length: number },
  { low, high }: { low: number; high: number },
  isInverse: boolean,
): void {
  const isPadding = (value: number) => value >= low && value <= high;
  let darkest: number | undefined;
  for (let place = 0; place < pixels.length; place += 1) {
    const value = pixels[place] as number;
    if (isPadding(value)) continue;
    if (darkest === undefined || (isInverse ? value > darkest : value < darkest)) darkest = value;
  }
  if (darkest === undefined) return; // nothing else: nothing to be seen
  for (let place = 0; place < pixels.length; place += 1) {
    if (isPadding(pixels[place] as number)) pixels[place] = darkest;
  }
}

/** A number with the sign that the pixels have, also where its file forgot that. */
function stored(value: unknown, values: Values): number | undefined {
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  const bits = Number(values.BitsAllocated) || 16;
  return Number(values.PixelRepresentation) === 1 && value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
}
