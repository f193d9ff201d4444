import { expect, test } from "vitest";
import { ascii, element, part10 } from "./aids.ts";
import { identify, orthancId } from "./identity.ts";
import { sha1 } from "./sha1.ts";

test("SHA-1 is that of the standard", () => {
  expect(sha1("abc")).toBe("a9993e364706816aba3e25717850c26c9cd0d89d");
  expect(sha1("")).toBe("da39a3ee5e6b4b0d3255bfef95601890afd80709");
  expect(sha1("a".repeat(64))).toBe("0098ba824b5c16427bd7a1122a5a442a25ec644d");
});

test("identifiers are Orthanc's", () => {
  // Of Orthanc's book: the digest of "patient|study" in five groups
  expect(orthancId("a", "b")).toMatch(/^[0-9a-f]{8}(?:-[0-9a-f]{8}){4}$/);
});

test.each([true, false])("a file is known by its first bytes (implicit: %s)", (isImplicit) => {
  const { bytes, instance, study } = part10({ isImplicit });

  expect(identify(bytes)).toEqual({ instance, study });
});

const SEQUENCE = [0x08, 0, 0x40, 0x11, ...ascii("SQ"), 0, 0, 255, 255, 255, 255];
const ITEM = [0xfe, 255, 0, 0xe0, 255, 255, 255, 255];
const END_OF_ITEM = [0xfe, 255, 0x0d, 0xe0, 0, 0, 0, 0];
const END = [0xfe, 255, 0xdd, 0xe0, 0, 0, 0, 0];

test("sequences of unknown length are stepped over, one in the other", () => {
  const inner = element(0x0020, 0x000d, "UI", "9.9.9", false);
  const before = [
    ...SEQUENCE,
    ...ITEM,
    ...SEQUENCE,
    ...ITEM,
    ...inner,
    ...END_OF_ITEM,
    ...END,
    ...END_OF_ITEM,
    ...END,
  ];
  const { bytes, instance, study } = part10({ before });

  expect(identify(bytes)).toEqual({ instance, study });
});

test("what is cut short, has another alphabet or is no DICOM is not known", () => {
  const { bytes } = part10();
  for (let length = 0; length < bytes.length; length++)
    expect(identify(bytes.slice(0, length))).toBeUndefined();
  expect(identify(part10({ patient: "M\xfcller" }).bytes)).toBeUndefined();
  expect(identify(new Uint8Array(1000))).toBeUndefined();
});
