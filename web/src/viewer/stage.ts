// One picture on the screen: draws the small pictures of a stack, and turns fingers, wheel and keys into what is looked at.
// What belongs to full depth lies above it and is told of every change of the view.

import { Fingers, LONG, type Moved } from "./gestures.ts";
import type { Stack } from "./stack.ts";
import {
  aspectOf,
  FITTED,
  fitted,
  matrixOf,
  mirrored,
  moved,
  type Size,
  turned,
  type View,
  zoomed,
} from "./view.ts";

const ROWS_OF_DRAG = 1; // a drag over the whole height goes once through the stack …
const LEAST_DRAG = 4; // … but a picture takes at least so many CSS pixels
const MOST_DRAG = 40;
const WHEEL_STEP = 40;

/** Told of what the user does. */
export interface StageEvents {
  /** Another picture, or another view of it. */
  changed(): void;
  /** The window is to change: by CSS pixels to the right and downwards. */
  windowed(dx: number, dy: number): void;
  /** One finger draws with the tool: it begins, goes on, is done, or was not meant. */
  drew(what: "press" | "drag" | "release" | "cancel", clientX: number, clientY: number): void;
  /** A tap on the picture. */
  tapped(clientX: number, clientY: number): void;
  /** A finger rests at a place that is to be seen larger; undefined when it is lifted. */
  magnified(at: { clientX: number; clientY: number } | undefined): void;
  /** The small picture has been drawn. */
  painted(): void;
  /** The screen has another size. */
  resized(): void;
}

export type StageTool = "scroll" | "window" | "pan" | "measure";

export class Stage {
  picture = 0;
  view: View = FITTED;
  tool: StageTool = "scroll"; // what one finger does
  private readonly fingers = new Fingers();
  private readonly context: CanvasRenderingContext2D;
  private rest = 0; // CSS pixels of a drag that are not a picture yet
  private isDrawing = false;
  private doing: "drawing" | "magnifying" | undefined;
  private waiting = 0; // timer of a long press
  private readonly watched: ResizeObserver;

  constructor(
    readonly canvas: HTMLCanvasElement,
    private stack: Stack,
    private readonly events: StageEvents,
  ) {
    this.context = canvas.getContext("2d", { alpha: false }) as CanvasRenderingContext2D;
    this.watched = new ResizeObserver(() => {
      this.events.resized();
      this.draw();
    });
    this.watched.observe(canvas);
    for (const name of [
      "pointerdown",
      "pointermove",
      "pointerup",
      "pointercancel",
      "wheel",
      "contextmenu",
    ] as const) {
      canvas.addEventListener(name, this, { passive: false });
    }
  }

  /** Show another stack, from its picture of that number on. */
  show(stack: Stack, picture: number): void {
    this.stack = stack;
    this.picture = Math.max(0, picture);
    this.view = FITTED;
    this.draw();
  }

  /** End it. */
  stop(): void {
    clearTimeout(this.waiting);
    this.watched.disconnect();
  }

  /** Go to a picture; the first or the last one beyond them. */
  go(picture: number): void {
    const next = Math.min(Math.max(0, picture), Math.max(0, this.stack.count - 1));
    if (next === this.picture) return;
    this.picture = next;
    this.draw();
    this.events.changed();
  }

  /** Change how the picture lies. */
  lay(view: View): void {
    this.view = view;
    this.draw();
    this.events.changed();
  }

  fit(): void {
    this.lay(fitted(this.view));
  }

  turn(): void {
    this.lay(turned(this.view));
  }

  mirror(): void {
    this.lay(mirrored(this.view));
  }

  invert(): void {
    this.lay({ ...this.view, inverted: !this.view.inverted });
  }

  /** The picture that is looked at: columns, and rows as high as they are beside them where pixels are not square. */
  get size(): Size {
    const rows = Number(this.stack.value(this.picture, "Rows"));
    const columns = Number(this.stack.value(this.picture, "Columns"));
    const found = this.stack.nearest(this.picture)?.bitmap;
    if (!(rows > 0 && columns > 0)) return found ?? { width: 1, height: 1 };
    return { width: columns, height: rows * aspectOf((keyword) => this.stack.value(this.picture, keyword)) };
  }

