import { expect, test } from "vitest";
import { contrasts, dragged, filterOf, presetsOf, type Window } from "./window.ts";

/** What a browser does with a grey value, 0 to 1, through the filters that we use. */
function through(filter: string, value: number): number {
  let seen = value;
  for (const [, name, given] of filter.matchAll(/(\w+)\(([^)]+)\)/g)) {
    const factor = Number(given);
    const next = name === "contrast" ? (seen - 0.5) * factor + 0.5 : seen * factor;
    seen = Math.min(1, Math.max(0, next));
  }
  return seen;
}

test.each<[Window, Window]>([
  [
    [40, 400],
    [40, 80],
  ],
  [
    [40, 400],
    [-600, 1500],
  ],
  [
    [40, 400],
    [300, 1000],
  ],
  [
    [40, 400],
    [100, 100],
  ],
  [
    [40, 400],
    [-100, 150],
  ],
  [
    [2048, 4096],
    [1000, 4096],
  ],
])("small pictures of the window %j look as through %j", (from, to) => {
  const filter = filterOf(from, to);
  for (let step = 0; step <= 20; step += 1) {
    const value = from[0] - from[1] / 2 + (from[1] * step) / 20;
    const wanted = Math.min(1, Math.max(0, (value - to[0] + to[1] / 2) / to[1]));
    expect(through(filter, step / 20)).toBeCloseTo(wanted, 2);
  }
});

test("there is nothing to do for the same window, or for one that is not known", () => {
  expect(filterOf([40, 400], [40, 400])).toBe("none");
  expect(filterOf(undefined, [40, 400])).toBe("none");
  expect(filterOf([40, 400], undefined)).toBe("none");
});

test("a drag to the right has less contrast, one downwards is brighter, and no width is nothing", () => {
  const [center, width] = dragged([40, 400], 30, 0);
  expect(center).toBe(40);
  expect(width).toBeGreaterThan(400);
  expect(dragged([40, 400], 0, 30)[0]).toBeLessThan(40);
  expect(dragged([40, 0.001], -5000, 0)[1]).toBeGreaterThan(0);
});

test("only CT has windows by name; other pictures have theirs narrower and wider", () => {
  expect(presetsOf("CT").length).toBeGreaterThan(4);
  expect(presetsOf("MR")).toEqual([]);
  expect(contrasts([100, 200])[0]?.window).toEqual([100, 100]);
});
