// Cornerstone's measurements as the server keeps them, and back.  Kept is what a person has drawn: tool, picture, points and
// text; values are measured anew.

import { annotation, type Types as ToolTypes } from "@cornerstonejs/tools";
import type { Annotation } from "../api/annotations.ts";
import type { Manifest } from "../api/pictures.ts";
import { MEASURES, type MeasureName } from "./measure.ts";
import { moduleOf } from "./metadata.ts";
import { pictureOf } from "./stack.ts";

const FULL_POINTS: Record<MeasureName, number> = {
  length: 2,
  angle: 3,
  ellipse: 4,
  rectangle: 4,
  arrow: 2,
  text: 1,
};

/** What is drawn on the pictures of a series now. */
export function drawnOn(told: Manifest, ids: readonly string[]): Annotation[] {
  const pictures = new Map(ids.map((id, picture) => [id, picture]));
  return annotation.state.getAllAnnotations().flatMap((one) => {
    const picture = pictures.get(one.metadata?.referencedImageId ?? "");
    const found = picture === undefined ? undefined : pictureOf(told.Instances, picture);
    const tool = toolOf(one.metadata?.toolName);
    const points = (one.data?.handles?.points ?? []).map((point) => [...point]);
    if (!found || !tool || points.length < FULL_POINTS[tool]) return [];
    const text = one.data?.label ?? "";
    return [{ Tool: tool, Instance: found.instance.ID, Frame: found.frame, Points: points, Text: text }];
  });
}

/** Draw what was kept of a series; what belongs to other series, or makes no sense, is left out. */
export function drawKept(kept: readonly Annotation[], told: Manifest, ids: readonly string[]): void {
  const places = new Map(told.Instances.map((instance) => [instance.ID, instance]));
  for (const one of kept) {
    const instance = places.get(one.Instance);
    const tool = one.Tool as MeasureName;
    const isWhole = tool in MEASURES && one.Points.length >= FULL_POINTS[tool];
    if (!instance || !isWhole || one.Frame >= instance.CountPictures) continue;
    const picture = instance.FirstPicture + one.Frame;
    const plane = moduleOf("imagePlaneModule", told, picture) as
      | { frameOfReferenceUID?: string; rowCosines?: number[]; columnCosines?: number[] }
      | undefined;
    annotation.state.addAnnotation(
      {
        highlighted: false,
        invalidated: true,
        isLocked: false,
        isVisible: true,
        metadata: {
          toolName: MEASURES[tool].toolName,
          referencedImageId: ids[picture] ?? "",
          FrameOfReferenceUID: plane?.frameOfReferenceUID ?? "",
          viewPlaneNormal: normalOf(plane?.rowCosines, plane?.columnCosines),
        },
        data: {
          label: one.Text,
          handles: {
            points: one.Points,
            activeHandleIndex: null,
            arrowFirst: true,
            textBox: { hasMoved: false, worldPosition: [0, 0, 0], worldBoundingBox: EMPTY_BOX },
          },
          cachedStats: {},
        },
      } as unknown as ToolTypes.Annotation,
      plane?.frameOfReferenceUID ?? "",
    );
  }
}

const EMPTY_BOX = { topLeft: [0, 0, 0], topRight: [0, 0, 0], bottomLeft: [0, 0, 0], bottomRight: [0, 0, 0] };

function toolOf(name: string | undefined): MeasureName | undefined {
  const found = Object.entries(MEASURES).find(([, tool]) => tool.toolName === name);
  return found?.[0] as MeasureName | undefined;
}

function normalOf(row: readonly number[] = [1, 0, 0], column: readonly number[] = [0, 1, 0]): number[] {
  const [a = 0, b = 0, c = 0] = row;
  const [x = 0, y = 0, z = 0] = column;
  return [c * y - b * z, a * z - c * x, b * x - a * y]; // away from the viewer, as Cornerstone's cameras look
}
