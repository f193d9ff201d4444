// What Cornerstone asks of an image, answered from the manifest of its series: names are Cornerstone's modules.

import type { Manifest } from "../api/pictures.ts";
import { pictureOf } from "./stack.ts";

type Values = Record<string, unknown>;

/** A module of one picture; undefined when it is none that we tell. */
export function moduleOf(name: string, told: Manifest, picture: number): Values | undefined {
  const found = pictureOf(told.Instances, picture);
  if (!found) return undefined;
  const frames = (found.instance.Frames as Values[] | undefined) ?? [];
  const values: Values = { ...told.Shared, ...found.instance, ...(frames[found.frame] ?? {}) };
  return MODULES[name]?.(values, told);
}

const MODULES: Record<string, (values: Values, told: Manifest) => Values> = {
  imagePixelModule: (values) => ({
    samplesPerPixel: number(values.SamplesPerPixel) ?? 1,
    photometricInterpretation: values.PhotometricInterpretation ?? "MONOCHROME2",
    planarConfiguration: number(values.PlanarConfiguration) ?? 0,
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
    const spacing = numbers(values.PixelSpacing, 2) ?? numbers(values.ImagerPixelSpacing, 2);
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
      rowPixelSpacing: spacing?.[0],
      columnPixelSpacing: spacing?.[1],
    };
  },
  generalSeriesModule: (_, told) => ({ modality: told.Modality, seriesInstanceUID: told.SeriesInstanceUID }),
  voiLutModule: (values) => {
    const [center, width] = [list(values.WindowCenter), list(values.WindowWidth)];
    return center.length && width.length ? { windowCenter: center, windowWidth: width } : {};
  },
  modalityLutModule: (values) => ({
    rescaleIntercept: number(values.RescaleIntercept) ?? 0,
    rescaleSlope: number(values.RescaleSlope) ?? 1,
    rescaleType: values.RescaleType,
  }),
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
