// What is drawn on a picture by the viewer itself: lines where pictures of other screens cross it, and the letters of its sides.

import { lettersOf, opposite, type Plane, type Vector } from "./space.ts";
import { aspectOf, matrixOf, type Size, type View } from "./view.ts";

export interface Point {
  x: number;
  y: number;
}

/** A line in pixels of the picture. */
export interface Mark {
  from: Point;
  to: Point;
  isActive: boolean; // of the screen that is being worked with
}

export type Side = "right" | "left" | "above" | "below";

const SVG = "http://www.w3.org/2000/svg";

/** Draw the lines as the picture lies. */
export function drawLines(
  svg: SVGSVGElement,
  marks: readonly Mark[],
  { view, size, screen }: { view: View; size: Size; screen: Size },
): void {
  const m = matrixOf(view, size, screen);
  const place = ({ x, y }: Point) => [m.a * x + m.c * y + m.e, m.b * x + m.d * y + m.f] as const;
  svg.replaceChildren(
    ...marks.map(({ from, to, isActive }) => {
      const line = document.createElementNS(SVG, "line");
      const [[x1, y1], [x2, y2]] = [place(from), place(to)];
      for (const [name, value] of Object.entries({ x1, y1, x2, y2 }))
        line.setAttribute(name, value.toFixed(1));
      if (isActive) line.classList.add("active");
      return line;
    }),
  );
}

/** The letters at the sides of the screen; undefined when it is not known where the picture lies. */
export function sidesOf(plane: Plane | undefined, view: View): Record<Side, string> | undefined {
  if (!plane) return undefined;
  const square: Size = { width: 1, height: 1 };
  const { a, b, c, d } = matrixOf({ ...view, zoom: 1 }, square, square);
  const mix = (x: number, y: number): Vector => {
    const [right, down] = [d * x - c * y, -b * x + a * y];
    const turn = a * d - b * c;
    return plane.right.map(
      (value, axis) => (value * right + (plane.down[axis] ?? 0) * down) / turn,
    ) as unknown as Vector;
  };
  const [right, below] = [mix(1, 0), mix(0, 1)];
  return {
    right: lettersOf(right),
    left: lettersOf(opposite(right)),
    below: lettersOf(below),
    above: lettersOf(opposite(below)),
  };
}

/** Pixels of a picture as it is drawn: rows are higher where pixels are not square. */
export function drawnAt({ x, y }: Point, plane: Plane): Point {
  return {
    x,
    y: y * aspectOf((keyword) => (keyword === "PixelSpacing" ? [plane.along, plane.across] : undefined)),
  };
}
