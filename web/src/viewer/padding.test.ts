import { expect, test } from "vitest";
import { darken, paddingOf } from "./padding.ts";

test("padding is one value, or all up to a limit, with the sign of the pixels", () => {
  expect(paddingOf({})).toBeUndefined();
  expect(paddingOf({ PixelPaddingValue: 0, SamplesPerPixel: 3 })).toBeUndefined();
  expect(paddingOf({ PixelPaddingValue: 5 })).toEqual({ low: 5, high: 5 });
  expect(paddingOf({ PixelPaddingValue: 90, PixelPaddingRangeLimit: 80 })).toEqual({ low: 80, high: 90 });
  expect(paddingOf({ PixelPaddingValue: 63536, PixelRepresentation: 1, BitsAllocated: 16 })).toEqual({
    low: -2000,
    high: -2000,
  });
});

test("padding becomes the darkest of the other values", () => {
  const dark = new Int16Array([3000, 7, 900, 3000]);
  const bright = new Int16Array([0, 7, 900, 0]);
  const none = new Int16Array([4, 4]);

  darken(dark, { low: 3000, high: 3000 }, false);
  darken(bright, { low: 0, high: 0 }, true);
  darken(none, { low: 4, high: 4 }, false);

  expect([...dark]).toEqual([7, 7, 900, 7]);
  expect([...bright]).toEqual([900, 7, 900, 900]);
  expect([...none]).toEqual([4, 4]);
});
