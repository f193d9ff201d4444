import { expect, test } from "vitest";
import {
  aspectOf,
  FITTED,
  fitted,
  matrixOf,
  mirrored,
  moved,
  scaleOf,
  turned,
  type View,
  zoomed,
} from "./view.ts";

const PICTURE = { width: 512, height: 256 };
const SCREEN = { width: 800, height: 600 };

function corner(view: View, x: number, y: number): [number, number] {
  const { a, b, c, d, e, f } = matrixOf(view, PICTURE, SCREEN);
  return [a * x + c * y + e, b * x + d * y + f].map((value) => Math.round(value * 1000) / 1000) as [
    number,
    number,
  ];
}

test("a fitted picture fills the screen one way and lies in the middle", () => {
  expect(scaleOf(FITTED, PICTURE, SCREEN)).toBe(800 / 512);
  expect(corner(FITTED, 0, 0)).toEqual([0, 100]);
  expect(corner(FITTED, 512, 256)).toEqual([800, 500]);
});

test("a point that is zoomed about stays where it is", () => {
  const [x, y] = [100, -50]; // from the middle of the screen
  const at = (view: View): [number, number] => {
    const { a, d, e, f } = matrixOf(view, PICTURE, SCREEN);
    return [(400 + x - e) / a, (300 + y - f) / d];
  };

  const [before, after] = [at(FITTED), at(zoomed(FITTED, 3, x, y))];

  expect(after[0]).toBeCloseTo(before[0]);
  expect(after[1]).toBeCloseTo(before[1]);
});

test("zoom has its bounds", () => {
  expect(zoomed(FITTED, 1000, 0, 0).zoom).toBe(32);
  expect(zoomed(FITTED, 0.0001, 0, 0).zoom).toBe(0.25);
});

test("a picture cannot be lost outside of the screen, and comes back", () => {
  const lost = moved(zoomed(FITTED, 2, 0, 0), 1e6, -1e6, PICTURE, SCREEN);

  expect(lost.x).toBe(800 + 200);
  expect(lost.y).toBe(-(400 + 150));
  expect(fitted(lost)).toEqual(FITTED);
});

test("turned by a quarter, what was left is at the top; four quarters are none", () => {
  expect(corner(turned(FITTED), 0, 0)).toEqual([550, 0]);
  expect(corner(turned(FITTED), 0, 256)).toEqual([250, 0]);
  expect(turned(turned(turned(turned(FITTED))))).toEqual(FITTED);
});

test("mirrored, left is right", () => {
  expect(corner(mirrored(FITTED), 0, 0)).toEqual([800, 100]);
  expect(corner(mirrored(FITTED), 512, 256)).toEqual([0, 500]);
});

test("what is seen is mirrored, however it is turned, zoomed and moved", () => {
  let view = moved(zoomed(FITTED, 1.5, 100, 50), 30, -20, PICTURE, SCREEN);
  for (let quarters = 0; quarters < 4; quarters += 1) {
    const [x, y] = corner(view, 100, 60);
    expect(corner(mirrored(view), 100, 60)).toEqual([Math.round((800 - x) * 1000) / 1000, y]);
    expect(mirrored(mirrored(view))).toEqual(view);
    view = turned(view);
  }
});

test("what is in the middle of the screen stays there when it is turned", () => {
  const picture = { width: 300, height: 300 };
  const middle = (view: View) => {
    const { a, b, c, d, e, f } = matrixOf(view, picture, SCREEN);
    const [x, y, scale] = [400 - e, 300 - f, a * d - b * c];
    return [(d * x - c * y) / scale, (a * y - b * x) / scale].map(Math.round);
  };
  const view = moved(zoomed(FITTED, 2, 0, 0), 120, -70, picture, SCREEN);

  expect(middle(turned(view))).toEqual(middle(view));
});

test("pixels that are not square make the picture higher or wider", () => {
  const values = (given: Record<string, unknown>) => aspectOf((keyword) => given[keyword]);
  expect(values({ PixelSpacing: [2, 1] })).toBe(2);
  expect(values({ PixelAspectRatio: ["1", "2"] })).toBe(0.5);
  expect(values({})).toBe(1);
  expect(values({ PixelSpacing: [0, 1] })).toBe(1);
});
