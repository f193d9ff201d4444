// The pictures on the viewer's buttons: strokes on a field of 24 x 24.

import { html, type TemplateResult } from "lit";

const STROKES = {
  scroll: "M6 4h12v10H6z M9 17h9 M12 20h6",
  window: "M12 3a9 9 0 1 0 0 18z M12 3a9 9 0 0 1 0 18",
  measure: "M4 16 16 4l4 4L8 20z M8 12l2 2 M11 9l3 3 M14 6l2 2",
  layout: "M4 4h16v16H4z M12 4v16 M4 12h16",
  view: "M4 12c4-7 12-7 16 0c-4 7-12 7-16 0z M12 9a3 3 0 1 0 .1 0",
  play: "M8 5l11 7-11 7z",
  pause: "M8 5v14 M16 5v14",
  mpr: "M4 8l8-4 8 4-8 4z M4 8v8l8 4 8-4V8 M12 12v8",
  length: "M5 19 19 5 M3 17l4 4 M17 3l4 4",
  angle: "M20 19H4L16 5 M10 19a8 8 0 0 0-2-5",
  ellipse: "M12 6c11 0 11 12 0 12S1 6 12 6z",
  rectangle: "M4 7h16v10H4z",
  arrow: "M20 20 5 5 M5 13V5h8",
  text: "M5 7V5h14v2 M12 5v14 M9 19h6",
  tags: "M4 4h8l8 8-8 8-8-8z M8.5 8h.01",
  help: "M9 9a3 3 0 1 1 4 3c-1 .5-1 1-1 2 M12 17h.01 M12 3a9 9 0 1 0 .1 0",
  remove: "M5 7h14 M9 7V4h6v3 M7 7l1 13h8l1-13 M10 11v5 M14 11v5",
  keep: "M6 4h10l3 3v13H5V4z M8 4v5h7V4 M8 20v-6h8v6",
  fit: "M4 9V4h5 M15 4h5v5 M20 15v5h-5 M9 20H4v-5",
  turn: "M19 12a7 7 0 1 1-3-5.7 M17 2v5h-5",
  mirror: "M12 3v18 M9 7 4 17h5z M15 7l5 10h-5z",
  invert: "M12 4a8 8 0 1 0 .1 0 M12 8a4 4 0 0 1 0 8",
  one: "M4 4h16v16H4z",
  two: "M4 4h16v16H4z M12 4v16",
  four: "M4 4h16v16H4z M12 4v16 M4 12h16",
  link: "M10 14l4-4 M9 10l-3 3a4 4 0 0 0 6 6l2-3 M15 14l3-3a4 4 0 0 0-6-6l-2 3",
  lines: "M4 4h16v16H4z M4 15l16-5",
} as const;

export type Icon = keyof typeof STROKES;

/** A picture for a button; the button has a name of its own. */
export function icon(name: Icon): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d=${STROKES[name]} /></svg>`;
}
