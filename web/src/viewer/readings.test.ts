import { expect, test } from "vitest";
import type { Manifest } from "../api/pictures.ts";
import { useLanguage } from "../words/index.ts";
import { linesOf, type Measured, rulerOf } from "./readings.ts";

function measured(Modality: string, values: Record<string, unknown>, more: Partial<Measured> = {}): Measured {
  const Instances = [
    { ID: "a", SOPInstanceUID: "1", InstanceNumber: "1", FirstPicture: 0, CountPictures: 1 },
  ];
  const told = { Modality, Instances, Shared: values } as unknown as Manifest;
  return { told, picture: 0, hasValues: true, slope: 1, intercept: 0, ...more };
}

const HU = { PixelSpacing: [0.5, 0.5], RescaleSlope: 1, RescaleIntercept: -1024 };

test("millimetres are the patient's, the detector's, or there are none", () => {
  expect(rulerOf({ PixelSpacing: [0.5, 0.5] }, "CT")).toBe("patient");
  expect(rulerOf({ ImagerPixelSpacing: [0.2, 0.2] }, "DX")).toBe("detector");
  expect(rulerOf({ PixelSpacing: [0.2, 0.2], ImagerPixelSpacing: [0.2, 0.2] }, "DX")).toBe("detector");
  expect(rulerOf({ PixelSpacing: [0.15, 0.15], ImagerPixelSpacing: [0.2, 0.2] }, "DX")).toBe("patient");
  expect(rulerOf({ PixelAspectRatio: ["1", "2"] }, "US")).toBe("none");
  expect(rulerOf({ PixelSpacing: [0, 0] }, "OT")).toBe("none");
});

test("lengths and angles are told in the page's language", () => {
  const stats = { length: 12.345, angle: 91.26 };

  expect(linesOf(stats, measured("CT", HU))).toEqual(["12.3 mm", "91.3°"]);
  expect(linesOf(stats, measured("DX", { ImagerPixelSpacing: [0.2, 0.2] }))[0]).toBe(
    "12.3 mm (at the detector)",
  );
  expect(linesOf(stats, measured("US", {}))[0]).toBe("12.3 px");
  useLanguage("de");
  expect(linesOf(stats, measured("CT", HU))[0]).toBe("12,3 mm");
  useLanguage("en");
});

test("values are told in their unit, and never of what the server has drawn or of colours", () => {
  const stats = { area: 40, mean: 50, stdDev: 4, min: -20, max: 130 };

  expect(linesOf(stats, measured("CT", HU))).toEqual(["40 mm²", "Mean 50 ± 4 HU", "-20 … 130 HU"]);
  expect(linesOf(stats, measured("MR", { PixelSpacing: [1, 1] }))[1]).toBe("Mean 50 ± 4");
  expect(linesOf(stats, measured("CT", { ...HU, RescaleType: "US" }))[1]).toBe("Mean 50 ± 4");
  expect(linesOf(stats, measured("CT", HU, { hasValues: false }))).toEqual(["40 mm²"]);
  expect(linesOf(stats, measured("US", { SamplesPerPixel: 3 }))).toEqual(["40 px²"]);
  expect(linesOf(stats, measured("PT", HU, { slope: 0.5, intercept: 1 }))[1]).toBe("Mean 26 ± 2");
});
