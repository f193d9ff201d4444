// The state of the box, for admins (server/PEOPLE.md): sizes in bytes, moments in UTC as YYYYMMDDTHHMMSS.

import { ask, get } from "./http.ts";

export interface Storage {
  Disk: { TotalSize: number; FreeSize: number; UsedSize: number };
  Archive: { CountPatients: number; CountStudies: number; CountInstances: number; StoredSize: number };
  Recycling: {
    KeepFreeSize: number;
    MaximumStorageSize: number;
    MaximumPatientCount: number;
    MaximumStorageMode: "Recycle" | "Reject";
    NextToGo: { ID: string; CountInstances: number; Size: number; LastUpdate: string }[];
  } | null;
  Prepared: { IsEnabled: boolean; Size: number } | null;
  Scrub: { IsEnabled: boolean; CompletedAt: string | null; DueAt: string | null; Halted: string | null };
  Damaged: { Count: number; Files: { At: string; Why: string; Tags: Record<string, string> | null }[] };
  LastStart: { WasClean: boolean; CountLost: number } | null;
  LastBackup: { At: string; Target: string; CountInstances: number; CountNotSaved: number } | null;
}

export interface Box {
  Version: string;
  UptimeSeconds: number;
  Memory: { TotalSize: number; AvailableSize: number | null; ServerSize: number | null };
  Temperature: number | null; // degrees Celsius
  Clients: { Count: number; Seconds: number; SignedIn: string[] };
  Dicom: { AET: string; Port: number } | null;
  Nodes: { Name: string; AET: string; Host: string; Port: number }[];
  Box: { Facts: Record<string, unknown>; AgeSeconds: number } | null; // what the box has published of itself
}

export const LEVELS = ["default", "verbose", "trace"] as const;
export type LogLevel = (typeof LEVELS)[number];

/** Where the log can be downloaded. */
export const LOG = "pacsberry/log";

/** How the storage is. */
export function storage(): Promise<Storage> {
  return get<Storage>("pacsberry/storage");
}

/** How the machine is, and who is there. */
export function box(): Promise<Box> {
  return get<Box>("pacsberry/box");
}

/** The last lines of the log. */
export async function log(): Promise<string> {
  return (await ask("GET", LOG)).text();
}

/** How much the log says. */
export async function logLevel(): Promise<LogLevel> {
  return (await (await ask("GET", "tools/log-level")).text()).trim() as LogLevel;
}

/** Have it say more or less, until the server starts again. */
export async function setLogLevel(level: LogLevel): Promise<void> {
  await ask("PUT", "tools/log-level", { body: level });
}

/** The name of a patient as it is stored; '' when it has none. */
export async function patientName(id: string): Promise<string> {
  const told = await get<{ MainDicomTags: { PatientName?: string; PatientID?: string } }>(`patients/${id}`);
  return told.MainDicomTags.PatientName || told.MainDicomTags.PatientID || "";
}
