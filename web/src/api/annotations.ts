// What teachers have drawn on the pictures of a study (server/PEOPLE.md).

import { get, send } from "./http.ts";

export interface Annotation {
  Tool: string;
  Instance: string; // Orthanc identifier
  Frame: number;
  Points: number[][]; // mm
  Text: string;
}

interface Told {
  Annotations: Annotation[];
}

/** All of a study. */
export async function annotations(study: string): Promise<Annotation[]> {
  return (await get<Told>(`pacsberry/studies/${study}/annotations`)).Annotations;
}

/** Keep these, and none of those before; for teachers. */
export async function keepAnnotations(study: string, all: readonly Annotation[]): Promise<void> {
  await send<Told>("PUT", `pacsberry/studies/${study}/annotations`, { Annotations: all });
}