  /** CSS pixels of the screen. */
  get screen(): Size {
    return { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
  }

  /** Draw with the next picture of the screen; several calls until then are one. */
  draw(): void {
    if (this.isDrawing) return;
    this.isDrawing = true;
    requestAnimationFrame(() => {
      this.isDrawing = false;
      this.paint();
    });
  }

  handleEvent(event: Event): void {
    if (event.type === "contextmenu") event.preventDefault();
    else if (event instanceof WheelEvent) this.wheel(event);
    else if (event instanceof PointerEvent) this.pointer(event);
  }

  private paint(): void {
    const { canvas, context, screen } = this;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const [width, height] = [Math.round(screen.width * ratio), Math.round(screen.height * ratio)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.filter = "none";
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
    const found = this.stack.nearest(this.picture);
    this.events.painted();
    if (!found) return;
    const picture = this.size;
    const m = matrixOf(this.view, picture, screen);
    context.setTransform(m.a * ratio, m.b * ratio, m.c * ratio, m.d * ratio, m.e * ratio, m.f * ratio);
    context.imageSmoothingQuality = "high";
    context.drawImage(found.bitmap, 0, 0, picture.width, picture.height);
    if (this.view.inverted) {
      context.globalCompositeOperation = "difference"; // Safari knows no filter of a canvas
      context.fillStyle = "#fff";
      context.fillRect(0, 0, picture.width, picture.height);
      context.globalCompositeOperation = "source-over";
    }
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    if (event.ctrlKey) {
      const { x, y } = this.fromMiddle(event.clientX, event.clientY);
      this.lay(zoomed(this.view, Math.exp(-event.deltaY / 300), x, y));
      return;
    }
    this.rest += event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * WHEEL_STEP;
    this.scroll(WHEEL_STEP);
  }

  private pointer(event: PointerEvent): void {
    event.preventDefault();
    const point = { id: event.pointerId, x: event.clientX, y: event.clientY };
    if (event.type === "pointerdown") {
      this.canvas.setPointerCapture(event.pointerId);
      this.rest = 0;
      this.fingers.press(point, event.timeStamp);
      if (this.fingers.count > 1) this.give("cancel", event);
      else this.waitForLongPress(event);
    } else if (event.type === "pointermove") {
      if (this.doing === "magnifying") this.events.magnified(event);
      else {
        const done = this.fingers.move(point, event.timeStamp);
        if (done) this.follow(done, event);
      }
    } else if (event.type === "pointerup") {
      this.give("release", event);
      const tap = this.fingers.release(event.pointerId, event.timeStamp);
      if (tap === "double tap") this.fit();
      else if (tap === "tap") this.events.tapped(event.clientX, event.clientY);
    } else {
      this.give("cancel", event);
      this.fingers.cancel();
    }
  }

  /** End what one finger has been doing. */
  private give(what: "release" | "cancel", event: PointerEvent): void {
    clearTimeout(this.waiting);
    if (this.doing === "drawing") this.events.drew(what, event.clientX, event.clientY);
    if (this.doing === "magnifying") this.events.magnified(undefined);
    this.doing = undefined;
  }

  private waitForLongPress(event: PointerEvent): void {
    clearTimeout(this.waiting);
    if (event.pointerType === "mouse") return;
    const { clientX, clientY, timeStamp } = event;
    this.waiting = window.setTimeout(() => {
      if (this.doing || !this.fingers.isLongPress(timeStamp + LONG)) return;
      this.doing = "magnifying";
      this.events.magnified({ clientX, clientY });
    }, LONG);
  }

  private follow(done: Moved, event: PointerEvent): void {
    const isMouse = event.pointerType === "mouse";
    const isPan = done.meaning === "one" && (this.tool === "pan" || (isMouse && event.buttons === 4));
    const isWindow = this.tool === "window" || (this.tool === "scroll" && this.stack.count === 1);
    if (done.meaning === "two" || isPan) {
      const { x, y } = this.fromMiddle(done.x, done.y);
      const view = zoomed(this.view, done.scale, x, y);
      this.lay(moved(view, done.dx, done.dy, this.size, this.screen));
    } else if (done.meaning === "three" || (isMouse && event.buttons === 2) || isWindow) {
      this.events.windowed(done.dx, done.dy);
    } else if (this.tool === "measure") {
      this.measure(event);
    } else {
      this.rest += done.dy;
      const whole = (this.screen.height * ROWS_OF_DRAG) / Math.max(1, this.stack.count);
      this.scroll(Math.min(MOST_DRAG, Math.max(LEAST_DRAG, whole)));
    }
  }

  private measure(event: PointerEvent): void {
    const origin = this.fingers.origin;
    if (this.doing !== "drawing" && origin) {
      clearTimeout(this.waiting);
      this.doing = "drawing";
      this.events.drew("press", origin.x, origin.y);
    }
    this.events.drew("drag", event.clientX, event.clientY);
  }

  private scroll(step: number): void {
    const pictures = Math.trunc(this.rest / step);
    if (!pictures) return;
    this.rest -= pictures * step;
    this.go(this.picture + pictures);
  }

  private fromMiddle(clientX: number, clientY: number): { x: number; y: number } {
    const box = this.canvas.getBoundingClientRect();
    return { x: clientX - box.left - box.width / 2, y: clientY - box.top - box.height / 2 };
  }
}
