// A volume cut in three planes through one point: Cornerstone draws, our own gestures move.  Loaded lazily, as full depth is.

import {
  cornerstoneStreamingImageVolumeLoader,
  Enums,
  eventTarget,
  type Types,
  volumeLoader,
} from "@cornerstonejs/core";
import type { Manifest } from "../api/pictures.ts";
import { MOST_CACHED, started } from "./full.ts";
import { Fingers, type Moved } from "./gestures.ts";
import { idsOf } from "./sources.ts";
import { dragged, type Window } from "./window.ts";

export const NAMES = ["axial", "coronal", "sagittal"] as const;
export type Name = (typeof NAMES)[number];
type Vector = [number, number, number];

const LOADER = "cornerstoneStreamingImageVolume";
const STEP = 6; // CSS pixels of a drag for a slice
const WHEEL = 40;

/** Bytes that a volume takes in the browser. */
export function bytesOf(told: Manifest): number {
  const number = (keyword: string) => Number(told.Shared[keyword] ?? told.Instances[0]?.[keyword]) || 0;
  return told.CountPictures * number("Rows") * number("Columns") * Math.max(1, number("BitsAllocated") / 8);
}

/** Whether a volume fits into what an iPad can spare. */
export function fits(told: Manifest): boolean {
  return bytesOf(told) <= MOST_CACHED;
}

/** Three screens that show one volume. */
export class Planes {
  window: Window | undefined;
  private readonly engine = started();
  private point: Vector | undefined; // where the planes meet
  private readonly fingers = new Map<Name, Fingers>();
  private rest = 0;

  /** `changed` is called when a plane, the point or the window has. */
  constructor(
    private readonly elements: Record<Name, HTMLDivElement>,
    private readonly changed: () => void,
  ) {
    for (const name of NAMES) {
      this.fingers.set(name, new Fingers());
      const element = elements[name];
      this.engine.enableElement({
        viewportId: name,
        type: Enums.ViewportType.ORTHOGRAPHIC,
        element,
        defaultOptions: { orientation: Enums.OrientationAxis[name.toUpperCase() as "AXIAL"] },
      });
      for (const type of ["pointerdown", "pointermove", "pointerup", "pointercancel"] as const) {
        element.addEventListener(type, (event) => this.pointer(name, event));
      }
      element.addEventListener("wheel", (event) => this.wheel(name, event), { passive: false });
      element.addEventListener("contextmenu", (event) => event.preventDefault());
    }
    new ResizeObserver(() => {
      this.engine.resize(true, true);
      this.changed();
    }).observe(elements.axial);
  }

  /** Fetch a volume and show it; `progress` is told which part of it has arrived, from 0 to 1. */
  async load(told: Manifest, window: Window | undefined, progress: (part: number) => void): Promise<void> {
    volumeLoader.registerVolumeLoader(
      LOADER,
      cornerstoneStreamingImageVolumeLoader as unknown as Types.VolumeLoaderFn,
    );
    const volumeId = `${LOADER}:${told.ID}-${told.Digest}`;
    const volume = (await volumeLoader.createAndCacheVolume(volumeId, {
      imageIds: idsOf(told),
    })) as Types.IStreamingImageVolume;
    let arrived = 0;
    eventTarget.addEventListener(Enums.Events.IMAGE_LOADED, () => {
      arrived += 1;
      progress(arrived / told.CountPictures);
    });
    volume.load();
    for (const name of NAMES) {
      await this.viewport(name).setVolumes([{ volumeId }]);
    }
    this.point = this.viewport("axial").getCamera().focalPoint as Vector;
    this.see(window);
  }

  /** See all planes through a window; undefined for that of the pictures. */
  see(window: Window | undefined): void {
    this.window = window;
    for (const name of NAMES) {
      const viewport = this.viewport(name);
      if (window) {
        viewport.setProperties({
          voiRange: { lower: window[0] - window[1] / 2, upper: window[0] + window[1] / 2 },
        });
      }
      viewport.render();
    }
    this.changed();
  }

  /** All planes as they were at first. */
  fit(): void {
    for (const name of NAMES) {
      this.viewport(name).resetCamera();
      this.viewport(name).render();
    }
    this.point = this.viewport("axial").getCamera().focalPoint as Vector;
    this.changed();
  }

