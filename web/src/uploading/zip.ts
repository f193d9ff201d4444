// The members of a ZIP that somebody picks, without unpacking it: each is sent by itself, so that it has its own progress
// and its own reason when it is refused, and what has arrived is not sent again (APPNOTE 6.3.10; RFC 1952).

export interface Member {
  name: string;
  size: number; // bytes of what is sent
  body: () => Promise<Blob>; // the member as it is, or as a gzip file, which the server unpacks
  head: (bytes: number) => Promise<Uint8Array>; // its first bytes; empty where the browser cannot unpack
  plain?: () => Promise<Blob>; // unpacked, when it is not too large for that
}

const MOST_TAIL = 65_557; // bytes: the end record, and the longest comment
const MOST_LIST = 64 << 20; // bytes of the list of members
const MOST_UNPACKED = 100 << 20; // bytes of a member that is unpacked here
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 0x41; // bits of the general purpose flag

/** The files in a ZIP; undefined when it is of a kind that is not taken apart here: send it whole, the server knows more. */
export async function membersOf(zip: Blob): Promise<Member[] | undefined> {
  const tail = await bytesOf(zip.slice(Math.max(0, zip.size - MOST_TAIL)));
  const end = lastOf(tail, 0x06054b50);
  if (end < 0) return undefined;
  const record = new DataView(tail.buffer, end);
  const [count, length, offset] = [
    record.getUint16(10, true),
    record.getUint32(12, true),
    record.getUint32(16, true),
  ];
  if (count === 0xffff || offset === 0xffffffff || length > MOST_LIST || offset + length > zip.size)
    return undefined;
  const list = new DataView((await bytesOf(zip.slice(offset, offset + length))).buffer);
  const members: Member[] = [];
  let at = 0;
  for (let number = 0; number < count; number++) {
    if (at + 46 > list.byteLength || list.getUint32(at, true) !== 0x02014b50) return undefined;
    const entry = new DataView(list.buffer, at);
    const nameEnd = at + 46 + entry.getUint16(28, true);
    const name = new TextDecoder().decode(new Uint8Array(list.buffer, at + 46, nameEnd - at - 46));
    const member = memberOf(zip, entry, name);
    if (!member) return undefined;
    if (!name.endsWith("/")) members.push(member);
    at = nameEnd + entry.getUint16(30, true) + entry.getUint16(32, true);
  }
  return members;
}

function memberOf(zip: Blob, entry: DataView, name: string): Member | undefined {
  const [flags, method, crc] = [
    entry.getUint16(8, true),
    entry.getUint16(10, true),
    entry.getUint32(16, true),
  ];
  const [packed, size, local] = [
    entry.getUint32(20, true),
    entry.getUint32(24, true),
    entry.getUint32(42, true),
  ];
  if (flags & ENCRYPTED || (method !== STORED && method !== DEFLATED) || local === 0xffffffff)
    return undefined;
  const data = async () => {
    const header = new DataView((await bytesOf(zip.slice(local, local + 30))).buffer);
    const start = local + 30 + header.getUint16(26, true) + header.getUint16(28, true);
    return zip.slice(start, start + packed);
  };
  if (method === STORED) {
    const head = async (bytes: number) => bytesOf((await data()).slice(0, bytes));
    return { name, size, body: data, head, plain: data };
  }
  const gzip = async () => new Blob([GZIP_HEAD, await data(), gzipTail(crc, size)]);
  return {
    name,
    size: packed + 18,
    body: gzip,
    head: async (bytes) => unpacked(await gzip(), Math.min(bytes, size)),
    ...(size <= MOST_UNPACKED && { plain: async () => new Blob([await unpacked(await gzip(), size)]) }),
  };
}

const GZIP_HEAD = new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);

function gzipTail(crc: number, size: number): ArrayBuffer {
  const tail = new DataView(new ArrayBuffer(8));
  tail.setUint32(0, crc, true);
  tail.setUint32(4, size, true);
  return tail.buffer;
}

async function unpacked(gzip: Blob, most: number): Promise<Uint8Array<ArrayBuffer>> {
  if (typeof DecompressionStream === "undefined") return new Uint8Array(); // Safari before 16.4
  const reader = gzip.stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  const head = new Uint8Array(most);
  let length = 0;
  try {
    while (length < most) {
      const { value, done } = await reader.read();
      if (done) break;
      head.set(value.subarray(0, most - length), length);
      length += Math.min(value.length, most - length);
    }
  } catch {
    return new Uint8Array(); // damaged: the server will say so
  } finally {
    void reader.cancel().catch(() => {});
  }
  return head.subarray(0, length);
}

/** The bytes of a blob. */
export async function bytesOf(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await blob.arrayBuffer());
}

function lastOf(bytes: Uint8Array, signature: number): number {
  const view = new DataView(bytes.buffer);
  for (let at = bytes.length - 22; at >= 0; at--) if (view.getUint32(at, true) === signature) return at;
  return -1;
}
