// Makes small DICOM files for tests.

import { orthancId } from "./identity.ts";

/** A Part 10 file with what identifies it, and its identifiers. */
export function part10({
  sop = "1.2.3",
  patient = "4711 ",
  isImplicit = false,
  before = [] as number[],
} = {}) {
  const syntax = isImplicit ? "1.2.840.10008.1.2" : "1.2.840.10008.1.2.1";
  const meta = element(0x0002, 0x0010, "UI", syntax, false);
  const bytes = new Uint8Array([
    ...new Uint8Array(128),
    ...ascii("DICM"),
    ...[2, 0, 0, 0, ...ascii("UL"), 4, 0, meta.length, 0, 0, 0],
    ...meta,
    ...element(0x0008, 0x0018, "UI", sop, isImplicit),
    ...before,
    ...element(0x0010, 0x0020, "LO", patient, isImplicit),
    ...element(0x0020, 0x000d, "UI", "1.2.1", isImplicit),
    ...element(0x0020, 0x000e, "UI", "1.2.2", isImplicit),
  ]);
  const study = orthancId(patient.trim(), "1.2.1");
  return { bytes, study, instance: orthancId(patient.trim(), "1.2.1", "1.2.2", sop) };
}

/** A data element of fewer than 256 bytes. */
export function element(
  group: number,
  number: number,
  vr: string,
  text: string,
  isImplicit: boolean,
): number[] {
  const value = ascii(text.length % 2 ? `${text}\0` : text);
  const tag = [group & 255, group >> 8, number & 255, number >> 8];
  return [...tag, ...(isImplicit ? [value.length, 0, 0, 0] : [...ascii(vr), value.length, 0]), ...value];
}

/** The codes of a text. */
export function ascii(text: string): number[] {
  return [...text].map((one) => one.charCodeAt(0));
}
