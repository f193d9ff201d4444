// Full depth: the picture that is looked at, with all its values, drawn by Cornerstone3D above the small ones.
// This module is large and is loaded behind what the server has drawn; only modules that it is loaded with import Cornerstone.

import {
  cache,
  Enums,
  eventTarget,
  getShouldUseCPURendering,
  imageLoader,
  init as initCore,
  metaData,
  RenderingEngine,
  type Types,
} from "@cornerstonejs/core";
import { init as initLoader } from "@cornerstonejs/dicom-image-loader";
import type { Annotation } from "../api/annotations.ts";
import { headers } from "../api/http.ts";
import type { Manifest } from "../api/pictures.ts";
import { drawKept, drawnOn } from "./drawn.ts";
import { beginMeasuring, Measure } from "./measure.ts";
import { moduleOf } from "./metadata.ts";
import { darken, paddingOf } from "./padding.ts";
import {
  acceptOf,
  ask,
  idsOf,
  knownAs,
  leaveToServer,
  SCHEME,
  samplesOf,
  sourceOf,
  useProcessor,
} from "./sources.ts";
import { valuesOf } from "./stack.ts";
import { FITTED, type Size, scaleOf, type View } from "./view.ts";
import { rangeOf, type Window, windowOf } from "./window.ts";

export const MOST_CACHED = 200 * 2 ** 20; // bytes; Cornerstone's own bound, 3 GB, has Safari reload the page
const DECODERS = 2; // each has a memory of its own
const SETTLED = 120; // ms that a picture is looked at before its values are fetched
const AHEAD = 2; // pictures that are fetched before they are looked at
const ENGINE = "pacsberry";
const { LINEAR, SAMPLED_SIGMOID: SIGMOID } = Enums.VOILUTFunctionType;
const LEVELS: Window = [127.5, 255]; // of what the server has drawn

export { useAsking } from "./measure.ts";

const opened = new Map<string, { told: Manifest; ids: readonly string[] }>(); // series, by identifier and digest
let engine: RenderingEngine | undefined; // one for all screens: a context of WebGL is dear on an iPad

/** Whether the browser can draw with WebGL 2; Cornerstone draws with the processor where it cannot. */
export function hasWebGl(): boolean {
  try {
    return document.createElement("canvas").getContext("webgl2") !== null;
  } catch {
    return false;
  }
}

/** Cornerstone, set up once for the page. */
export function started(): RenderingEngine {
  if (engine) return engine;
  const isProcessor = !hasWebGl();
  initCore({ isMobile: true, debug: {}, rendering: { useCPURendering: isProcessor } });
  if (isProcessor) useProcessor();
  initLoader({
    maxWebWorkers: DECODERS,
    open: (request, url) => ask(request, SCHEME + url),
    beforeSend: (_request, imageId) => ({ ...headers(), ...acceptOf(imageId) }),
    beforeProcessing: samplesOf,
  });
  cache.setMaxCacheSize(MOST_CACHED);
  metaData.addProvider((name: string, imageId: string) => {
    const found = knownAs(imageId);
    return found && moduleOf(name, found.told, found.picture, sourceOf(imageId));
  }, 10_000);
  eventTarget.addEventListener(Enums.Events.IMAGE_LOADED, ((event: CustomEvent<{ image: Types.IImage }>) =>
    hidePadding(event.detail.image)) as EventListener);
  beginMeasuring();
  engine = new RenderingEngine(ENGINE);
  return engine;
}

/** Have padding drawn black. */
function hidePadding(image: Types.IImage): void {
  const found = knownAs(image.imageId);
  if (!found || sourceOf(image.imageId) === "drawn") return;
  const values = valuesOf(found.told, found.picture);
  const padding = paddingOf(values);
  if (!padding) return;
  const toUnit = (value: number) => (image.preScale?.scaled ? value * image.slope + image.intercept : value);
  const [one, other] = [toUnit(padding.low), toUnit(padding.high)];
  const isInverse = values.PhotometricInterpretation === "MONOCHROME1";
  darken(image.getPixelData(), { low: Math.min(one, other), high: Math.max(one, other) }, isInverse);
}

/** How a picture is to be drawn. */
export interface Drawing {
  view: View;
  window: Window | undefined; // undefined: that of the picture
  own: Window | undefined; // that the server draws the picture through
  shape: string; // VOILUTFunction
  isInverse: boolean; // low values are bright: MONOCHROME1
  size: Size; // of the picture, as it is drawn
  rows: number;
  screen: Size; // CSS pixels
}