  /** Where the other planes cross this one, in CSS pixels. */
  crossing(name: Name): { x: number; y: number } | undefined {
    if (!this.point) return undefined;
    const [x, y] = this.viewport(name).worldToCanvas(this.point);
    return { x, y };
  }

  /** Go through a plane slice by slice. */
  scroll(name: Name, slices: number): void {
    const viewport = this.viewport(name);
    viewport.scroll(slices);
    viewport.render();
    const { focalPoint, viewPlaneNormal } = viewport.getCamera();
    if (this.point && focalPoint && viewPlaneNormal) {
      this.point = along(this.point, viewPlaneNormal, dot(less(focalPoint, this.point), viewPlaneNormal));
    }
    this.changed();
  }

  private viewport(name: Name): Types.IVolumeViewport {
    return this.engine.getViewport(name) as Types.IVolumeViewport;
  }

  /** The window that Cornerstone has chosen. */
  private drawn(name: Name): Window | undefined {
    const range = this.viewport(name).getProperties()?.voiRange;
    return range && [(range.lower + range.upper) / 2, range.upper - range.lower];
  }

  /** Have all planes meet where somebody has tapped. */
  private meet(name: Name, event: PointerEvent): void {
    const box = this.elements[name].getBoundingClientRect();
    const point = this.viewport(name).canvasToWorld([
      event.clientX - box.left,
      event.clientY - box.top,
    ]) as Vector;
    this.point = point;
    for (const other of NAMES) {
      const viewport = this.viewport(other);
      const { focalPoint, position, viewPlaneNormal } = viewport.getCamera();
      if (other === name || !focalPoint || !position || !viewPlaneNormal) continue;
      const way = dot(less(point, focalPoint), viewPlaneNormal);
      viewport.setCamera({
        focalPoint: along(focalPoint, viewPlaneNormal, way),
        position: along(position, viewPlaneNormal, way),
      });
      viewport.render();
    }
    this.changed();
  }

  private pointer(name: Name, event: PointerEvent): void {
    event.preventDefault();
    const fingers = this.fingers.get(name) as Fingers;
    const point = { id: event.pointerId, x: event.clientX, y: event.clientY };
    if (event.type === "pointerdown") {
      this.elements[name].setPointerCapture(event.pointerId);
      this.rest = 0;
      fingers.press(point, event.timeStamp);
    } else if (event.type === "pointermove") {
      const done = fingers.move(point, event.timeStamp);
      if (done) this.follow(name, done, event);
    } else if (event.type === "pointerup") {
      const tap = fingers.release(event.pointerId, event.timeStamp);
      if (tap === "double tap") this.fit();
      else if (tap === "tap") this.meet(name, event);
    } else fingers.cancel();
  }

  private follow(name: Name, done: Moved, event: PointerEvent): void {
    const isMouse = event.pointerType === "mouse";
    if (done.meaning === "two" || (isMouse && event.buttons === 4)) {
      const viewport = this.viewport(name);
      viewport.setZoom(viewport.getZoom() * done.scale);
      const [x, y] = viewport.getPan();
      viewport.setPan([x + done.dx, y + done.dy]);
      viewport.render();
      this.changed();
    } else if (done.meaning === "three" || (isMouse && event.buttons === 2)) {
      const from = this.window ?? this.drawn(name);
      if (from) this.see(dragged(from, done.dx, done.dy));
    } else {
      this.rest += done.dy;
      const slices = Math.trunc(this.rest / STEP);
      this.rest -= slices * STEP;
      if (slices) this.scroll(name, slices);
    }
  }

  private wheel(name: Name, event: WheelEvent): void {
    event.preventDefault();
    this.rest += event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * WHEEL;
    const slices = Math.trunc(this.rest / WHEEL);
    this.rest -= slices * WHEEL;
    if (slices) this.scroll(name, slices);
  }
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, axis) => sum + value * (b[axis] ?? 0), 0);
}

function less(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, axis) => value - (b[axis] ?? 0));
}

function along(point: readonly number[], direction: readonly number[], way: number): Vector {
  return point.map((value, axis) => value + (direction[axis] ?? 0) * way) as Vector;
}
