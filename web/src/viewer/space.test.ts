import { expect, test } from "vitest";
import { crossing, lettersOf, nearestTo, opposite, type Plane, planeOf, type Vector } from "./space.ts";

function plane(origin: Vector, right: Vector, down: Vector, frame = "1.2"): Plane {
  return { frame, origin, right, down, columns: 100, rows: 50, across: 2, along: 1 };
}

const axial = (z: number) => plane([0, 0, z], [1, 0, 0], [0, 1, 0]);
const sagittal = (x: number) => plane([x, 0, 40], [0, 1, 0], [0, 0, -1]);

test("the nearest picture that lies alike is the one to be seen beside another", () => {
  const planes = [axial(0), axial(5), axial(10), undefined, sagittal(8)];
  expect(nearestTo(axial(7), planes)).toBe(1);
  expect(nearestTo(axial(1000), planes)).toBe(2);
  expect(nearestTo(sagittal(1), [axial(0)])).toBe(-1);
});

test("stacks of other distances and a little slant meet in the middle of the picture, not at its corner", () => {
  const slanted = plane([0, 0, 0], [1, 0, 0], [0, Math.cos(0.17), Math.sin(0.17)]); // its middle is 4.1 mm up
  expect(nearestTo(slanted, [axial(0), axial(3), axial(6), axial(9)])).toBe(1);
  expect(
    nearestTo(
      axial(4.1),
      [0, 1, 2, 3].map((z) => ({ ...slanted, origin: [0, 0, 8 * z - 8] as Vector })),
    ),
  ).toBe(1);
});

test("pictures of another frame of reference are not comparable", () => {
  const other = plane([0, 0, 7], [1, 0, 0], [0, 1, 0], "9.9");
  expect(nearestTo(axial(7), [other])).toBe(-1);
  expect(crossing(sagittal(8), other)).toBeUndefined();
});

test("a picture that cuts through another one is a line in it, in its pixels", () => {
  const line = crossing(axial(10), sagittal(60));
  expect(line?.map(({ x }) => x)).toEqual([30.5, 30.5]); // 60 mm at 2 mm each, from the edge of the first pixel
  expect(line?.map(({ y }) => y).sort((a, b) => a - b)).toEqual([-0.5, 199.5].map((y) => y));
});

test("one that lies alike, or ends before, is no line", () => {
  expect(crossing(axial(10), axial(20))).toBeUndefined();
  expect(crossing(axial(100), sagittal(60))).toBeUndefined();
});

test("sides have letters", () => {
  expect(lettersOf([1, 0, 0])).toBe("L");
  expect(lettersOf(opposite([1, 0, 0]))).toBe("R");
  expect(lettersOf([0, 0.6, 0.8])).toBe("HP");
});

test("a picture that does not say where it lies has no plane", () => {
  expect(planeOf(() => undefined)).toBeUndefined();
  const values: Record<string, unknown> = {
    ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
    ImagePositionPatient: [1, 2, 3],
    PixelSpacing: [0.5, 0.7],
    FrameOfReferenceUID: "1.2",
    Rows: 10,
    Columns: 20,
  };
  expect(planeOf((keyword) => values[keyword])).toMatchObject({ across: 0.7, along: 0.5, columns: 20 });
  expect(planeOf((keyword) => (keyword === "PixelSpacing" ? [0.5] : values[keyword]))).toBeUndefined();
});
