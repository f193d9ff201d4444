import { expect, test } from "vitest";
import type { Plane, Vector } from "./space.ts";
import { whyNotStacked } from "./volume.ts";

function slices(count: number, place: (number: number) => Vector, more: Partial<Plane> = {}): Plane[] {
  return Array.from({ length: count }, (_, number) => ({
    frame: "1.2",
    origin: place(number),
    right: [1, 0, 0],
    down: [0, 1, 0],
    columns: 64,
    rows: 64,
    across: 0.5,
    along: 0.5,
    ...more,
  }));
}

const half = Math.SQRT1_2;

test("parallel slices at equal distances are a volume, up or down, upright or oblique", () => {
  expect(whyNotStacked(slices(8, (z) => [0, 0, 2 * z]))).toBeUndefined();
  expect(whyNotStacked(slices(8, (z) => [5, 9, -1.5 * z]))).toBeUndefined();
  expect(
    whyNotStacked(slices(8, (z) => [0, -half * z, half * z], { down: [0, half, half] })),
  ).toBeUndefined();
});

test("a tilted gantry, gaps, two slices at one place, and a way back are none", () => {
  expect(whyNotStacked(slices(8, (z) => [0, 0.3 * z, z]))).toBe("mpr.tilted");
  expect(whyNotStacked(slices(8, (z) => [0, 0, z > 4 ? z + 1 : z]))).toBe("mpr.gaps");
  expect(whyNotStacked(slices(8, () => [0, 0, 0]))).toBe("mpr.gaps");
  expect(whyNotStacked(slices(8, (z) => [0, 0, z % 4]))).toBe("mpr.gaps");
});

test("slices of two orientations or sizes are none, nor are those that lie nobody knows where", () => {
  const axial = slices(4, (z) => [0, 0, z]);
  const coronal = slices(4, (z) => [0, z, 0], { down: [0, 0, -1] });
  const small = slices(4, (z) => [0, 0, 4 + z], { rows: 32 });

  expect(whyNotStacked([...axial, ...coronal])).toBe("mpr.mixed");
  expect(whyNotStacked([...axial, ...small])).toBe("mpr.mixed");
  expect(whyNotStacked([...axial, undefined])).toBe("mpr.noPlaces");
  expect(whyNotStacked([...axial, ...slices(4, (z) => [0, 0, 4 + z], { frame: "9" })])).toBe("mpr.noPlaces");
  expect(whyNotStacked([undefined])).toBe("mpr.noPlaces");
});
