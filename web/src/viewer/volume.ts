// Whether pictures make a volume that can be cut in other planes: slices of one size that lie parallel, one straight behind the
// other, at equal distances.

import type { Manifest } from "../api/pictures.ts";
import type { Key } from "../words/index.ts";
import { isColoured, isDrawn } from "./sources.ts";
import { dot, less, normalOf, type Plane, planeOf, type Vector } from "./space.ts";
import { valuesOf } from "./stack.ts";

const FEWEST = 4; // slices; fewer show stripes
const PARALLEL = 0.999; // cosine of the largest angle between slices: 2.5 degrees
const UNEQUAL = 0.2; // of the distance between slices
const TILTED = 0.02; // mm sideways for each mm onwards: beyond one degree a gantry was tilted

/** Why a series is shown in its own plane only; undefined when it is a volume. */
export function whyNoVolume(told: Manifest): Key | undefined {
  const pictures = Array.from({ length: told.CountPictures }, (_, picture) => valuesOf(told, picture));
  if (pictures.length < FEWEST) return "mpr.tooFew";
  if (pictures.some((values) => isColoured(values) || isDrawn(values))) return "mpr.noValues";
  const planes = pictures.map((values) => planeOf((keyword) => values[keyword]));
  return whyNotStacked(planes);
}

/** Why planes are no volume; they come in the order in which they lie. */
export function whyNotStacked(planes: readonly (Plane | undefined)[]): Key | undefined {
  const [first] = planes;
  if (!first || planes.some((plane) => plane?.frame !== first.frame)) return "mpr.noPlaces";
  const all = planes as readonly Plane[];
  if (!all.every((plane) => isAlike(plane, first))) return "mpr.mixed";
  const normal = normalOf(first);
  const steps = all.slice(1).map((plane, number) => less(plane.origin, (all[number] as Plane).origin));
  const distances = steps.map((step) => dot(step, normal));
  const sorted = distances.map(Math.abs).sort((one, other) => one - other);
  const usual = sorted[Math.floor(sorted.length / 2)] as number;
  const isEqual = distances.every((one) => Math.abs(Math.abs(one) - usual) <= UNEQUAL * usual);
  if (!(usual > 0) || !isEqual || new Set(distances.map(Math.sign)).size > 1) return "mpr.gaps";
  const sideways = steps.map((step, number) => Math.abs(slip(step, normal, distances[number] as number)));
  return sideways.some((one) => one > TILTED * usual) ? "mpr.tilted" : undefined;
}

function isAlike(plane: Plane, first: Plane): boolean {
  return (
    plane.rows === first.rows &&
    plane.columns === first.columns &&
    Math.abs(plane.across - first.across) < 1e-3 * first.across &&
    Math.abs(plane.along - first.along) < 1e-3 * first.along &&
    dot(plane.right, first.right) > PARALLEL &&
    dot(plane.down, first.down) > PARALLEL
  );
}

/** How far a step leads sideways, mm. */
function slip(step: Vector, normal: Vector, distance: number): number {
  return Math.hypot(...step.map((value, axis) => value - (normal[axis] ?? 0) * distance));
}
