import { expect, test } from "vitest";
import type { Manifest } from "../api/pictures.ts";
import { ask, idsOf, isContradicted, isDrawn, leaveToServer, sourceOf } from "./sources.ts";

const GREY = {
  BitsAllocated: 16,
  PixelRepresentation: 0,
  PhotometricInterpretation: "MONOCHROME2",
  SamplesPerPixel: 1,
};
const RGB = { ...GREY, BitsAllocated: 8, PhotometricInterpretation: "RGB", SamplesPerPixel: 3 };

function manifest(frames: object, values: object, Digest: string): Manifest {
  const Instances = [
    { ID: "one", SOPInstanceUID: "1", InstanceNumber: "1", FirstPicture: 0, CountPictures: 2 },
  ];
  return { CountPictures: 2, Digest, Instances, Shared: values, Prepared: { frames } } as unknown as Manifest;
}

/** The address that is asked for a picture. */
function asked(id: string): string {
  const request = new XMLHttpRequest();
  let address = "";
  request.open = (_method: string, url: string | URL) => {
    address = `${url}`;
  };
  ask(request, id);
  return address;
}

test("the server draws what a manifest does not tell enough of, and what decoders take for something else", () => {
  expect(isDrawn(GREY)).toBe(false);
  expect(isDrawn(RGB)).toBe(false);
  expect(isDrawn({ ...GREY, PhotometricInterpretation: "PALETTE COLOR" })).toBe(true);
  expect(isDrawn({ ...GREY, HasModalityLUT: true })).toBe(true);
  expect(isDrawn({ ...GREY, HasVOILUT: true })).toBe(true);
  expect(isDrawn({ ...GREY, HasVOILUT: true, WindowWidth: [80] })).toBe(false);
  expect(isDrawn({ ...GREY, BitsAllocated: 1 })).toBe(true);
  expect(isDrawn({ ...GREY, BitsAllocated: 32, PixelRepresentation: undefined })).toBe(true);
  expect(isDrawn({ ...RGB, BitsAllocated: 16 })).toBe(true);
  expect(isDrawn({ ...RGB, AvailableTransferSyntaxUID: "1.2.840.10008.1.2.4.50" })).toBe(true);
});

test("a picture keeps its identifier when the pack comes, and its values come from there", () => {
  const before = manifest({ State: "Making", Url: "/p/frames" }, GREY, "a");
  const [, second = ""] = idsOf(before);
  expect(asked(second)).toMatch(/pacsberry\/instances\/one\/frames\/1\?of=a$/);

  const [, same] = idsOf(manifest({ State: "Ready", Url: "/p/frames", CountPictures: 2 }, GREY, "a"));

  expect(same).toBe(second);
  expect(sourceOf(second)).toBe("stored"); // those that are here
  expect(asked(second)).toMatch(/p\/frames\/1$/);
  expect(sourceOf(second)).toBe("pack");
});

test("a pack with holes is not used, and what cannot be decoded is left to the server once", () => {
  const [first = ""] = idsOf(manifest({ State: "Ready", Url: "/p/frames", CountPictures: 1 }, GREY, "b"));
  expect(sourceOf(first)).toBe("stored");
  expect(leaveToServer(first)).toBe(true);
  expect(asked(first)).toMatch(/instances\/one\/frames\/0\/rendered$/);
  expect(leaveToServer(first)).toBe(false);
});

test("a JPEG 2000 stream may contradict its file about signs", () => {
  const stream = new Uint8Array(50);
  stream.set([0xff, 0x4f, 0xff, 0x51]);
  stream[42] = 0x80 | 15;
  expect(isContradicted(stream, { PixelRepresentation: 1 })).toBe(false);
  expect(isContradicted(stream, { PixelRepresentation: 0 })).toBe(true);
  expect(isContradicted(new Uint8Array(50), { PixelRepresentation: 1 })).toBe(false);
});
