// One picture on the screen: draws the small pictures of a stack, and turns fingers, wheel and keys into what is looked at.
// What belongs to full depth lies above it and is told of every change of the view.

import { Fingers, type Moved } from "./gestures.ts";
import type { Stack } from "./stack.ts";
import { FITTED, fitted, matrixOf, moved, type Size, turned, type View, zoomed } from "./view.ts";

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
}

export class Stage {
  picture = 0;
  view: View = FITTED;
  /** What one finger does: scroll, or change the window. */
  tool: "scroll" | "window" = "scroll";
  private readonly fingers = new Fingers();
  private readonly context: CanvasRenderingContext2D;
  private rest = 0; // CSS pixels of a drag that are not a picture yet
  private isDrawing = false;
  private readonly watched: ResizeObserver;

  constructor(
    readonly canvas: HTMLCanvasElement,
    private stack: Stack,
    private readonly events: StageEvents,
  ) {
    this.context = canvas.getContext("2d", { alpha: false }) as CanvasRenderingContext2D;
    this.watched = new ResizeObserver(() => this.draw());
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
    this.lay({ ...this.view, mirrored: !this.view.mirrored });
  }

  invert(): void {
    this.lay({ ...this.view, inverted: !this.view.inverted });
  }

  /** Pixels of the picture that is looked at, as it is stored. */
  get size(): Size {
    const rows = Number(this.stack.value(this.picture, "Rows"));
    const columns = Number(this.stack.value(this.picture, "Columns"));
    const found = this.stack.nearest(this.picture)?.bitmap;
    return rows > 0 && columns > 0 ? { width: columns, height: rows } : (found ?? { width: 1, height: 1 });
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
    } else if (event.type === "pointermove") {
      const done = this.fingers.move(point, event.timeStamp);
      if (done) this.follow(done, event);
    } else if (event.type === "pointerup") {
      if (this.fingers.release(event.pointerId, event.timeStamp) === "double tap") this.fit();
    } else this.fingers.cancel();
  }

  private follow(done: Moved, event: PointerEvent): void {
    const isMouse = event.pointerType === "mouse";
    if (done.meaning === "two" || (isMouse && event.buttons === 4)) {
      const { x, y } = this.fromMiddle(done.x, done.y);
      const view = zoomed(this.view, done.scale, x, y);
      this.lay(moved(view, done.dx, done.dy, this.size, this.screen));
    } else if (done.meaning === "three" || this.tool === "window" || (isMouse && event.buttons === 2)) {
      this.events.windowed(done.dx, done.dy);
    } else {
      this.rest += done.dy;
      const whole = (this.screen.height * ROWS_OF_DRAG) / Math.max(1, this.stack.count);
      this.scroll(Math.min(MOST_DRAG, Math.max(LEAST_DRAG, whole)));
    }
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
