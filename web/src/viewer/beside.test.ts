import { expect, test } from "vitest";
import type { Manifest } from "../api/pictures.ts";
import { documentsOf } from "./beside.ts";

function told(Shared: Record<string, unknown>, ...own: Record<string, unknown>[]): Manifest {
  return { Shared, Instances: own.map((one, place) => ({ ID: `${place}`, ...one })) } as unknown as Manifest;
}

test.each([
  ["1.2.840.10008.5.1.4.1.1.104.1", "1.2.840.10008.1.2.1", "pdf"],
  ["1.2.840.10008.5.1.4.1.1.88.11", "1.2.840.10008.1.2.1", "report"],
  ["1.2.840.10008.5.1.4.1.1.88.59", "1.2.840.10008.1.2.1", "report"],
  ["1.2.840.10008.5.1.4.1.1.77.1.1.1", "1.2.840.10008.1.2.4.102", "video"],
  ["1.2.840.10008.5.1.4.1.1.3.1", "1.2.840.10008.1.2.4.108", "video"],
  ["1.2.840.10008.5.1.4.1.1.77.1.2.1", "", "video"],
])("%s in %s is a %s", (SOPClassUID, AvailableTransferSyntaxUID, kind) => {
  const found = documentsOf(told({ SOPClassUID, AvailableTransferSyntaxUID }, {}, {}));

  expect(found).toEqual({ kind, ids: ["0", "1"] });
});

test("pictures are no documents, nor is what nobody has told about yet", () => {
  const ct = {
    SOPClassUID: "1.2.840.10008.5.1.4.1.1.2",
    AvailableTransferSyntaxUID: "1.2.840.10008.1.2.4.90",
  };

  expect(documentsOf(told(ct, {}))).toBeUndefined();
  expect(documentsOf(told({ SOPClassUID: "1.2.840.10008.5.1.4.1.1.77.1.4" }, {}))).toBeUndefined();
  expect(documentsOf(told({}))).toBeUndefined();
  expect(documentsOf(undefined)).toBeUndefined();
});

test("in a series of several kinds the first one counts", () => {
  const mixed = told({}, { SOPClassUID: "1.2.840.10008.5.1.4.1.1.104.1" }, { SOPClassUID: "1.2" });

  expect(documentsOf(mixed)?.ids).toEqual(["0"]);
});
