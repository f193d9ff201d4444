// How a picture lies on the screen: fitted, then zoomed about a point, moved, turned, mirrored.  CSS pixels throughout.

export interface View {
  readonly zoom: number; // 1 fits the picture
  readonly x: number; // of the picture's middle, from the middle of the screen
  readonly y: number;
  readonly quarters: number; // turned clockwise, 0 to 3
  readonly mirrored: boolean;
  readonly inverted: boolean;
}

export interface Size {
  width: number;
  height: number;
}

export const FITTED: View = { zoom: 1, x: 0, y: 0, quarters: 0, mirrored: false, inverted: false };

const LEAST = 0.25;
const MOST = 32;

/** Zoom about a point (from the middle of the screen), which stays where it is. */
export function zoomed(view: View, factor: number, x: number, y: number): View {
  const zoom = Math.min(MOST, Math.max(LEAST, view.zoom * factor));
  const done = zoom / view.zoom;
  return { ...view, zoom, x: x + (view.x - x) * done, y: y + (view.y - y) * done };
}

/** Move, but never so far that nothing of the picture is left in the middle half of the screen. */
export function moved(view: View, dx: number, dy: number, picture: Size, screen: Size): View {
  const shown = shownSize(view, picture, screen);
  const bound = (value: number, most: number) => Math.min(most, Math.max(-most, value));
  return {
    ...view,
    x: bound(view.x + dx, shown.width / 2 + screen.width / 4),
    y: bound(view.y + dy, shown.height / 2 + screen.height / 4),
  };
}

/** Turned by a quarter, clockwise, about the middle of the screen. */
export function turned(view: View): View {
  return { ...view, quarters: (view.quarters + 1) % 4, x: 0 - view.y, y: view.x };
}

/** Mirrored as it is seen: left is right, however the picture is turned. */
export function mirrored(view: View): View {
  return { ...view, mirrored: !view.mirrored, quarters: (4 - view.quarters) % 4, x: 0 - view.x };
}

/** Fitted again, as it is turned and mirrored. */
export function fitted(view: View): View {
  return { ...view, zoom: 1, x: 0, y: 0 };
}

/** CSS pixels for each pixel of the picture. */
export function scaleOf(view: View, picture: Size, screen: Size): number {
  const [width, height] =
    view.quarters % 2 ? [picture.height, picture.width] : [picture.width, picture.height];
  return view.zoom * Math.min(screen.width / width, screen.height / height);
}

/** The transformation for a canvas: from pixels of the picture to those of the screen. */
export function matrixOf(
  view: View,
  picture: Size,
  screen: Size,
): DOMMatrix2DInit & Record<"a" | "b" | "c" | "d" | "e" | "f", number> {
  const scale = scaleOf(view, picture, screen);
  const [cos, sin] = [
    [1, 0],
    [0, 1],
    [-1, 0],
    [0, -1],
  ][view.quarters] as [number, number];
  const mirror = view.mirrored ? -1 : 1;
  const [a, b, c, d] = [scale * cos * mirror, scale * sin * mirror, -scale * sin, scale * cos];
  return {
    a,
    b,
    c,
    d,
    e: screen.width / 2 + view.x - (a * picture.width + c * picture.height) / 2,
    f: screen.height / 2 + view.y - (b * picture.width + d * picture.height) / 2,
  };
}

/** How much higher than wide a pixel is, by the values of its picture; 1 when that is not said. */
export function aspectOf(value: (keyword: string) => unknown): number {
  for (const keyword of ["PixelSpacing", "ImagerPixelSpacing", "PixelAspectRatio"]) {
    const [vertical, horizontal] = (value(keyword) as unknown[] | undefined) ?? [];
    const ratio = Number(vertical) / Number(horizontal);
    if (ratio > 0.1 && ratio < 10) return ratio;
  }
  return 1;
}

function shownSize(view: View, picture: Size, screen: Size): Size {
  const scale = scaleOf(view, picture, screen);
  const [width, height] =
    view.quarters % 2 ? [picture.height, picture.width] : [picture.width, picture.height];
  return { width: width * scale, height: height * scale };
}
