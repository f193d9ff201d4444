import { expect, test } from "vitest";
import { drawLines, drawnAt, sidesOf } from "./marks.ts";
import type { Plane } from "./space.ts";
import { FITTED, turned } from "./view.ts";

const AXIAL: Plane = {
  frame: "1.2",
  origin: [0, 0, 0],
  right: [1, 0, 0],
  down: [0, 1, 0],
  columns: 100,
  rows: 100,
  across: 1,
  along: 2,
};

test("an axial picture has the patient's left on the right, the front above", () => {
  expect(sidesOf(AXIAL, FITTED)).toEqual({ right: "L", left: "R", above: "A", below: "P" });
});

test("letters turn and are mirrored with the picture", () => {
  expect(sidesOf(AXIAL, turned(FITTED))).toEqual({ right: "A", left: "P", above: "R", below: "L" });
  expect(sidesOf(AXIAL, { ...FITTED, mirrored: true })).toMatchObject({ right: "R", left: "L", above: "A" });
  expect(sidesOf(AXIAL, turned({ ...FITTED, mirrored: true }))).toMatchObject({ below: "R", right: "A" });
});

test("a picture that does not say where it lies has no letters", () => {
  expect(sidesOf(undefined, FITTED)).toBeUndefined();
});

test("lines lie where the picture does", () => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg") as SVGSVGElement;
  const mark = { from: { x: 0, y: 50 }, to: { x: 100, y: 50 }, isActive: true };
  const size = { width: 100, height: 100 };
  drawLines(svg, [mark], { view: FITTED, size, screen: { width: 400, height: 200 } });
  const line = svg.firstElementChild as Element;
  expect(["x1", "y1", "x2", "y2"].map((name) => line.getAttribute(name))).toEqual([
    "100.0",
    "100.0",
    "300.0",
    "100.0",
  ]);
  expect(line.getAttribute("class")).toBe("active");
  drawLines(svg, [], { view: FITTED, size, screen: { width: 400, height: 200 } });
  expect(svg.childElementCount).toBe(0);
});

test("rows of pixels that are not square are drawn higher", () => {
  expect(drawnAt({ x: 3, y: 5 }, AXIAL)).toEqual({ x: 3, y: 10 });
});
