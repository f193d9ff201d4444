// What a DICOM file is, from its first bytes, and what the server calls it: so that what it has is not sent again.
// Reads PS3.10 files in little endian; anything else is sent without a look, and the server judges it.

import { sha1 } from "./sha1.ts";

export const HEAD_BYTES = 131_072; // of a file; identifiers stand before them in all but odd files

/** The Orthanc identifiers of an instance and its study. */
export interface Identity {
  instance: string;
  study: string;
}

const PATIENT_ID = 0x00100020;
const STUDY_UID = 0x0020000d;
const SERIES_UID = 0x0020000e;
const SOP_UID = 0x00080018;
const WANTED = new Set([PATIENT_ID, STUDY_UID, SERIES_UID, SOP_UID]);
const EXPLICIT = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4", "1.2.840.10008.1.2.5"];
const LONG_FORMS = new Set(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"]);
const UNDEFINED = 0xffffffff;

/** Whether a file begins as PS3.10 7.1 has it. */
export function isPart10(head: Uint8Array): boolean {
  return ascii(head, 128, 132) === "DICM";
}

/** Who the file is; undefined when its first bytes do not say it in a way that is read here. */
export function identify(head: Uint8Array): Identity | undefined {
  if (!isPart10(head)) return undefined;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const start = 132;
  if (head.length < start + 12 || view.getUint32(start, true) !== 0x00000002) return undefined; // (0002,0000)
  const end = start + 12 + view.getUint32(start + 8, true);
  const syntax = read(view, start + 12, end, true, new Set([0x00020010])).get(0x00020010) ?? "";
  const isImplicit = syntax === "1.2.840.10008.1.2";
  const isExplicit = EXPLICIT.some(
    (one) => syntax === one || (one.endsWith(".4") && syntax.startsWith(`${one}.`)),
  );
  if (!isImplicit && !isExplicit) return undefined;
  const found = read(view, end, head.length, isExplicit, WANTED);
  const ids = [found.get(PATIENT_ID), found.get(STUDY_UID), found.get(SERIES_UID), found.get(SOP_UID)];
  const [patient, study, series, sop] = ids;
  if (patient === undefined || !study || !series || !sop) return undefined;
  return { study: orthancId(patient, study), instance: orthancId(patient, study, series, sop) };
}

/** The identifier that Orthanc gives to what these identifiers lead to. */
export function orthancId(...ids: string[]): string {
  const digest = sha1(ids.join("|"));
  return (digest.match(/.{8}/g) ?? []).join("-");
}

/** The texts of some elements between two places; none when one of them is no ASCII, which the server may read anew. */
function read(
  view: DataView,
  from: number,
  to: number,
  isExplicit: boolean,
  wanted: Set<number>,
): Map<number, string> {
  const found = new Map<number, string>();
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const end = Math.min(to, view.byteLength);
  let at = from;
  while (at + 8 <= end) {
    const tag = view.getUint16(at, true) * 0x10000 + view.getUint16(at + 2, true);
    if (tag > SERIES_UID) break;
    const vr = isExplicit ? ascii(bytes, at + 4, at + 6) : "";
    const isLong = LONG_FORMS.has(vr);
    if (isLong && at + 12 > end) break;
    const length = !isExplicit
      ? view.getUint32(at + 4, true)
      : isLong
        ? view.getUint32(at + 8, true)
        : view.getUint16(at + 6, true);
    const value = at + (isLong ? 12 : 8);
    if (length === UNDEFINED) {
      at = behindSequence(view, value, end);
      continue;
    }
    if (wanted.has(tag)) {
      if (value + length > end) break;
      const text = ascii(bytes, value, value + length);
      if (/[^\x20-\x7e\0]/.test(text)) return new Map();
      found.set(tag, text.replace(/[\0 ]+$/, "").replace(/^ +/, ""));
    }
    at = value + length;
  }
  return found;
}

/** The place behind a sequence of undefined length; past the end when it is not found. */
function behindSequence(view: DataView, from: number, end: number): number {
  let depth = 1;
  for (let at = from; at + 8 <= end; at += 2) {
    const group = view.getUint16(at, true);
    if (group !== 0xfffe) {
      // (gggg,eeee) SQ with undefined length, explicit: one level deeper
      if (isNested(view, at, end)) depth += 1;
      continue;
    }
    if (view.getUint16(at + 2, true) === 0xe0dd && view.getUint32(at + 4, true) === 0) {
      depth -= 1;
      if (!depth) return at + 8;
    }
  }
  return end;
}

function isNested(view: DataView, at: number, end: number): boolean {
  return (
    at + 12 <= end &&
    view.getUint16(at + 4, true) === 0x5153 && // "SQ"
    view.getUint16(at + 6, true) === 0 &&
    view.getUint32(at + 8, true) === UNDEFINED
  );
}

function ascii(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, Math.min(to, from + 256)));
}
