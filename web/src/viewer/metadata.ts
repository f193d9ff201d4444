// What Cornerstone asks of an image, answered from the manifest of its series: names are Cornerstone's modules.

import type { Manifest } from "../api/pictures.ts";
import { isColoured, type Source } from "./sources.ts";
import { pictureOf, type Values, valuesOf } from "./stack.ts";
import { aspectOf } from "./view.ts";

const LITTLE = 1 / 4096; // of the step between two stored values
const UNPACKED = /^1\.2\.840\.10008\.1\.2(\.1|\.2|\.1\.99|\.5)?$/; // syntaxes in which colours may lie plane by plane

/** A module of one picture whose values come from `source`; undefined when it is none that we tell. */
export function moduleOf(
  name: string,
  told: Manifest,
  picture: number,
  source: Source = "stored",
): Values | undefined {
  if (!pictureOf(told.Instances, picture)) return undefined;
  const values = valuesOf(told, picture);
  return MODULES[name]?.(source === "stored" ? values : { ...values, ...changed(values, source) }, told);
}

/** What is not as in the file: pictures that the server draws, and colours in a pack (server/PICTURES.md). */
function changed(values: Values, source: Source): Values {
  const colours = { PhotometricInterpretation: "RGB", PlanarConfiguration: 0 };
  if (source === "pack") return isColoured(values) ? colours : {};
  return {
    PhotometricInterpretation: "MONOCHROME2",
    SamplesPerPixel: isColoured(values) ? 3 : 1,
    ...(isColoured(values) ? colours : {}),
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    PixelRepresentation: 0,
    RescaleSlope: 1,
    RescaleIntercept: 0,
    RescaleType: undefined,
    WindowCenter: [128],
    WindowWidth: [256],
  };
}

/** Millimetres from row to row and from column to column; pixels' proportions where no distance is known. */
function spacingOf(values: Values): number[] {
  const found = numbers(values.PixelSpacing, 2) ?? numbers(values.ImagerPixelSpacing, 2);
  return found?.every((one) => one > 0) ? found : [aspectOf((keyword) => values[keyword]), 1];
}

const MODULES: Record<string, (values: Values, told: Manifest) => Record<string, unknown>> = {
  imagePixelModule: (values) => ({
    samplesPerPixel: number(values.SamplesPerPixel) ?? 1,
    photometricInterpretation: values.PhotometricInterpretation ?? "MONOCHROME2",
    planarConfiguration: UNPACKED.test(`${values.AvailableTransferSyntaxUID ?? "1.2.840.10008.1.2"}`)
      ? (number(values.PlanarConfiguration) ?? 0)
      : 0,
    rows: number(values.Rows),
    columns: number(values.Columns),
    bitsAllocated: number(values.BitsAllocated),
    bitsStored: number(values.BitsStored) ?? number(values.BitsAllocated),
    highBit: number(values.HighBit),
    pixelRepresentation: number(values.PixelRepresentation) ?? 0,
    pixelPaddingValue: number(values.PixelPaddingValue),
  }),
  imagePlaneModule: (values, told) => {
    const orientation = numbers(values.ImageOrientationPatient, 6);
    const position = numbers(values.ImagePositionPatient, 3);
    const spacing = spacingOf(values);
    return {
      frameOfReferenceUID: values.FrameOfReferenceUID ?? told.SeriesInstanceUID, // measurements are kept by it
      rows: number(values.Rows),
      columns: number(values.Columns),
      imageOrientationPatient: orientation,
      rowCosines: orientation?.slice(0, 3),
      columnCosines: orientation?.slice(3, 6),
      imagePositionPatient: position,
      sliceThickness: number(values.SliceThickness),
      sliceLocation: number(values.SliceLocation),
      pixelSpacing: spacing,
      rowPixelSpacing: spacing[0],
      columnPixelSpacing: spacing[1],
    };
  },
  generalSeriesModule: (_, told) => ({ modality: told.Modality, seriesInstanceUID: told.SeriesInstanceUID }),
  voiLutModule: (values) => {
    const [center, width] = [list(values.WindowCenter), list(values.WindowWidth)];
    return center.length && width.length ? { windowCenter: center, windowWidth: width } : {};
  },
  modalityLutModule: (values) => {
    const [slope, intercept] = [number(values.RescaleSlope) || 1, number(values.RescaleIntercept) ?? 0];
    // Cornerstone takes all values for whole numbers when the least and the largest happen to be: so they never are.
    const isWhole = Number.isInteger(slope) && Number.isInteger(intercept);
    return {
      rescaleIntercept: isWhole ? intercept : intercept + Math.abs(slope) * LITTLE,
      rescaleSlope: slope,
      rescaleType: values.RescaleType,
    };
  },
  sopCommonModule: (values) => ({ sopInstanceUID: values.SOPInstanceUID, sopClassUID: values.SOPClassUID }),
};

function number(value: unknown): number | undefined {
  const first = Array.isArray(value) ? value[0] : value;
  return typeof first === "number" && Number.isFinite(first) ? first : undefined;
}

function list(value: unknown): number[] {
  return (Array.isArray(value) ? value : [value]).filter((one): one is number => typeof one === "number");
}

function numbers(value: unknown, count: number): number[] | undefined {
  const found = list(value);
  return found.length === count ? found : undefined;
}
