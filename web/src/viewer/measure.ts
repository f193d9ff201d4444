// Measurements on a picture: Cornerstone's tools, driven by our own gestures.  The tools never see raw touches: a measurement
// is begun only when it is clear that one finger draws, so a pinch whose second finger comes late leaves nothing behind.

import { cache, getEnabledElementByIds, type Types, triggerEvent } from "@cornerstonejs/core";
import {
  AngleTool,
  type AnnotationTool,
  ArrowAnnotateTool,
  addTool,
  annotation,
  cancelActiveManipulations,
  EllipticalROITool,
  Enums,
  init as initTools,
  LabelTool,
  LengthTool,
  RectangleROITool,
  ToolGroupManager,
  type Types as ToolTypes,
} from "@cornerstonejs/tools";
import { linesOf, type Stats } from "./readings.ts";
import { knownAs, sourceOf } from "./sources.ts";

/** The tools by the names that the page has for them. */
export const MEASURES = {
  length: LengthTool,
  angle: AngleTool,
  ellipse: EllipticalROITool,
  rectangle: RectangleROITool,
  arrow: ArrowAnnotateTool,
  text: LabelTool,
} as const;

export type MeasureName = keyof typeof MEASURES;

const GRASP = 18; // CSS pixels around a line or a handle; Cornerstone's 36 leave no room for a second measurement
const LEAST = 5; // CSS pixels; what is smaller was not meant
const GROUP = "pacsberry";

type Asked = (done: (text: string) => void) => void;

let askText: Asked = (done) => done("");

/** How a text is asked for; '' for none. */
export function useAsking(ask: Asked): void {
  askText = ask;
}

/** Set the tools up; before the first screen is enabled, of which they have to hear. */
export function beginMeasuring(): void {
  initTools();
  const group = ToolGroupManager.createToolGroup(GROUP);
  const style = annotation.config.style.getDefaultToolStyles();
  annotation.config.style.setDefaultToolStyles({
    ...style,
    global: {
      ...style.global,
      color: "rgb(255, 214, 10)",
      colorHighlighted: "rgb(255, 122, 159)",
      colorSelected: "rgb(255, 122, 159)",
      lineWidth: "2",
      textBoxFontSize: "16px",
      textBoxFontFamily: "system-ui, sans-serif",
      textBoxColor: "rgb(255, 214, 10)",
      textBoxColorSelected: "rgb(255, 122, 159)",
      textBoxColorHighlighted: "rgb(255, 122, 159)",
    },
  } as typeof style);
  for (const tool of Object.values(MEASURES)) {
    addTool(tool);
    const asks = tool === ArrowAnnotateTool || tool === LabelTool;
    group?.addTool(
      tool.toolName,
      asks ? { getTextCallback: (done: (text: string) => void) => askText(done) } : { getTextLines },
    );
    group?.setToolPassive(tool.toolName);
  }
}

/** What stands beside a measurement on a picture, which Cornerstone names with `imageId:` before it. */
function getTextLines(
  data: { cachedStats?: Record<string, Stats | undefined> },
  target: string | readonly string[],
): string[] | undefined {
  const name = typeof target === "string" ? target : (target[0] ?? "");
  const stats = data.cachedStats?.[name];
  const id = name.replace(/^imageId:/, "");
  const found = knownAs(id);
  if (!stats || !found) return undefined;
  const image = cache.getImage(id);
  const isInUnit = !image || image.preScale?.scaled;
  const [slope, intercept] = isInUnit ? [1, 0] : [image.slope, image.intercept];
  return linesOf(stats, { ...found, hasValues: sourceOf(id) !== "drawn", slope, intercept });
}

/** The measurements of one screen. */
export class Measure {
  isBusy = false;
  private name: MeasureName | undefined;
  private start: Points | undefined;
  private last: Points | undefined;
  private before = new Set<string>();

  constructor(
    private readonly element: HTMLDivElement,
    private readonly viewportId: string,
    private readonly renderingEngineId: string,
  ) {
    ToolGroupManager.getToolGroup(GROUP)?.addViewport(viewportId, renderingEngineId);
  }

  /** What one finger draws from now on; undefined for nothing. */
  use(name: MeasureName | undefined): void {
    if (name === this.name) return;
    this.cancel();
    this.dropUnfinished();
    const group = ToolGroupManager.getToolGroup(GROUP);
    for (const tool of Object.values(MEASURES)) group?.setToolPassive(tool.toolName);
    if (name) {
      group?.setToolActive(MEASURES[name].toolName, {
        bindings: [{ mouseButton: Enums.MouseBindings.Primary }],
      });
    }
    this.name = name;
  }

  /** One finger draws, from where it came down. */
  press(clientX: number, clientY: number): void {
    const points = this.points(clientX, clientY);
    if (!points) return;
    this.before = new Set(this.all().map(({ annotationUID }) => annotationUID ?? ""));
    this.start = points;
    this.last = points;
    this.isBusy = true;
    if (this.isNear(points.canvas)) this.tell(Enums.Events.TOUCH_START, points);
    else this.tell(Enums.Events.TOUCH_START_ACTIVATE, points);
  }

  /** It goes on. */
  drag(clientX: number, clientY: number): void {
    const points = this.isBusy ? this.points(clientX, clientY) : undefined;
    if (!points) return;
    this.tell(Enums.Events.TOUCH_DRAG, points);
    this.last = points;
  }

