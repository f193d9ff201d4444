// The studies as the server lists them for pages (server/PEOPLE.md); students get no names.

import { get, send } from "./http.ts";

export interface SeriesEntry {
  ID: string;
  SeriesInstanceUID: string;
  Modality: string;
  Number: string;
  Description: string;
  CountInstances: number;
}

export interface Patient {
  PatientName: string;
  PatientID: string;
  PatientBirthDate: string;
  PatientSex: string;
}

export interface Study {
  ID: string;
  StudyInstanceUID: string;
  Title: string;
  Description: string;
  Date: string; // YYYYMMDD or ''
  Series: SeriesEntry[];
  Patient?: Patient; // for staff only, as all below
  AccessionNumber?: string;
  Labels?: string[];
  IsShown?: boolean;
  IsProtected?: boolean;
}

export interface Wanted {
  text: string;
  modality: string;
  label: string;
  shown: "" | "1" | "0"; // to students, or not
  from: string; // YYYYMMDD or ''
  to: string;
  sort: "-date" | "date" | "-received" | "name" | "title";
}

export interface Page {
  Studies: Study[];
  HasMore: boolean;
  GuestLabel?: string; // for staff: the label that shows a study
}

export const PAGE_SIZE = 40;
export const MOST_LISTED = 200; // at once

/** A page of the studies that are wanted, from the place `since` on. */
export function studies(wanted: Wanted, since: number, limit: number, signal?: AbortSignal): Promise<Page> {
  const asked = new URLSearchParams({ since: `${since}`, limit: `${limit}` });
  for (const [name, value] of Object.entries(wanted)) {
    if (value) asked.set(name, value);
  }
  return get<Page>(`pacsberry/studies?${asked}`, signal);
}

/** One study; ServerError 404 when it is not there, or not shown. */
export function study(id: string): Promise<Study> {
  return get<Study>(`pacsberry/studies/${id}`);
}

/** What the tags of a study say of people. */
export interface StudyNames {
  Names: { Tag: string; Name: string; Kind: "Person" | "Number" | "Place" | "Text"; Values: string[] }[];
  HasBurnedIn: boolean;
  CountLookedAt: number;
  CountInstances: number;
}

/** To be looked at before students see the study. */
export function namesOf(id: string): Promise<StudyNames> {
  return get<StudyNames>(`pacsberry/studies/${id}/names`);
}

/** Name it, show or hide it, protect it from recycling. */
export function changeStudy(
  id: string,
  change: { Title?: string; IsShown?: boolean; IsProtected?: boolean },
): Promise<Study> {
  return send<Study>("PUT", `pacsberry/studies/${id}`, change);
}

/** Delete it; it can be had back for so many seconds. */
export async function discardStudy(id: string): Promise<number> {
  return (await send<{ SecondsLeft: number }>("DELETE", `pacsberry/studies/${id}`)).SecondsLeft;
}

/** Have back what was deleted. */
export function restoreStudy(id: string): Promise<Study> {
  return send<Study>("POST", `pacsberry/studies/${id}/restore`);
}

export type DiscardedStudy = Study & { SecondsLeft: number };

/** What can be had back, the last one first. */
export function discarded(): Promise<DiscardedStudy[]> {
  return get<DiscardedStudy[]>("pacsberry/discarded");
}

/** Put a label on a study, or take it off. */
export async function setLabel(id: string, label: string, isOn: boolean): Promise<void> {
  await send(isOn ? "PUT" : "DELETE", `studies/${id}/labels/${encodeURIComponent(label)}`);
}

/** Where several studies are downloaded as one ZIP. */
export function archivePath(ids: readonly string[]): string {
  return ids.length === 1 ? `studies/${ids[0]}/archive` : `tools/create-archive?resources=${ids.join(",")}`;
}

/** The labels that are in use. */
export function labels(): Promise<string[]> {
  return get<string[]>("tools/labels");
}

/** The modalities there are. */
export function modalities(): Promise<string[]> {
  return get<string[]>("pacsberry/modalities");
}

/** The modalities of one study, each once. */
export function modalitiesOf(one: Study): string[] {
  return [...new Set(one.Series.map((series) => series.Modality).filter(Boolean))].sort();
}