/** One screen at full depth. */
export class FullDepth {
  readonly measure: Measure;
  private ids: string[] = [];
  private told: Manifest | undefined;
  private wanted: Drawing | undefined;
  private number = -1; // that is wanted
  private shown = -1;
  private timer = 0;
  private before = 0; // the picture that was shown before
  private stacked: readonly string[] | undefined; // what Cornerstone has been told of
  private readonly failed = new Set<number>(); // pictures that cannot be had

  /** `changed` is called when the picture that is looked at is there, or cannot be had. */
  constructor(
    readonly element: HTMLDivElement,
    readonly name: string,
    private readonly changed: () => void,
  ) {
    started().enableElement({ viewportId: name, type: Enums.ViewportType.STACK, element });
    this.measure = new Measure(element, name, ENGINE);
  }

  /** Whether the picture of that number is on the screen with all its values. */
  has(picture: number): boolean {
    return this.shown === picture && picture >= 0;
  }

  /** The series whose pictures are shown from now on. */
  use(told: Manifest, kept: readonly Annotation[]): void {
    this.told = told;
    this.shown = -1;
    this.number = -1;
    this.failed.clear();
    this.ids = idsOf(told);
    const name = `${told.ID}-${told.Digest}`;
    if (!opened.has(name)) drawKept(kept, told, this.ids);
    opened.set(name, { told, ids: this.ids });
  }

  /** Another series is on its way: nothing of this one is to be seen or measured any more. */
  leave(): void {
    clearTimeout(this.timer);
    this.measure.cancel();
    this.told = undefined;
    this.ids = [];
    this.shown = -1;
    this.number = -1;
  }

  /** The series has been told of anew: its values may come from elsewhere now. */
  hear(told: Manifest): void {
    if (this.told !== told && this.told?.Digest === told.Digest) {
      this.told = told;
      idsOf(told);
    }
  }

  /** Whether it is known what the values of a picture mean: those that the server has drawn mean nothing. */
  isMeasured(picture: number): boolean {
    return sourceOf(this.ids[picture] ?? "") !== "drawn";
  }

  /** Fetch and draw a picture, once it is looked at for a moment. */
  show(picture: number, drawing: Drawing): void {
    this.wanted = drawing;
    if (!this.told) return;
    if (this.shown === picture) {
      this.lay(drawing);
      return;
    }
    if (this.number === picture || this.failed.has(picture)) return; // on its way, or never
    this.number = picture;
    this.shown = -1;
    clearTimeout(this.timer);
    const isHere = cache.isLoaded(this.ids[picture] ?? "");
    this.timer = window.setTimeout(() => void this.fetch(picture), isHere ? 0 : SETTLED);
  }

  /** The window that the picture is drawn through. */
  get window(): Window | undefined {
    const range = this.viewport?.getProperties().voiRange;
    return range && windowOf(range, "LINEAR_EXACT");
  }

  /** What is on the screen, to be drawn larger elsewhere; undefined as long as nothing is. */
  get drawn(): HTMLCanvasElement | undefined {
    return this.shown < 0 ? undefined : this.viewport?.canvas;
  }

  /** The screen has another size. */
  resize(): void {
    engine?.resize(true, true);
    if (this.shown >= 0 && this.wanted) this.lay(this.wanted);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.measure.stop();
    engine?.disableElement(this.name);
  }

  private get viewport(): Types.IStackViewport | undefined {
    return engine?.getViewport(this.name) as Types.IStackViewport | undefined;
  }

  private lay({ view, window, own, shape, isInverse, size, rows, screen }: Drawing): void {
    const viewport = this.viewport;
    if (!viewport) return;
    const isMeasured = this.isMeasured(this.shown);
    const isSigmoid = isMeasured && shape === "SIGMOID" && !getShouldUseCPURendering();
    const range = isMeasured ? this.stored(window && rangeOf(window, shape)) : levelsOf(window, own);
    viewport.setProperties({
      invert: view.inverted !== (isInverse && isMeasured),
      ...(getShouldUseCPURendering() ? {} : { VOILUTFunction: isSigmoid ? SIGMOID : LINEAR }),
      ...(range ? { voiRange: range } : {}),
    });
    viewport.resetCamera();
    viewport.setViewPresentation({
      rotation: 90 * view.quarters,
      flipHorizontal: view.mirrored,
      flipVertical: false,
    });
    const scale = scaleOf(view, size, screen);
    if (getShouldUseCPURendering()) {
      viewport.setCamera({ flipHorizontal: view.mirrored }); // there, presentations mirror nothing …
      viewport.setZoom(scale * Math.min(1, size.height / rows)); // … and a zoom is CSS pixels for each pixel
      const middle: Types.Point2 = [screen.width / 2 - view.x, screen.height / 2 - view.y];
      viewport.setCamera({ focalPoint: viewport.canvasToWorld(middle) });
    } else {
      viewport.setZoom(scale / scaleOf(FITTED, size, screen));
      viewport.setPan([view.x, view.y]);
    }
    viewport.render();
  }

