// One screen of the viewer: a series, drawn small at once and at full depth behind that, with what is written and drawn on it.

import { html, type PropertyValues, type TemplateResult } from "lit";
import type { Annotation } from "../api/annotations.ts";
import { address } from "../api/http.ts";
import type { SeriesEntry } from "../api/studies.ts";
import { Part } from "../parts/page.ts";
import { t } from "../words/index.ts";
import { documentIn, documentsOf } from "./beside.ts";
import { Loupe } from "./loupe.ts";
import { drawLines, type Mark, sidesOf } from "./marks.ts";
import type { MeasureName } from "./measure.ts";
import { type Plane, planeOf } from "./space.ts";
import { Stack } from "./stack.ts";
import { Stage } from "./stage.ts";
import { dragged, filterOf, type Window } from "./window.ts";

type FullDepth = import("./full.ts").FullDepth;

/** Told of what happens on a screen. */
export interface PaneHost {
  /** Somebody touches it. */
  chosen(pane: Pane): void;
  /** Another picture, view or window, or something that has arrived. */
  looked(pane: Pane): void;
  failed(error: unknown): void;
  /** What teachers have drawn on pictures of the study. */
  kept(): Promise<readonly Annotation[]>;
  /** Have somebody write a text; '' for none. */
  ask(done: (text: string) => void): void;
}

export type Tool = "scroll" | "window" | MeasureName;

const STILL = 10; // pictures a second of a stack that does not say how fast it is
let named = 0;

export class Pane extends Part {
  static override properties = { beat: { state: true } };

  host!: PaneHost;
  series: SeriesEntry | undefined;
  /** What the corners say beside the number, the window and the sides. */
  caption: readonly string[] = [];
  hasText = true;
  stage!: Stage;
  stack: Stack | undefined;
  full: FullDepth | undefined;
  window: Window | undefined; // that was chosen; undefined for that of the pictures
  declare private beat: number;
  private readonly name: string;
  private marks: readonly Mark[] = [];
  private loupe: Loupe | undefined;
  private playing = 0;
  private wantedTool: Tool = "scroll";

  constructor() {
    super();
    this.beat = 0;
    named += 1;
    this.name = `pane-${named}`;
  }

  override render(): TemplateResult {
    const count = this.stack?.count ?? 0;
    const picture = this.stage?.picture ?? 0;
    return html`
      <canvas class="small" tabindex="0" role="img" aria-label=${t("viewer.picture", { number: picture + 1, count })}></canvas>
      <div class="full"></div>
      ${this.firstPicture()}
      <svg class="marks" aria-hidden="true"></svg>
      ${this.hasText ? this.text(picture, count) : ""}
      ${count > 1 ? this.slider(picture, count) : ""}
      <canvas class="loupe" hidden></canvas>
      ${documentIn(this.stack?.told)}
    `;
  }

  protected override firstUpdated(changes: PropertyValues): void {
    super.firstUpdated(changes);
    const canvas = this.querySelector("canvas.small") as HTMLCanvasElement;
    this.stack ??= new Stack("", () => {});
    this.stage = new Stage(canvas, this.stack, {
      changed: () => this.changed(),
      windowed: (dx, dy) => this.drag(dx, dy),
      drew: (what, x, y) => this.draw(what, x, y),
      tapped: (x, y) => {
        this.full?.measure.select(x, y);
        this.host.looked(this);
      },
      magnified: (at) =>
        this.loupe?.show(at, this.full?.has(this.stage.picture) ? this.full.drawn : undefined),
      painted: () => this.painted(),
      resized: () => {
        this.style.setProperty("--height", `${canvas.clientHeight}px`);
        this.full?.resize();
      },
    });
    this.loupe = new Loupe(this.querySelector("canvas.loupe") as HTMLCanvasElement, canvas);
    this.addEventListener("pointerdown", () => this.host.chosen(this), { capture: true });
  }

