// Makes small DICOM files for tests.

import { crc32, deflateRawSync } from "node:zlib";
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

/** A ZIP of these files, deflated. */
export function zipped(files: Record<string, Uint8Array>): Blob {
  const parts: Uint8Array[] = [];
  const list: Uint8Array[] = [];
  let at = 0;
  for (const [name, content] of Object.entries(files)) {
    const packed = deflateRawSync(content);
    const rest = new DataView(new ArrayBuffer(22)); // of both headers: method 8, CRC, sizes, length of the name
    rest.setUint16(0, 8, true);
    rest.setUint32(6, crc32(content), true);
    rest.setUint32(10, packed.length, true);
    rest.setUint32(14, content.length, true);
    rest.setUint16(18, name.length, true);
    const common = [20, 0, 0, 0, ...new Uint8Array(rest.buffer)];
    const local = new Uint8Array([0x50, 0x4b, 3, 4, ...common, ...ascii(name)]);
    const where = [at & 255, (at >> 8) & 255, (at >> 16) & 255, 0];
    list.push(
      new Uint8Array([0x50, 0x4b, 1, 2, 20, 0, ...common, ...new Uint8Array(10), ...where, ...ascii(name)]),
    );
    parts.push(local, packed);
    at += local.length + packed.length;
  }
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(10, list.length, true);
  end.setUint32(
    12,
    list.reduce((sum, one) => sum + one.length, 0),
    true,
  );
  end.setUint32(16, at, true);
  return new Blob([...parts, ...list, new Uint8Array(end.buffer)] as BlobPart[]);
}

/** The codes of a text. */
export function ascii(text: string): number[] {
  return [...text].map((one) => one.charCodeAt(0));
}
