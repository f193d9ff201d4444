// What is looked at, as the address of the page has it: a reload, a link and the back button lead to the same pictures.

import type { Window } from "./window.ts";

export const LAYOUTS = ["1", "2", "4"] as const; // screens
export type Layout = (typeof LAYOUTS)[number];

export interface Place {
  layout: Layout;
  series: readonly string[]; // Orthanc identifiers, one for each screen; '' for none; [] for the first that there is
  active: number; // the screen that picture and window are of
  picture: number; // of the series, from 0; -1 for the middle one
  window: Window | undefined; // undefined: that of the pictures
}

/** The place that a fragment of an address names; what is missing or makes no sense is left to the viewer. */
export function placeOf(hash: string): Place {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const layout = LAYOUTS.find((one) => one === given.get("layout")) ?? "1";
  const series = (given.get("series") ?? "")
    .split(",")
    .slice(0, Number(layout))
    .map((id) => (/^[0-9a-f]{8}(-[0-9a-f]{8}){4}$/.test(id) ? id : ""));
  const [center, width] = (given.get("window") ?? "").split(",").map(Number);
  return {
    layout,
    series: series.some(Boolean) ? series : [],
    active: Math.min(Number(layout) - 1, Math.max(0, whole(given.get("active")))),
    picture: whole(given.get("picture")),
    window: isNumber(center) && isNumber(width) && width > 0 ? [center, width] : undefined,
  };
}

/** The fragment for a place; '' when everything is as it comes. */
export function hashOf(place: Place): string {
  const given: string[] = [];
  if (place.series.some(Boolean)) given.push(`series=${place.series.join(",")}`);
  if (place.layout !== "1") given.push(`layout=${place.layout}`);
  if (place.active > 0) given.push(`active=${place.active}`);
  if (place.picture >= 0) given.push(`picture=${place.picture}`);
  if (place.window)
    given.push(`window=${place.window.map((value) => Number(value.toPrecision(6))).join(",")}`);
  return given.length ? `#${given.join("&")}` : "";
}

function whole(text: string | null): number {
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) : -1;
}

function isNumber(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value);
}