  /** Show a series, from its picture of that number on; -1 for the middle one. */
  show(series: SeriesEntry, picture: number, window: Window | undefined): void {
    this.play(false);
    this.stack?.stop();
    this.full?.leave();
    this.series = series;
    this.window = window;
    const stack = new Stack(series.ID, () => this.arrived(stack, picture));
    this.stack = stack;
    void this.updateComplete.then(() => {
      if (this.stack !== stack) return;
      this.stage.show(stack, picture);
      this.use(this.wantedTool);
    });
    stack.load().catch((error: unknown) => {
      if (!(error instanceof DOMException)) this.host.failed(error);
    });
    this.beat += 1;
  }

  /** What one finger does. */
  use(tool: Tool): void {
    this.wantedTool = tool;
    if (!this.stage) return;
    const isMeasure = tool !== "scroll" && tool !== "window";
    this.stage.tool = isMeasure ? "measure" : tool;
    this.full?.measure.use(isMeasure ? tool : undefined);
  }

  /** See the grey values through another window; undefined for that of the pictures. */
  see(window: Window | undefined): void {
    this.window = window;
    this.changed();
  }

  /** The window that is seen through, as far as it is known. */
  get seen(): Window | undefined {
    return this.window ?? this.own ?? this.full?.window;
  }

  /** The window of the pictures themselves. */
  get own(): Window | undefined {
    const told = this.stack?.facts?.Window;
    if (told) return [told.Center, told.Width];
    const [center] = (this.value("WindowCenter") as number[] | undefined) ?? [];
    const [width] = (this.value("WindowWidth") as number[] | undefined) ?? [];
    if (Number.isFinite(center) && Number(width) > 0) return [Number(center), Number(width)];
    return this.isColoured ? [127.5, 255] : undefined;
  }

  /** The formula of the window (VOILUTFunction). */
  private get shape(): string {
    if (this.isColoured) return "LINEAR_EXACT";
    return this.stack?.facts?.Window?.Function ?? `${this.value("VOILUTFunction") ?? "LINEAR"}`;
  }

  private get isColoured(): boolean {
    return (
      Number(this.value("SamplesPerPixel")) === 3 ||
      this.value("PhotometricInterpretation") === "PALETTE COLOR"
    );
  }

  /** Where the picture lies in the patient. */
  get plane(): Plane | undefined {
    return this.planeAt(this.stage?.picture ?? 0);
  }

  planeAt(picture: number): Plane | undefined {
    return planeOf((keyword) => this.stack?.value(picture, keyword));
  }

  /** Lines of other screens, in pixels of this one's picture. */
  mark(marks: readonly Mark[]): void {
    this.marks = marks;
    this.stage?.draw();
  }

  get isPlaying(): boolean {
    return this.playing !== 0;
  }

  /** One picture after the other, as fast as they were taken. */
  play(isOn: boolean): void {
    clearInterval(this.playing);
    this.playing = 0;
    const { stack } = this;
    if (!isOn || !stack || stack.count < 2) return;
    const pace = Number(this.value("FrameTime"));
    const rate = Number(this.value("RecommendedDisplayFrameRate") ?? this.value("CineRate"));
    const pause = pace > 0 ? pace : 1000 / (rate > 0 ? rate : STILL);
    this.playing = window.setInterval(
      () => this.stage.go((this.stage.picture + 1) % stack.count),
      Math.min(2000, Math.max(16, pause)),
    );
  }

  stop(): void {
    this.play(false);
    this.stack?.stop();
    this.stage?.stop();
    this.full?.stop();
  }

  /** The instance that is looked at; of what is no picture the first one. */
  get instance(): string | undefined {
    return (this.stack?.picture(this.stage?.picture ?? 0)?.instance ?? this.stack?.told?.Instances[0])?.ID;
  }

  private value(keyword: string): unknown {
    return this.stack?.value(this.stage?.picture ?? 0, keyword);
  }

