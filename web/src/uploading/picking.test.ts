import { expect, test } from "vitest";
import { ascii, part10, zipped } from "./aids.ts";
import { droppedFiles, kindOf, type Picked, pickedOf } from "./picking.ts";
import { bytesOf } from "./zip.ts";

async function all(files: Iterable<File> | AsyncIterable<File>): Promise<Picked[]> {
  const found: Picked[] = [];
  for await (const one of pickedOf(files)) found.push(one);
  return found;
}

test.each([
  ["dicom", [...part10().bytes]],
  ["dicom", ascii("anything else")],
  ["picture", [0xff, 0xd8, 0xff, 0xe0]],
  ["picture", [0x89, ...ascii("PNG\r\n\x1a\n")]],
  ["document", ascii("%PDF-1.7")],
  ["heic", [0, 0, 0, 36, ...ascii("ftypheic")]],
  ["heic", [0, 0, 0, 24, ...ascii("ftypmif1")]],
  ["dicom", [0, 0, 0, 24, ...ascii("ftypisom")]],
  ["nothing", []],
])("a file is what its first bytes say: %s", (kind, bytes) => {
  expect(kindOf(new Uint8Array(bytes))).toBe(kind);
});

test("what only operating systems want, and indexes of media, are left out", async () => {
  const names = ["DICOMDIR", ".DS_Store", "Thumbs.db", "scan.dcm", "IM0001"];
  const found = await all(names.map((name) => new File(["x"], name)));

  expect(found.map((one) => one.name)).toEqual(["scan.dcm", "IM0001"]);
});

test("a ZIP that cannot be taken apart is sent whole", async () => {
  const broken = new File(["PK\x03\x04 and nothing behind"], "broken.zip");

  expect(await all([broken])).toMatchObject([{ name: "broken.zip", kind: "dicom", size: broken.size }]);
});

test("photographs and documents in a ZIP are unpacked, the rest is sent as it lies", async () => {
  const photo = new Uint8Array([0xff, 0xd8, 0xff, 0xe0, ...ascii("a photograph".repeat(50))]);
  const files = {
    "a.dcm": part10().bytes,
    "b.jpg": photo,
    "c.pdf": new Uint8Array(ascii("%PDF-1.7")),
    "d.heic": new Uint8Array([0, 0, 0, 36, ...ascii("ftypheic")]),
    "e.txt": new Uint8Array(ascii("bread")),
  };
  const found = await all([new File([zipped(files)], "lesson.zip")]);

  expect(found.map(({ kind, name }) => [kind, name])).toEqual([
    ["dicom", "lesson.zip: a.dcm"],
    ["picture", "lesson.zip: b.jpg"],
    ["document", "lesson.zip: c.pdf"],
    ["heic", "lesson.zip: d.heic"],
    ["dicom", "lesson.zip: e.txt"],
  ]);
  const [gzip, plain] = await Promise.all(found.slice(0, 2).map(async (one) => bytesOf(await one.body())));
  expect(plain).toEqual(photo);
  expect(gzip?.subarray(0, 2)).toEqual(new Uint8Array([0x1f, 0x8b]));
});

/** A folder as a browser hands it out: some at a time. */
function folder(name: string, children: unknown[]): unknown {
  const rest = [...children];
  const readEntries = (tell: (some: unknown[]) => void) => tell(rest.splice(0, 2));
  return { isFile: false, name, createReader: () => ({ readEntries }) };
}

function entry(name: string): unknown {
  return { isFile: true, name, file: (tell: (file: File) => void) => tell(new File(["x"], name)) };
}

test("folders that are dropped are read to the bottom", async () => {
  const dropped = [
    entry("a"),
    folder("one", [entry("b"), folder("two", ["c", "d", "e"].map(entry)), entry("f")]),
  ];
  const items = dropped.map((one) => ({ webkitGetAsEntry: () => one }));
  const found = await all(droppedFiles({ items, files: [] } as unknown as DataTransfer));

  expect(found.map((one) => one.name).sort()).toEqual(["a", "b", "c", "d", "e", "f"]);
});

test("where a browser knows no folders, the files are taken", async () => {
  const transfer = { items: [{}], files: [new File(["x"], "a")] } as unknown as DataTransfer;

  expect((await all(droppedFiles(transfer))).map((one) => one.name)).toEqual(["a"]);
});
