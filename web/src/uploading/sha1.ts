// SHA-1 (FIPS 180-4) of a short text: pages that come over plain HTTP have no SubtleCrypto.

/** The digest in hexadecimal. */
export function sha1(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const padded = new DataView(new ArrayBuffer((((bytes.length + 8) >> 6) + 1) << 6));
  bytes.forEach((byte, place) => {
    padded.setUint8(place, byte);
  });
  padded.setUint8(bytes.length, 0x80);
  padded.setUint32(padded.byteLength - 4, bytes.length * 8);
  let state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  for (let block = 0; block < padded.byteLength; block += 64) state = mixed(state, wordsOf(padded, block));
  return state.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

function wordsOf(data: DataView, block: number): number[] {
  const words: number[] = [];
  for (let place = 0; place < 16; place++) words.push(data.getUint32(block + 4 * place));
  for (let place = 16; place < 80; place++) {
    const [a = 0, b = 0, c = 0, d = 0] = [-3, -8, -14, -16].map((back) => words[place + back]);
    words.push(turned(a ^ b ^ c ^ d, 1));
  }
  return words;
}

function mixed(state: number[], words: number[]): number[] {
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = state;
  words.forEach((word, round) => {
    const [choice, constant] = roundOf(round, b, c, d);
    const next = (turned(a, 5) + choice + e + constant + word) | 0;
    [e, d, c, b, a] = [d, c, turned(b, 30), a, next];
  });
  return [a, b, c, d, e].map((value, place) => (value + (state[place] ?? 0)) | 0);
}

function roundOf(round: number, b: number, c: number, d: number): [number, number] {
  if (round < 20) return [(b & c) | (~b & d), 0x5a827999];
  if (round < 40) return [b ^ c ^ d, 0x6ed9eba1];
  if (round < 60) return [(b & c) | (b & d) | (c & d), 0x8f1bbcdc];
  return [b ^ c ^ d, 0xca62c1d6];
}

function turned(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
