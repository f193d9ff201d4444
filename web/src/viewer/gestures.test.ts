import { expect, test } from "vitest";
import { Fingers, type Point } from "./gestures.ts";

const at = (id: number, x: number, y: number): Point => ({ id, x, y });

test("one finger counts after eight pixels", () => {
  const fingers = new Fingers();
  fingers.press(at(1, 100, 100), 0);

  expect(fingers.move(at(1, 100, 105), 10)).toBeUndefined();
  expect(fingers.move(at(1, 100, 110), 20)).toMatchObject({ meaning: "one", dy: 5, scale: 1 });
  expect(fingers.move(at(1, 100, 90), 30)).toMatchObject({ meaning: "one", dy: -20 });
  expect(fingers.release(1, 40)).toBeUndefined();
});

test.each([0, 40, 79, 119])(
  "a second finger %i ms late makes it a pinch, and the first has done nothing",
  (late) => {
    const fingers = new Fingers();
    fingers.press(at(1, 100, 100), 0);
    expect(fingers.move(at(1, 101, 101), late)).toBeUndefined();
    fingers.press(at(2, 200, 100), late);

    const moved = fingers.move(at(2, 300, 100), late + 10);

    expect(moved?.meaning).toBe("two");
    expect(moved?.scale).toBeCloseTo(2, 1);
    expect(moved?.dx).toBeCloseTo(50);
  },
);

test("two fingers pinch and pan at once, and the one that stays does not scroll", () => {
  const fingers = new Fingers();
  fingers.press(at(1, 100, 100), 0);
  fingers.press(at(2, 200, 100), 5);
  expect(fingers.move(at(1, 90, 120), 20)).toMatchObject({ meaning: "two", dx: -5, dy: 10 });
  expect(fingers.release(2, 30)).toBeUndefined();

  expect(fingers.move(at(1, 90, 300), 40)?.meaning).toBe("two");
  expect(fingers.release(1, 50)).toBeUndefined();
});

test("three fingers are for the window", () => {
  const fingers = new Fingers();
  for (const id of [1, 2, 3]) fingers.press(at(id, 100 * id, 100), id);

  expect(fingers.move(at(2, 200, 130), 20)).toMatchObject({ meaning: "three", dy: 10, scale: 1 });
});

test("taps, double taps, and what is neither", () => {
  const fingers = new Fingers();
  const tap = (x: number, down: number, up: number) => {
    fingers.press(at(1, x, 100), down);
    return fingers.release(1, up);
  };

  expect(tap(100, 0, 50)).toBe("tap");
  expect(tap(110, 200, 250)).toBe("double tap");
  expect(tap(110, 300, 350)).toBe("tap");
  expect(tap(300, 400, 450)).toBe("tap");
  expect(tap(300, 1000, 2000)).toBeUndefined();
  fingers.press(at(1, 0, 0), 3000);
  fingers.press(at(2, 50, 0), 3010);
  fingers.release(1, 3020);
  expect(fingers.release(2, 3030)).toBeUndefined();
});

test("a long press is one finger that rests", () => {
  const fingers = new Fingers();
  fingers.press(at(1, 100, 100), 0);
  expect(fingers.isLongPress(499)).toBe(false);
  expect(fingers.isLongPress(500)).toBe(true);
  fingers.press(at(2, 200, 100), 510);
  expect(fingers.isLongPress(1200)).toBe(false);
  fingers.cancel();
  expect(fingers.move(at(1, 150, 100), 1300)).toBeUndefined();
});
