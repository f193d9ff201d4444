// What is looked at, as the address of the page has it: a reload, a link and the back button lead to the same picture.

export interface Place {
  series: string; // Orthanc identifier; '' for the first one that can be shown
  picture: number; // of the series, from 0; -1 for the middle one
  window: readonly [center: number, width: number] | undefined; // undefined: that of the pictures
}

/** The place that a fragment of an address names; what is missing or makes no sense is left to the viewer. */
export function placeOf(hash: string): Place {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const series = given.get("series") ?? "";
  const [center, width] = (given.get("window") ?? "").split(",").map(Number);
  return {
    series: /^[0-9a-f]{8}(-[0-9a-f]{8}){4}$/.test(series) ? series : "",
    picture: whole(given.get("picture")),
    window: isNumber(center) && isNumber(width) && width > 0 ? [center, width] : undefined,
  };
}

/** The fragment for a place; '' when everything is as it comes. */
export function hashOf(place: Place): string {
  const given = new URLSearchParams();
  if (place.series) given.set("series", place.series);
  if (place.picture >= 0) given.set("picture", `${place.picture}`);
  if (place.window) given.set("window", place.window.map((value) => Number(value.toPrecision(6))).join(","));
  return given.size ? `#${given}` : "";
}

function whole(text: string | null): number {
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) : -1;
}

function isNumber(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value);
}
