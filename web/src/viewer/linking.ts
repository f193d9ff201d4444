// Screens beside each other: those that lie alike are scrolled together, and others show where they cross.

import { drawnAt, type Mark } from "./marks.ts";
import type { Pane } from "./pane.ts";
import { crossing, nearestTo, type Plane } from "./space.ts";

const planes = new WeakMap<object, (Plane | undefined)[]>(); // of a stack, by its manifest

/** Have the other screens show what lies nearest to what `active` shows. */
export function scrollTogether(active: Pane, all: readonly Pane[]): void {
  const shown = active.plane;
  if (!shown) return;
  for (const pane of all) {
    if (pane === active || !pane.stage) continue;
    const picture = nearestTo(shown, planesOf(pane));
    if (picture >= 0) pane.stage.go(picture);
  }
}

/** Draw on each screen where the pictures of the others cross its own; `isOn` false removes the lines. */
export function drawCrossings(active: Pane, all: readonly Pane[], isOn: boolean): void {
  for (const pane of all) pane.mark(isOn ? marksOf(pane, active, all) : []);
}

function marksOf(pane: Pane, active: Pane, all: readonly Pane[]): Mark[] {
  const { plane } = pane;
  if (!plane) return [];
  return all.flatMap((other) => {
    const line = other !== pane && other.plane ? crossing(plane, other.plane) : undefined;
    if (!line) return [];
    const [from, to] = line;
    return [{ from: drawnAt(from, plane), to: drawnAt(to, plane), isActive: other === active }];
  });
}

function planesOf(pane: Pane): (Plane | undefined)[] {
  const told = pane.stack?.told;
  if (!told) return [];
  const known = planes.get(told);
  if (known) return known;
  const found = Array.from({ length: told.CountPictures }, (_, picture) => pane.planeAt(picture));
  planes.set(told, found);
  return found;
}
