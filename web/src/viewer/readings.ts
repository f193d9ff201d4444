// What measurements say: in the page's language, in millimetres only where the file knows them, and values only where they
// mean something.

import type { Manifest } from "../api/pictures.ts";
import { languageInUse, t } from "../words/index.ts";
import { isColoured } from "./sources.ts";
import { type Values, valuesOf } from "./stack.ts";

/** Of one measurement, as Cornerstone finds it; lengths in the unit of the pixels' spacing. */
export interface Stats {
  length?: number | undefined;
  angle?: number | undefined;
  area?: number | undefined;
  mean?: number | undefined;
  stdDev?: number | undefined;
  min?: number | undefined;
  max?: number | undefined;
}

/** The picture that is measured. */
export interface Measured {
  told: Manifest;
  picture: number;
  hasValues: boolean; // those of the file, not what the server has drawn of them
  slope: number; // from what Cornerstone has of the values to those of the unit
  intercept: number;
}

type Ruler = "patient" | "detector" | "none";

const PROJECTIONS = ["CR", "DX", "MG", "RF", "XA", "PX", "IO", "RG"]; // in which bodies lie before the detector

/** What the spacing of the pixels is measured in (PS3.3 10.7.1.3). */
export function rulerOf(values: Values, modality: string): Ruler {
  const [own, detector] = [pair(values.PixelSpacing), pair(values.ImagerPixelSpacing)];
  if (!own) return detector ? "detector" : "none";
  const isSame = detector?.every((value, axis) => Math.abs(value - (own[axis] ?? 0)) < 1e-6 * value) ?? false;
  return isSame && PROJECTIONS.includes(modality) ? "detector" : "patient";
}

/** The lines beside a measurement. */
export function linesOf(stats: Stats, measured: Measured): string[] {
  const values = valuesOf(measured.told, measured.picture);
  const ruler = rulerOf(values, measured.told.Modality);
  const unit = ruler === "none" ? t("measure.pixels") : "mm";
  const at = ruler === "detector" ? ` (${t("measure.detector")})` : "";
  const lines: string[] = [];
  if (isNumber(stats.length)) lines.push(`${short(stats.length)} ${unit}${at}`);
  if (isNumber(stats.angle)) lines.push(`${short(stats.angle)}°`);
  if (isNumber(stats.area)) lines.push(`${short(stats.area)} ${unit}²${at}`);
  if (isNumber(stats.mean) && measured.hasValues && !isColoured(values)) {
    const { slope, intercept } = measured;
    const named = unitOf(values, measured.told.Modality);
    const value = (stored: number) => short(stored * slope + intercept);
    const spread = isNumber(stats.stdDev) ? ` ± ${short(stats.stdDev * Math.abs(slope))}` : "";
    lines.push(`${t("measure.mean")} ${value(stats.mean)}${spread}${named}`);
    if (isNumber(stats.min) && isNumber(stats.max))
      lines.push(`${value(stats.min)} … ${value(stats.max)}${named}`);
  }
  return lines;
}

/** The unit of the values, with a blank before it; '' when it is not said. */
function unitOf(values: Values, modality: string): string {
  const type = `${values.RescaleType ?? ""}`.trim();
  if (type) return type === "US" ? "" : ` ${type.slice(0, 12)}`; // US: unspecified
  return modality === "CT" && values.RescaleSlope !== undefined ? " HU" : "";
}

function pair(value: unknown): readonly number[] | undefined {
  return Array.isArray(value) && value.length === 2 && value.every((one) => one > 0) ? value : undefined;
}

function isNumber(value: number | undefined): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function short(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 1 : 3;
  return value.toLocaleString(languageInUse(), { maximumFractionDigits: digits });
}
