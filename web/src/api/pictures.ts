// The prepared pictures of a series (server/PICTURES.md): the manifest, and the addresses of what is in it.

import { address, get } from "./http.ts";

export type State = "Ready" | "Making" | "Missing" | "None" | "Failed" | "Off";

export interface Prepared {
  State: State;
  Url?: string;
  MediaType?: string;
  Size?: number;
  CountPictures?: number;
  Done?: number;
  All?: number;
  Reason?: string;
}

/** One instance; what is not here is in `Manifest.Shared`. */
export interface Instance {
  ID: string;
  SOPInstanceUID: string;
  InstanceNumber: string;
  FirstPicture: number;
  CountPictures: number;
  [keyword: string]: unknown;
}

export interface Manifest {
  ID: string;
  Digest: string;
  IsStable: boolean;
  Type: "Volume" | "Sequence";
  StudyInstanceUID: string;
  SeriesInstanceUID: string;
  Modality: string;
  SeriesDescription: string;
  CountPictures: number;
  Prepared: { thumbnail: Prepared; preview: Prepared; frames: Prepared };
  IsPlaced: boolean;
  Shared: Record<string, unknown>;
  Instances: Instance[];
}

/** The manifest of a series; asking has the server make what is missing. */
export function manifest(series: string, signal?: AbortSignal): Promise<Manifest> {
  return get<Manifest>(`pacsberry/series/${series}/pictures`, signal);
}

/** A picture of one frame drawn by the server, at most `pixels` wide and high. */
export function rendered(instance: string, frame: number, pixels: number): string {
  return address(`instances/${instance}/frames/${frame}/rendered?width=${pixels}&height=${pixels}&smooth=1`);
}
