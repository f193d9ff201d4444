// What an instance holds beside pictures: its tags, a report, a PDF, a video (server/PEOPLE.md says who gets what).

import { address, get } from "./http.ts";

/** One line of the table of tags; an item of a sequence has no tag, and its number as value. */
export interface TagRow {
  Depth: number;
  Tag: string;
  Name: string;
  VR: string;
  Value: string;
  Size: number; // bytes
}

export interface TagTable {
  Rows: TagRow[];
  IsCut: boolean; // there are more
  IsReduced: boolean; // what tells about people is left out
}

export interface ReportLine {
  Depth: number;
  Kind: string;
  Name: string;
  Value: string;
}

/** All tags that one may see. */
export function tagTable(instance: string, signal: AbortSignal): Promise<TagTable> {
  return get<TagTable>(`pacsberry/instances/${instance}/tags`, signal);
}

/** A structured report; for staff. */
export async function report(instance: string, signal: AbortSignal): Promise<ReportLine[]> {
  return (await get<{ Lines: ReportLine[] }>(`pacsberry/instances/${instance}/report`, signal)).Lines;
}

/** The address of a PDF; for staff. */
export function pdfAddress(instance: string): string {
  return address(`instances/${instance}/pdf`);
}

/** The address of a video. */
export function videoAddress(instance: string): string {
  return address(`pacsberry/instances/${instance}/video`);
}
