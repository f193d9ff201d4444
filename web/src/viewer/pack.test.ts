import { expect, test } from "vitest";
import { readPack } from "./pack.ts";

const FACTS = { Kind: "preview", MediaType: "image/webp", Pictures: 3, Holes: [] };

function pack(pictures: [number, string][], facts: unknown = FACTS): Uint8Array {
  const encode = (text: string) => new TextEncoder().encode(text);
  const told = encode(JSON.stringify(facts));
  const numbers = (...values: number[]) => new Uint8Array(new Uint32Array(values).buffer);
  const parts = [
    encode("PBPACK1\n"),
    numbers(told.length, pictures.length),
    ...pictures.map(([number, file]) => numbers(number, encode(file).length)),
    told,
    ...pictures.map(([, file]) => encode(file)),
  ];
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function streamed(bytes: Uint8Array, piece: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += piece) controller.enqueue(bytes.slice(at, at + piece));
      controller.close();
    },
  });
}

async function read(
  bytes: Uint8Array,
  piece: number,
): Promise<{ facts: unknown; shown: [number, string][] }> {
  const shown: [number, string][] = [];
  let facts: unknown;
  const begin = (told: unknown) => {
    facts = told;
  };
  await readPack(streamed(bytes, piece), begin, (picture, file) => {
    shown.push([picture, new TextDecoder().decode(file)]);
  });
  return { facts, shown };
}

test.each([1, 3, 7, 64, 100_000])(
  "pictures come in the order of the pack, in pieces of %i bytes",
  async (piece) => {
    const pictures: [number, string][] = [
      [1, "middle"],
      [0, "first, longer"],
      [2, ""],
    ];

    expect(await read(pack(pictures), piece)).toEqual({ facts: FACTS, shown: pictures.slice(0, 2) });
  },
);

test("an empty pack has facts only", async () => {
  expect((await read(pack([]), 5)).shown).toEqual([]);
});

test("what is no pack is told, whatever it says of its length", async () => {
  await expect(read(new TextEncoder().encode("<!doctype html><p>no pack"), 9)).rejects.toThrow("no pack");
  const huge = pack([]);
  new DataView(huge.buffer).setUint32(12, 0xffffffff, true);
  await expect(read(huge, 9)).rejects.toThrow("no pack");
});

test("a pack that is cut short is told, and what came before is shown", async () => {
  const whole = pack([
    [0, "there"],
    [1, "missing"],
  ]);
  const shown: number[] = [];

  const cut = readPack(
    streamed(whole.slice(0, -1), 8),
    () => {},
    (picture) => shown.push(picture),
  );

  await expect(cut).rejects.toThrow("cut short");
  expect(shown).toEqual([0]);
});
