// Sizes, times and degrees as people read them, in the language of the page.

import { languageInUse } from "../words/index.ts";

const UNITS = ["kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
const TIMES = new Set(["day", "hour", "minute", "second"]);

/** A size; units are those of shops and cards, thousands. */
export function sizeText(bytes: number): string {
  let step = 0;
  let value = bytes / 1000;
  while (value >= 999.5 && step < UNITS.length - 1) {
    value /= 1000;
    step += 1;
  }
  return unitText(value, UNITS[step] ?? "kilobyte", value < 10 && step > 0 ? 1 : 0);
}

/** A duration: the largest unit that it has one of. */
export function durationText(seconds: number): string {
  if (seconds >= 2 * 86400) return unitText(Math.floor(seconds / 86400), "day");
  if (seconds >= 2 * 3600) return unitText(Math.floor(seconds / 3600), "hour");
  if (seconds >= 2 * 60) return unitText(Math.floor(seconds / 60), "minute");
  return unitText(Math.floor(seconds), "second");
}

/** A temperature. */
export function degreesText(celsius: number): string {
  return unitText(celsius, "celsius", 0);
}

/** A number of things. */
export function countText(count: number): string {
  return count.toLocaleString(languageInUse());
}

/** A moment of the server, YYYYMMDDTHHMMSS in UTC, in the time of this place. */
export function momentText(text: string): string {
  const date = momentOf(text);
  return date ? date.toLocaleString(languageInUse(), { dateStyle: "medium", timeStyle: "short" }) : text;
}

/** The same as a date; undefined when it is none. */
export function momentOf(text: string): Date | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)/.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second));
}

function unitText(value: number, unit: string, digits = 0): string {
  const unitDisplay = TIMES.has(unit) ? "long" : "short";
  return value.toLocaleString(languageInUse(), {
    style: "unit",
    unit,
    unitDisplay,
    maximumFractionDigits: digits,
  });
}
