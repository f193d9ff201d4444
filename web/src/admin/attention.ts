// What an admin should do something about, found in the state of the box.

import type { Box, Storage } from "../api/box.ts";
import type { Session } from "../api/session.ts";
import { t } from "../words/index.ts";
import { countText, degreesText, momentOf, sizeText } from "./amounts.ts";

const HOT = 80; // degrees Celsius: the Raspberry Pi slows itself down from here on
const OLD_BACKUP = 30 * 86400_000; // ms
const STALE = 600; // seconds: what the box has published is not the present any more

/** Sentences, the most urgent first. */
export function attention(storage: Storage, box: Box, who: Session, now: Date): string[] {
  const { Damaged: damaged, Scrub: scrub, LastStart: start, LastBackup: backup } = storage;
  const told: string[] = [];
  if (!who.AsksForPasswords) told.push(t("admin.open"));
  if (isFull(storage)) told.push(t("admin.full", { free: sizeText(storage.Disk.FreeSize) }));
  if (scrub.Halted) told.push(t("admin.halted", { reason: scrub.Halted }));
  if (damaged.Count) told.push(t("admin.damaged", { count: countText(damaged.Count) }));
  if (start?.CountLost) told.push(t("admin.lost", { count: countText(start.CountLost) }));
  if ((box.Temperature ?? 0) >= HOT)
    told.push(t("admin.hot", { degrees: degreesText(box.Temperature ?? 0) }));
  const available = box.Memory.AvailableSize;
  if (available !== null && available * 10 < box.Memory.TotalSize) told.push(t("admin.littleMemory"));
  if (storage.Archive.CountInstances) {
    if (!backup) told.push(t("admin.noBackup"));
    else if (now.getTime() - (momentOf(backup.At)?.getTime() ?? 0) > OLD_BACKUP)
      told.push(t("admin.oldBackup"));
  }
  if (backup?.CountNotSaved) told.push(t("admin.notSaved", { count: countText(backup.CountNotSaved) }));
  return [...told, ...remarks(box)];
}

/** Whether there is less room than what is to be kept free, and nobody goes to make some. */
function isFull({ Disk: disk, Recycling: recycling }: Storage): boolean {
  const isTight = disk.FreeSize * 50 < disk.TotalSize;
  return isTight && (!recycling?.KeepFreeSize || !recycling.NextToGo.length);
}

/** What the box says is wrong, in its own words. */
function remarks({ Box: published }: Box): string[] {
  if (!published || published.AgeSeconds > STALE) return [];
  const told = published.Facts.remarks;
  return Array.isArray(told) ? told.filter((one): one is string => typeof one === "string") : [];
}