  private text(picture: number, count: number): TemplateResult {
    const [center, width] = this.seen ?? [];
    const sides = this.stage ? sidesOf(this.plane, this.stage.view) : undefined;
    return html`
      <span class="corner top left">${this.caption.map((line) => html`<span>${line}</span>`)}</span>
      <span class="corner bottom left">
        ${center !== undefined && width !== undefined ? html`<span>${t("viewer.window", { center: short(center), width: short(width) })}</span>` : ""}
        <span aria-live="polite">${count ? `${picture + 1} / ${count}` : ""}</span>
      </span>
      ${sides ? Object.entries(sides).map(([side, letters]) => html`<span class="side ${side}">${letters}</span>`) : ""}
    `;
  }

  /** What the server has drawn, until the first small picture is there. */
  private firstPicture(): TemplateResult | "" {
    if (!this.series || this.stack?.arrived || this.full?.has(this.stage?.picture ?? -1)) return "";
    return html`<img class="first" src=${address(`pacsberry/series/${this.series.ID}/thumbnail`)} alt="" />`;
  }

  private slider(picture: number, count: number): TemplateResult {
    const slide = (event: Event) => this.stage.go(Number((event.target as HTMLInputElement).value));
    return html`<input class="slider" type="range" min="0" max=${count - 1} .value=${`${picture}`}
      aria-label=${t("viewer.slider")} @input=${slide} />`;
  }

  private arrived(stack: Stack, wanted: number): void {
    if (stack !== this.stack || !this.stage) return;
    if (stack.count && !stack.isPlaced) {
      stack.isPlaced = true;
      this.stage.go(wanted < 0 ? Math.floor((stack.count - 1) / 2) : wanted);
    }
    if (stack.told?.IsPlaced && !stack.isDeep) {
      stack.isDeep = true;
      if (!documentsOf(stack.told)) void this.deepen(stack);
    }
    this.changed();
  }

  /** Load what draws at full depth, and have it show this series. */
  private async deepen(stack: Stack): Promise<void> {
    try {
      const [{ FullDepth, useAsking }, kept] = await Promise.all([import("./full.ts"), this.host.kept()]);
      useAsking((done) => this.host.ask(done));
      if (stack !== this.stack || !stack.told) return;
      this.full ??= new FullDepth(this.querySelector("div.full") as HTMLDivElement, this.name, () =>
        this.changed(),
      );
      this.full.use(stack.told, kept);
      this.use(this.wantedTool);
      this.changed();
    } catch (error) {
      this.host.failed(error);
    }
  }

  private changed(): void {
    this.stage?.draw();
    this.beat += 1;
    this.host.looked(this);
  }

  /** The small picture is drawn: draw what lies above it, too. */
  private painted(): void {
    const { stage, stack, full } = this;
    if (!stack) return;
    const hasFull = full?.has(stage.picture) ?? false;
    stage.canvas.style.filter = filterOf(this.own, this.seen);
    if (stack.told) full?.hear(stack.told);
    if (full && stack.told && !this.isPlaying && !documentsOf(stack.told)) {
      full.show(stage.picture, {
        view: stage.view,
        window: this.window ?? this.own,
        own: this.own,
        shape: this.shape,
        isInverse: this.value("PhotometricInterpretation") === "MONOCHROME1",
        size: stage.size,
        rows: Number(this.value("Rows")) || stage.size.height,
        screen: stage.screen,
      });
    }
    full?.element.classList.toggle("there", hasFull);
    drawLines(this.querySelector("svg.marks") as SVGSVGElement, this.marks, stage);
  }

  private drag(dx: number, dy: number): void {
    const { seen } = this;
    if (seen) this.see(dragged(seen, dx, dy));
  }

  private draw(what: "press" | "drag" | "release" | "cancel", x: number, y: number): void {
    const measure = this.full?.measure;
    if (!measure || !this.full?.has(this.stage.picture)) return;
    if (what === "press" || what === "drag") measure[what](x, y);
    else measure[what]();
    if (what !== "drag") this.host.looked(this);
  }
}

function short(value: number): string {
  return `${Math.abs(value) >= 20 ? Math.round(value) : Number(value.toPrecision(3))}`;
}

customElements.define("pb-pane", Pane);
