// Where pictures lie in the patient: which of another series is nearest, where two cross, and which side is which.
// Millimetres in the patient's coordinates (PS3.3 C.7.6.2.1.1): x to the left, y to the back, z to the head.

export type Vector = readonly [number, number, number];

/** A picture as a plane. */
export interface Plane {
  frame: string; // of reference; planes of two are not comparable
  origin: Vector; // middle of the first pixel
  right: Vector; // along a row, length 1
  down: Vector; // along a column, length 1
  columns: number;
  rows: number;
  across: number; // mm from one pixel of a row to the next
  along: number; // mm from one row to the next
}

type Line = readonly [from: { x: number; y: number }, to: { x: number; y: number }];

const PARALLEL = 0.95; // cosine of the largest angle between pictures that are scrolled together
const CROSSING = 0.5; // sine of the smallest angle between pictures of which one is a line in the other

/** The plane of a picture by its values; undefined when it does not say where it lies. */
export function planeOf(value: (keyword: string) => unknown): Plane | undefined {
  const orientation = numbers(value("ImageOrientationPatient"), 6);
  const origin = numbers(value("ImagePositionPatient"), 3);
  const spacing = numbers(value("PixelSpacing"), 2);
  const frame = value("FrameOfReferenceUID");
  const [rows, columns] = [Number(value("Rows")), Number(value("Columns"))];
  if (!orientation || !origin || !spacing || typeof frame !== "string" || !(rows > 0 && columns > 0)) {
    return undefined;
  }
  return {
    frame,
    origin: origin as unknown as Vector,
    right: orientation.slice(0, 3) as unknown as Vector,
    down: orientation.slice(3, 6) as unknown as Vector,
    columns,
    rows,
    across: spacing[1] as number,
    along: spacing[0] as number,
  };
}

/** Which of `planes` is to be seen beside `shown`: the nearest of those that lie alike; -1 for none. */
export function nearestTo(shown: Plane, planes: readonly (Plane | undefined)[]): number {
  const normal = normalOf(shown);
  const middle = middleOf(shown);
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  planes.forEach((plane, number) => {
    if (plane?.frame !== shown.frame || Math.abs(dot(normalOf(plane), normal)) < PARALLEL) return;
    const distance = Math.abs(dot(less(plane.origin, middle), normalOf(plane)));
    if (distance < least) [best, least] = [number, distance];
  });
  return best;
}

/** Where `other` cuts through `shown`, in pixels of `shown` from its upper left corner; undefined when it does not. */
export function crossing(shown: Plane, other: Plane): Line | undefined {
  if (shown.frame !== other.frame) return undefined;
  const normal = normalOf(shown);
  const otherNormal = normalOf(other);
  if (Math.hypot(...cross(normal, otherNormal)) < CROSSING) return undefined;
  const corners = cornersOf(other);
  const points: Vector[] = [];
  corners.forEach((corner, number) => {
    const next = corners[(number + 1) % 4] as Vector;
    const [here, there] = [dot(less(corner, shown.origin), normal), dot(less(next, shown.origin), normal)];
    if (here === there || here > 0 === there > 0) return;
    const part = here / (here - there);
    points.push(plus(corner, less(next, corner), part));
  });
  const [from, to] = points;
  return from && to ? [pixelOf(shown, from), pixelOf(shown, to)] : undefined;
}

/** The letters of a direction as radiologists write them: "L", "AH" …; the stronger one first. */
export function lettersOf(direction: Vector): string {
  const names = [
    ["L", "R"],
    ["P", "A"],
    ["H", "F"],
  ];
  return direction
    .map((value, axis) => ({ size: Math.abs(value), name: names[axis]?.[value > 0 ? 0 : 1] ?? "" }))
    .filter(({ size }) => size > 0.3)
    .sort((one, two) => two.size - one.size)
    .map(({ name }) => name)
    .join("");
}

export function opposite([x, y, z]: Vector): Vector {
  return [-x, -y, -z];
}

export function normalOf(plane: Plane): Vector {
  return cross(plane.right, plane.down);
}

function middleOf({ origin, right, down, columns, rows, across, along }: Plane): Vector {
  return plus(plus(origin, right, ((columns - 1) * across) / 2), down, ((rows - 1) * along) / 2);
}

function cornersOf({ origin, right, down, columns, rows, across, along }: Plane): Vector[] {
  const first = plus(plus(origin, right, -across / 2), down, -along / 2);
  const second = plus(first, right, columns * across);
  return [first, second, plus(second, down, rows * along), plus(first, down, rows * along)];
}

function pixelOf({ origin, right, down, across, along }: Plane, point: Vector): { x: number; y: number } {
  const from = less(point, origin);
  return { x: dot(from, right) / across + 0.5, y: dot(from, down) / along + 0.5 };
}

export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function less(a: Vector, b: Vector): Vector {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

function plus(a: Vector, b: Vector, times: number): Vector {
  return [a[0] + b[0] * times, a[1] + b[1] * times, a[2] + b[2] * times];
}

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function numbers(value: unknown, count: number): number[] | undefined {
  return Array.isArray(value) && value.length === count && value.every(Number.isFinite) ? value : undefined;
}