  /** A range as Cornerstone wants it: of stored values where its card cannot hold those of the unit. */
  private stored(range: Types.VOIRange | undefined): Types.VOIRange | undefined {
    const image = cache.getImage(this.ids[this.shown] ?? "");
    if (!range || !image || image.preScale?.scaled || getShouldUseCPURendering()) return range;
    const [lower, upper] = [range.lower, range.upper].map((value) => (value - image.intercept) / image.slope);
    return { lower: lower as number, upper: upper as number };
  }

  private async fetch(picture: number): Promise<void> {
    const { ids } = this;
    try {
      if (this.measure.isBusy) this.measure.cancel();
      await loaded(ids[picture] ?? "", { priority: 0, requestType: Enums.RequestType.Interaction }); // setStack does not say when it fails
      if (this.number !== picture || this.ids !== ids) return;
      if (this.stacked === this.ids) await this.viewport?.setImageIdIndex(picture);
      else await this.viewport?.setStack(this.ids, picture);
      this.stacked = this.ids;
    } catch {
      this.number = -1;
      this.failed.add(picture);
      this.changed();
      return; // the small picture stays
    }
    if (this.number !== picture || this.ids !== ids || !this.wanted) return;
    this.shown = picture;
    this.number = -1;
    if (!this.wanted.window) this.viewport?.resetProperties();
    this.lay(this.wanted);
    this.changed();
    this.lookAhead(picture);
  }

  /** Fetch the pictures that come next, in the direction of the last step, while the one that is shown is looked at. */
  private lookAhead(picture: number): void {
    const step = picture < this.before ? -1 : 1;
    this.before = picture;
    for (let ahead = 1; ahead <= AHEAD; ahead += 1) {
      const id = this.ids[picture + ahead * step];
      if (id && !cache.isLoaded(id)) loaded(id).catch(() => {}); // it is asked for again when looked at
    }
  }
}

/** What is drawn on the pictures of a study: on the series that were opened now, on others what was kept. */
export function allDrawn(kept: readonly Annotation[]): Annotation[] {
  const shown = [...opened.values()];
  const ours = new Set(shown.flatMap(({ told }) => told.Instances.map(({ ID }) => ID)));
  return [
    ...kept.filter(({ Instance }) => !ours.has(Instance)),
    ...shown.flatMap(({ told, ids }) => drawnOn(told, ids)),
  ];
}

/** Fetch a picture; the server draws what cannot be decoded here. */
async function loaded(id: string, asked: object = {}): Promise<void> {
  // The processor's tables are of whole numbers: fractions are made of those when they are drawn.
  const found = knownAs(id);
  const slope = found && valuesOf(found.told, found.picture).RescaleSlope;
  const preScale = { enabled: !getShouldUseCPURendering() || Number.isInteger(slope ?? 1) };
  const how = { ...asked, preScale } as unknown as Parameters<typeof imageLoader.loadAndCacheImage>[1];
  try {
    await imageLoader.loadAndCacheImage(id, how);
  } catch (error) {
    if (!leaveToServer(id)) throw error;
    await new Promise((done) => setTimeout(done)); // the cache forgets the failure meanwhile
    await imageLoader.loadAndCacheImage(id, how);
  }
}

/** The levels of a picture drawn through the window `own` that are black and white through another one. */
function levelsOf(window: Window | undefined, own: Window | undefined): Types.VOIRange {
  const [all, from] = [rangeOf(LEVELS, "LINEAR_EXACT"), own ?? LEVELS];
  if (!window || (window[0] === from[0] && window[1] === from[1])) return all;
  const toLevel = (value: number) => ((value - (from[0] - from[1] / 2)) * LEVELS[1]) / from[1];
  const { lower, upper } = rangeOf(window, "LINEAR_EXACT");
  return { lower: toLevel(lower), upper: toLevel(upper) };
}
