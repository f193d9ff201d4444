import { expect, test } from "vitest";
import { placeOf } from "./loupe.ts";

test("the magnifier lies above the finger, and never under it", () => {
  expect(placeOf(400, 500, 800)).toEqual({ left: 310, top: 290 });
  expect(placeOf(10, 500, 800).left).toBe(0);
  expect(placeOf(790, 500, 800).left).toBe(620);
});

test("at the upper edge it lies beside the finger", () => {
  expect(placeOf(100, 50, 800).left).toBeGreaterThan(100);
  expect(placeOf(750, 50, 800).left + 180).toBeLessThan(750);
});
