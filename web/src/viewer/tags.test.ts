import { expect, test } from "vitest";
import type { TagRow } from "../api/documents.ts";
import { indentOf, matching, readable } from "./tags.ts";

function row(Depth: number, Tag: string, Name: string, Value: string, VR = "LO"): TagRow {
  return { Depth, Tag, Name, VR, Value, Size: 0 };
}

const KVP = row(0, "0018,0060", "KVP", "120");
const REGIONS = row(0, "0008,2218", "AnatomicRegionSequence", "", "SQ");
const FIRST = row(1, "", "", "1", "");
const HEAD = row(1, "0008,0104", "CodeMeaning", "Head");
const SECOND = row(1, "", "", "2", "");
const NECK = row(1, "0008,0104", "CodeMeaning", "Neck");
const ROWS = row(0, "0028,0010", "Rows", "512");
const ALL = [KVP, REGIONS, FIRST, HEAD, SECOND, NECK, ROWS];

test("without words all lines are there", () => {
  expect(matching(ALL, "  ")).toEqual(ALL);
});

test.each([
  ["kvp", [KVP]],
  ["0028,0010", [ROWS]],
  ["512 rows", [ROWS]],
  ["neck", [REGIONS, SECOND, NECK]],
  ["code meaning", [REGIONS, FIRST, HEAD, SECOND, NECK]],
  ["anatomic region", [REGIONS]],
  ["nothing", []],
])("%s is found with what it is in", (text, found) => {
  expect(matching(ALL, text)).toEqual(found);
});

test("keywords are told as words", () => {
  expect(["PatientName", "KVP", "RETIRED_ImageID", "SOPClassUID"].map(readable)).toEqual([
    "Patient Name",
    "KVP",
    "Image ID",
    "SOP Class UID",
  ]);
});

test("what is in an item stands further in than the item, and that further than its sequence", () => {
  expect([REGIONS, FIRST, HEAD].map(indentOf)).toEqual([0, 1, 2]);
});
