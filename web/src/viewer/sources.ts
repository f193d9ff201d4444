// Where the values of a picture come from: the pack of its series, the file as it is stored, or the server's own drawing of
// it in 8 bits, for what Cornerstone would show in another way than the standard says, or cannot decode.

import { address } from "../api/http.ts";
import type { Manifest } from "../api/pictures.ts";
import { pictureOf, type Values, valuesOf } from "./stack.ts";

export type Source = "pack" | "stored" | "drawn";

export const SCHEME = "wadors:"; // of Cornerstone's loader
const PNG = "image/png";
const EXACT_BITS = [8, 16, 32]; // of values that are whole numbers

const LOSSY_JPEG = ["1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"]; // taken for YBR by decoders, whatever is said
const JPEG_2000 = [0xff, 0x4f, 0xff, 0x51]; // how a stream of it begins
const SIGN_PLACE = 42; // of the first component (ISO/IEC 15444-1, A.5.1): the highest bit says that it has a sign

interface Known {
  told: Manifest;
  picture: number;
}

const known = new Map<string, Known>();
const asked = new Map<string, Source>(); // where those were asked for that are here, or on their way
const requests = new WeakMap<XMLHttpRequest, string>();
const given = new Set<string>(); // pictures that could not be decoded here: the server draws them
let hasSigmoid = true;

/** Cornerstone draws with the processor, where it knows no sigmoid windows. */
export function useProcessor(): void {
  hasSigmoid = false;
}

/** What Cornerstone calls the pictures of a series; the same as long as the series is, wherever the values come from. */
export function idsOf(told: Manifest): string[] {
  return Array.from({ length: told.CountPictures }, (_, picture) => {
    const found = pictureOf(told.Instances, picture);
    const path = `pacsberry/instances/${found?.instance.ID}/frames/${found?.frame ?? 0}`;
    const id = `${SCHEME}${address(path)}?of=${told.Digest}`;
    known.set(id, { told, picture });
    return id;
  });
}

/** Which picture an identifier means. */
export function knownAs(id: string): Known | undefined {
  return known.get(id);
}

/** Where the values of a picture come from, or came from when they were asked for. */
export function sourceOf(id: string): Source {
  return asked.get(id) ?? chosen(id);
}

function chosen(id: string): Source {
  const found = known.get(id);
  if (!found) return "stored";
  const { told, picture } = found;
  if (given.has(id) || isDrawn(valuesOf(told, picture))) return "drawn";
  const { State, CountPictures } = told.Prepared.frames;
  const isWhole = (CountPictures ?? told.CountPictures) === told.CountPictures; // else some are fetched as they are stored
  return State === "Ready" && isWhole ? "pack" : "stored";
}

/** Have the server draw a picture; false when it does so already. */
export function leaveToServer(id: string): boolean {
  if (sourceOf(id) === "drawn") return false;
  given.add(id);
  asked.delete(id);
  return true;
}

/** Ask for the values of a picture, wherever they are now. */
export function ask(request: XMLHttpRequest, id: string): void {
  requests.set(request, id);
  request.open("GET", addressOf(id));
}

function addressOf(id: string): string {
  const stored = id.slice(SCHEME.length);
  const found = known.get(id);
  const source = chosen(id);
  asked.set(id, source);
  if (!found || source === "stored") return stored;
  if (source === "pack") return address(`${found.told.Prepared.frames.Url}/${found.picture}`);
  const { instance, frame } = pictureOf(found.told.Instances, found.picture) ?? {};
  return address(`instances/${instance?.ID}/frames/${frame}/rendered`);
}

/** What to ask for at that address beside what Cornerstone asks for. */
export function acceptOf(id: string): Record<string, string> {
  return sourceOf(id) === "drawn" ? { Accept: PNG } : {};
}

/** What has come, as Cornerstone decodes it: a picture that the server has drawn as bare 8-bit samples. */
export async function samplesOf(answer: XMLHttpRequest): Promise<ArrayBuffer> {
  const data = answer.response as ArrayBuffer;
  if (!answer.getResponseHeader("Content-Type")?.startsWith(PNG)) {
    const id = requests.get(answer);
    const found = id === undefined ? undefined : known.get(id);
    if (found && isContradicted(new Uint8Array(data), valuesOf(found.told, found.picture)))
      throw new Error("The stream of the picture has other signs than its file says.");
    return data;
  }
  const bitmap = await createImageBitmap(new Blob([data], { type: PNG }));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  const context = canvas.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data: pixels } = context.getImageData(0, 0, canvas.width, canvas.height);
  return without(pixels, 4, hasColours(new Uint8Array(data)) ? 3 : 1).buffer;
}

/** Whether the server is to draw a picture, by its values. */
export function isDrawn(values: Values): boolean {
  const [bits, samples] = [Number(values.BitsAllocated), Number(values.SamplesPerPixel ?? 1)];
  const photometric = `${values.PhotometricInterpretation ?? ""}`;
  const isFloat = bits === 32 && values.PixelRepresentation === undefined;
  return (
    photometric === "PALETTE COLOR" ||
    photometric.startsWith("YBR_PARTIAL") ||
    (photometric === "RGB" && LOSSY_JPEG.includes(`${values.AvailableTransferSyntaxUID}`)) ||
    (values.HasModalityLUT === true && values.RescaleSlope === undefined) ||
    (values.HasVOILUT === true && !isWindowed(values)) ||
    (values.VOILUTFunction === "SIGMOID" && !hasSigmoid) ||
    isFloat ||
    !EXACT_BITS.includes(bits) ||
    (samples > 1 && bits !== 8)
  );
}

/** Whether a picture has colours, once it is drawn. */
export function isColoured(values: Values): boolean {
  return Number(values.SamplesPerPixel ?? 1) > 1 || values.PhotometricInterpretation === "PALETTE COLOR";
}

function isWindowed(values: Values): boolean {
  const [width] = (values.WindowWidth as number[] | undefined) ?? [];
  return Number(width) > 0;
}

/** Whether a JPEG 2000 stream has signs where the file says that there are none, or none where it says so. */
export function isContradicted(data: Uint8Array, values: Values): boolean {
  if (!JPEG_2000.every((byte, place) => data[place] === byte)) return false;
  return (data[SIGN_PLACE] ?? 0) >> 7 !== Number(values.PixelRepresentation ?? 0);
}

/** Whether a PNG has colours (ISO/IEC 15948, 11.2.2: the colour type is byte 25). */
function hasColours(file: Uint8Array): boolean {
  return ((file[25] ?? 0) & 2) !== 0;
}

/** Of each `step` samples the first `count`. */
function without(samples: Uint8ClampedArray, step: number, count: number): Uint8Array<ArrayBuffer> {
  const kept = new Uint8Array((samples.length / step) * count);
  for (let from = 0, to = 0; from < samples.length; from += step) {
    for (let sample = 0; sample < count; sample += 1) kept[to++] = samples[from + sample] ?? 0;
  }
  return kept;
}
