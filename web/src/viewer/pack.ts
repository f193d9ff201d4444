// Reads a pack of pictures while it arrives; server/PICTURES.md describes the form.

const MAGIC = "PBPACK1\n";
const HEAD_BYTES = 16;
const MOST_FACTS = 1 << 20; // bytes
const MOST_ENTRIES = 100_000;

export interface PackFacts {
  Kind: "preview" | "frames";
  MediaType: string;
  Pictures: number;
  Holes: { Reason: string; Pictures: number[] }[];
  Window?: { Center: number; Width: number; Function: string } | null;
}

/** Calls `show` with each picture of a pack as soon as it is there, coarse to fine; an Error when it is cut or none. */
export async function readPack(
  stream: ReadableStream<Uint8Array>,
  begin: (facts: PackFacts) => void,
  show: (picture: number, file: Uint8Array<ArrayBuffer>) => void,
): Promise<void> {
  const bytes = new Bytes(stream.getReader());
  const head = await bytes.take(HEAD_BYTES);
  const numbers = new DataView(head.buffer, head.byteOffset, HEAD_BYTES);
  const factsLength = numbers.getUint32(8, true);
  const count = numbers.getUint32(12, true);
  if (text(head.subarray(0, 8)) !== MAGIC || factsLength > MOST_FACTS || count > MOST_ENTRIES) {
    throw new Error("This is no pack of pictures.");
  }
  const entries = await bytes.take(8 * count);
  const facts = JSON.parse(text(await bytes.take(factsLength))) as PackFacts;
  begin(facts);
  const table = new DataView(entries.buffer, entries.byteOffset, entries.byteLength);
  for (let entry = 0; entry < count; entry += 1) {
    const length = table.getUint32(8 * entry + 4, true);
    if (length) show(table.getUint32(8 * entry, true), await bytes.take(length));
  }
}

/** What has arrived of a stream, to be taken in pieces. */
class Bytes {
  private held: Uint8Array[] = [];
  private length = 0;

  constructor(private readonly reader: ReadableStreamDefaultReader<Uint8Array>) {}

  async take(count: number): Promise<Uint8Array<ArrayBuffer>> {
    while (this.length < count) {
      const { done, value } = await this.reader.read();
      if (done) throw new Error("The pack is cut short.");
      this.held.push(value);
      this.length += value.length;
    }
    const taken = new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      const first = this.held[0] as Uint8Array;
      const part = first.subarray(0, count - filled);
      taken.set(part, filled);
      filled += part.length;
      if (part.length === first.length) this.held.shift();
      else this.held[0] = first.subarray(part.length);
    }
    this.length -= count;
    return taken;
  }
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
