import { beforeEach, expect, test } from "vitest";
import type { Box, Storage } from "../api/box.ts";
import type { Session } from "../api/session.ts";
import { useLanguage } from "../words/index.ts";
import { attention } from "./attention.ts";

const NOW = new Date("2026-11-21T10:00:00Z");
const WHO: Session = {
  User: "anna",
  Role: "admin",
  MayDo: ["administer"],
  Proof: "",
  AsksForPasswords: true,
  NeedsSetUp: false,
};

function storage(more: Partial<Storage> = {}): Storage {
  return {
    Disk: { TotalSize: 1000, FreeSize: 500, UsedSize: 500 },
    Archive: { CountPatients: 1, CountStudies: 1, CountInstances: 5, StoredSize: 100 },
    Recycling: null,
    Prepared: null,
    Scrub: { IsEnabled: true, CompletedAt: null, DueAt: null, Halted: null },
    Damaged: { Count: 0, Files: [] },
    LastStart: { WasClean: true, CountLost: 0 },
    LastBackup: { At: "20261101T100000", Target: "/media/usb", CountInstances: 5, CountNotSaved: 0 },
    ...more,
  };
}

function box(more: Partial<Box> = {}): Box {
  return {
    Version: "1",
    UptimeSeconds: 60,
    Memory: { TotalSize: 1000, AvailableSize: 500, ServerSize: 10 },
    Temperature: 45,
    Clients: { Count: 3, Seconds: 300, SignedIn: [] },
    Dicom: null,
    Nodes: [],
    Box: null,
    ...more,
  };
}

const told = (of: Partial<Storage>, on: Partial<Box> = {}, who = WHO) =>
  attention(storage(of), box(on), who, NOW);

beforeEach(() => useLanguage("en"));

test("nothing is said of a box that is well", () => {
  expect(told({})).toEqual([]);
});

test.each<[string, Partial<Storage>, Partial<Box>, RegExp]>([
  ["a hot board", {}, { Temperature: 82.5 }, /hot \(83°C\)/],
  [
    "little memory",
    {},
    { Memory: { TotalSize: 1000, AvailableSize: 99, ServerSize: null } },
    /little memory/,
  ],
  ["no backup", { LastBackup: null }, {}, /no backup/],
  [
    "an old backup",
    { LastBackup: { At: "20261001T100000", Target: "x", CountInstances: 5, CountNotSaved: 0 } },
    {},
    /a month/,
  ],
  ["damage", { Damaged: { Count: 2, Files: [] } }, {}, /Damaged files: 2/],
  ["losses", { LastStart: { WasClean: false, CountLost: 3 } }, {}, /lost.*: 3/],
  [
    "a check that has stopped",
    { Scrub: { IsEnabled: true, CompletedAt: null, DueAt: null, Halted: "Many files." } },
    {},
    /Many files/,
  ],
  ["a full card", { Disk: { TotalSize: 1000, FreeSize: 10, UsedSize: 990 } }, {}, /nearly full/],
  [
    "what the box says",
    {},
    { Box: { Facts: { remarks: ["No radio.", 5] }, AgeSeconds: 10 } },
    /^No radio\.$/,
  ],
])("%s is told, alone", (_, of, on, sentence) => {
  expect(told(of, on)).toEqual([expect.stringMatching(sentence)]);
});

test("what the box said long ago, or in another form, is not told", () => {
  expect(told({}, { Box: { Facts: { remarks: ["No radio."] }, AgeSeconds: 5000 } })).toEqual([]);
  expect(told({}, { Box: { Facts: { remarks: "No radio." }, AgeSeconds: 5 } })).toEqual([]);
});

test("an empty archive needs no backup, an unknown memory no warning", () => {
  const empty = { CountPatients: 0, CountStudies: 0, CountInstances: 0, StoredSize: 0 };
  expect(told({ Archive: empty, LastBackup: null })).toEqual([]);
  expect(told({}, { Memory: { TotalSize: 1000, AvailableSize: null, ServerSize: null } })).toEqual([]);
});

test("a full card is well where somebody goes in time", () => {
  const next = { ID: "x", CountInstances: 1, Size: 1, LastUpdate: "" };
  const recycling = { KeepFreeSize: 5, MaximumStorageSize: 0, MaximumPatientCount: 0, NextToGo: [next] };
  const of = {
    Disk: { TotalSize: 1000, FreeSize: 10, UsedSize: 990 },
    Recycling: { ...recycling, MaximumStorageMode: "Recycle" as const },
  };
  expect(told(of)).toEqual([]);
});

test("a box where nobody signs in is told first", () => {
  expect(told({ LastBackup: null }, {}, { ...WHO, AsksForPasswords: false })[0]).toMatch(
    /Nobody has to sign in/,
  );
});
