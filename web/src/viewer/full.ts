// Full depth: the picture that is looked at, with all its values, drawn by Cornerstone3D above the small ones.
// This module is large and is loaded behind what the server has drawn; nothing else imports Cornerstone.

import {
  cache,
  Enums,
  init as initCore,
  metaData,
  RenderingEngine,
  setUseCPURendering,
  type Types,
} from "@cornerstonejs/core";
import { init as initLoader } from "@cornerstonejs/dicom-image-loader";
import { address, headers } from "../api/http.ts";
import type { Manifest } from "../api/pictures.ts";
import { moduleOf } from "./metadata.ts";
import { pictureOf } from "./stack.ts";
import type { View } from "./view.ts";

const MOST_CACHED = 200 * 2 ** 20; // bytes; Cornerstone's own bound, 3 GB, has Safari reload the page
const DECODERS = 2; // each has a memory of its own
const SETTLED = 120; // ms that a picture is looked at before its values are fetched
const ENGINE = "pacsberry";
const SCHEME = "wadors:";

const known = new Map<string, { told: Manifest; picture: number }>();
let ready: Promise<void> | undefined;

/** Whether the browser can draw with WebGL 2; Cornerstone draws with the processor where it cannot. */
export function hasWebGl(): boolean {
  try {
    return document.createElement("canvas").getContext("webgl2") !== null;
  } catch {
    return false;
  }
}

async function begin(): Promise<void> {
  setUseCPURendering(!hasWebGl());
  initCore({ isMobile: true, debug: {}, rendering: { useCPURendering: !hasWebGl() } });
  initLoader({
    maxWebWorkers: DECODERS,
    beforeSend: (xhr) => {
      for (const [name, value] of Object.entries(headers())) xhr.setRequestHeader(name, value);
    },
  });
  cache.setMaxCacheSize(MOST_CACHED);
  metaData.addProvider((name: string, imageId: string) => {
    const found = known.get(imageId);
    return found && moduleOf(name, found.told, found.picture);
  }, 10_000);
}

/** The address of all values of a picture: out of the pack of its series, or as they are stored. */
export function frameAddress(told: Manifest, picture: number): string {
  const { State, Url } = told.Prepared.frames;
  if (State === "Ready" && Url) return address(`${Url}/${picture}`);
  const found = pictureOf(told.Instances, picture);
  return address(`pacsberry/instances/${found?.instance.ID}/frames/${found?.frame ?? 0}`);
}

/** One screen at full depth. */
export class FullDepth {
  private engine: RenderingEngine | undefined;
  private ids: string[] = [];
  private told: Manifest | undefined;
  private wanted = -1;
  private shown = -1;
  private timer = 0;

  /** `changed` is called when the picture that is looked at is there, or gone. */
  constructor(
    private readonly element: HTMLDivElement,
    private readonly name: string,
    private readonly changed: () => void,
  ) {}

  /** Whether the picture of that number is on the screen with all its values. */
  has(picture: number): boolean {
    return this.shown === picture;
  }

  /** The series whose pictures are shown from now on. */
  use(told: Manifest): void {
    this.told = told;
    this.shown = -1;
    this.ids = Array.from({ length: told.CountPictures }, (_, picture) => {
      const id = SCHEME + frameAddress(told, picture);
      known.set(id, { told, picture });
      return id;
    });
  }

  /** Fetch and draw a picture, once it is looked at for a moment. */
  show(picture: number, view: View, window: readonly [number, number] | undefined): void {
    this.wanted = picture;
    if (this.shown === picture) {
      this.lay(view, window);
      return;
    }
    this.shown = -1;
    clearTimeout(this.timer);
    this.timer = globalThis.window.setTimeout(() => void this.fetch(picture, view, window), SETTLED);
  }

  /** Lay the picture as it lies on the screen below, through a window. */
  lay(view: View, window: readonly [number, number] | undefined): void {
    const viewport = this.viewport;
    if (!viewport) return;
    viewport.resetCamera();
    const [center, width] = window ?? [];
    viewport.setProperties({
      invert: view.inverted !== this.isInverse(),
      ...(center !== undefined && width !== undefined
        ? { voiRange: { lower: center - width / 2, upper: center + width / 2 } }
        : {}),
    });
    viewport.setViewPresentation({
      rotation: (360 - 90 * view.quarters) % 360,
      flipHorizontal: view.mirrored,
      flipVertical: false,
    });
    viewport.setZoom(view.zoom);
    viewport.setPan([view.x, view.y] as Types.Point2);
    viewport.render();
  }

  /** The window that the picture is drawn through. */
  get window(): readonly [number, number] | undefined {
    const range = this.viewport?.getProperties().voiRange;
    return range && [(range.lower + range.upper) / 2, range.upper - range.lower];
  }

  /** The screen has another size. */
  resize(): void {
    this.engine?.resize(true, true);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.engine?.destroy();
    this.engine = undefined;
    for (const id of this.ids) known.delete(id);
    cache.purgeCache();
  }

  private get viewport(): Types.IStackViewport | undefined {
    return this.engine?.getViewport(this.name) as Types.IStackViewport | undefined;
  }

  private isInverse(): boolean {
    return this.told?.Shared.PhotometricInterpretation === "MONOCHROME1";
  }

  private async fetch(
    picture: number,
    view: View,
    window: readonly [number, number] | undefined,
  ): Promise<void> {
    ready ??= begin();
    await ready;
    if (!this.engine) {
      this.engine = new RenderingEngine(`${ENGINE}-${this.name}`);
      this.engine.enableElement({
        viewportId: this.name,
        type: Enums.ViewportType.STACK,
        element: this.element,
      });
    }
    try {
      await this.viewport?.setStack(this.ids, picture);
    } catch {
      return; // the small picture stays
    }
    if (this.wanted !== picture) return;
    this.shown = picture;
    this.lay(view, window);
    this.changed();
  }
}