  /** It is done; what is too small to be meant is removed. */
  release(): void {
    if (!this.isBusy || !this.last) return;
    this.isBusy = false;
    this.tell(Enums.Events.TOUCH_END, this.last);
    for (const one of this.all()) one.highlighted = false; // Cornerstone waits for a mouse to leave
    this.sweep();
  }

  /** It was not meant: what has been begun is gone, what was there before stays. */
  cancel(): void {
    if (!this.isBusy) return;
    this.isBusy = false;
    cancelActiveManipulations(this.element);
    for (const { annotationUID } of this.all()) {
      if (annotationUID && !this.before.has(annotationUID)) drop(annotationUID);
    }
    this.render();
  }

  /** Select what is near a place, or nothing. */
  select(clientX: number, clientY: number): void {
    const points = this.points(clientX, clientY);
    if (points && this.isNear(points.canvas)) {
      this.press(clientX, clientY);
      this.cancel();
    } else {
      annotation.selection.deselectAnnotation();
      this.render();
    }
  }

  /** Remove what is selected, or all when nothing is. */
  remove(): void {
    const selected = annotation.selection.getAnnotationsSelected();
    const gone = selected.length
      ? selected
      : annotation.state.getAllAnnotations().map((one) => one.annotationUID);
    for (const id of gone) if (id) drop(id);
    annotation.selection.deselectAnnotation();
    this.render();
  }

  /** How many there are, of all pictures. */
  get count(): number {
    return this.all().length;
  }

  stop(): void {
    this.cancel();
    ToolGroupManager.getToolGroup(GROUP)?.removeViewports(this.renderingEngineId, this.viewportId);
  }

  private all(): ToolTypes.Annotation[] {
    return annotation.state.getAllAnnotations();
  }

  /** Whether there is something at a place that a finger would take hold of. */
  private isNear(canvas: Types.Point2): boolean {
    const group = ToolGroupManager.getToolGroup(GROUP);
    const shown = this.viewport?.getCurrentImageId();
    return this.all().some((one) => {
      const tool = group?.getToolInstance(one.metadata?.toolName ?? "") as AnnotationTool | undefined;
      if (!tool || one.metadata?.referencedImageId !== shown) return false;
      return (
        tool.getHandleNearImagePoint(this.element, one, canvas, GRASP) !== undefined ||
        tool.isPointNearTool(this.element, one, canvas, GRASP, "touch")
      );
    });
  }

  /** An angle of which only the first leg was drawn. */
  private dropUnfinished(): void {
    cancelActiveManipulations(this.element);
    for (const one of this.all()) {
      const isAngle = one.metadata?.toolName === AngleTool.toolName;
      if (isAngle && (one.data?.handles?.points?.length ?? 0) < 3 && one.annotationUID) {
        drop(one.annotationUID);
      }
    }
  }

  /** Remove what has come and has no size. */
  private sweep(): void {
    const viewport = this.viewport;
    for (const one of this.all()) {
      if (!viewport || !one.annotationUID || this.before.has(one.annotationUID)) continue;
      const points = (one.data?.handles?.points ?? []).map((point) =>
        viewport.worldToCanvas(point as Types.Point3),
      );
      const isText = one.metadata?.toolName === LabelTool.toolName;
      if (!isText && spread(points) < LEAST) {
        cancelActiveManipulations(this.element);
        drop(one.annotationUID);
      }
    }
    this.render();
  }

  private render(): void {
    this.viewport?.render();
  }

  private get viewport(): Types.IStackViewport | undefined {
    return getEnabledElementByIds(this.viewportId, this.renderingEngineId)?.viewport as
      | Types.IStackViewport
      | undefined;
  }

  private points(clientX: number, clientY: number): Points | undefined {
    const box = this.element.getBoundingClientRect();
    const canvas: Types.Point2 = [clientX - box.left, clientY - box.top];
    const world = this.viewport?.canvasToWorld(canvas);
    return world && { page: [clientX, clientY], client: [clientX, clientY], canvas, world };
  }

  /** Tell Cornerstone's tools of a touch; whether nobody has taken it. */
  private tell(eventName: string, currentPoints: Points): boolean {
    const [startPoints, lastPoints] = [this.start ?? currentPoints, this.last ?? currentPoints];
    return triggerEvent(this.element, eventName, {
      event: { touches: [currentPoints], preventDefault() {}, stopPropagation() {} },
      eventName,
      element: this.element,
      renderingEngineId: this.renderingEngineId,
      viewportId: this.viewportId,
      camera: {},
      startPoints,
      lastPoints,
      currentPoints,
      startPointsList: [startPoints],
      lastPointsList: [lastPoints],
      currentPointsList: [currentPoints],
      deltaPoints: {
        page: less(currentPoints.page, lastPoints.page),
        client: less(currentPoints.client, lastPoints.client),
        canvas: less(currentPoints.canvas, lastPoints.canvas),
        world: less(currentPoints.world, lastPoints.world),
      },
      deltaDistance: { page: 0, client: 0, canvas: 0, world: 0 },
    });
  }
}

interface Points {
  page: Types.Point2;
  client: Types.Point2;
  canvas: Types.Point2;
  world: Types.Point3;
}

/** Remove one; Cornerstone goes on holding what is gone as selected. */
function drop(id: string): void {
  annotation.selection.setAnnotationSelected(id, false, true);
  annotation.state.removeAnnotation(id);
}

function less<T extends readonly number[]>(a: T, b: T): T {
  return a.map((value, axis) => value - (b[axis] ?? 0)) as unknown as T;
}

function spread(points: readonly Types.Point2[]): number {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return points.length ? Math.hypot(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys)) : 0;
}
