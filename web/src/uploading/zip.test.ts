import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { bytesOf, membersOf } from "./zip.ts";

// Made by zipfile of Python: "a/stored.dcm" (stored, 5 bytes), "deflated.dcm" (2000 times "x"), the folder "a/"
const ZIP =
  "UEsDBBQAAAAAAHpSdV0AAAAAAAAAAAAAAAACAAAAYS9QSwMEFAAAAAAAelJ1XYamEDYFAAAABQAAAAwAAABhL3N0b3JlZC5kY21o" +
  "ZWxsb1BLAwQUAAAACAB6UnVdemUIKREAAADQBwAADAAAAGRlZmxhdGVkLmRjbauoGAWjYBSMglEwCkbBUAcAUEsBAhQDFAAAAAAA" +
  "elJ1XQAAAAAAAAAAAAAAAAIAAAAAAAAAAAAQAP1BAAAAAGEvUEsBAhQDFAAAAAAAelJ1XYamEDYFAAAABQAAAAwAAAAAAAAAAAAA" +
  "AIABIAAAAGEvc3RvcmVkLmRjbVBLAQIUAxQAAAAIAHpSdV16ZQgpEQAAANAHAAAMAAAAAAAAAAAAAACAAU8AAABkZWZsYXRlZC5k" +
  "Y21QSwUGAAAAAAMAAwCkAAAAigAAAAAA";

function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
}

test("members are sent as they lie, deflated ones as gzip files", async () => {
  const members = (await membersOf(new Blob([bytes(ZIP)]))) ?? [];
  const contents = await Promise.all(members.map(async (one) => bytesOf(await one.body())));

  expect(members.map((one) => one.name)).toEqual(["a/stored.dcm", "deflated.dcm"]);
  expect(new TextDecoder().decode(contents[0])).toBe("hello");
  expect(gunzipSync(contents[1] ?? new Uint8Array()).toString()).toBe("x".repeat(2000));
  expect(members.map((one) => one.size)).toEqual(contents.map((one) => one.length));
});

test("the first bytes of a member can be looked at", async () => {
  const members = (await membersOf(new Blob([bytes(ZIP)]))) ?? [];
  const heads = await Promise.all(members.map((one) => one.head(4)));

  expect(heads.map((head) => new TextDecoder().decode(head))).toEqual(["hell", "xxxx"]);
});

test("what is no ZIP, cut short or encrypted is left to the server", async () => {
  const whole = bytes(ZIP);
  expect(await membersOf(new Blob([]))).toBeUndefined();
  expect(await membersOf(new Blob([new Uint8Array(5000)]))).toBeUndefined();
  for (let length = 0; length < whole.length; length++) {
    expect(await membersOf(new Blob([whole.slice(0, length)]))).toBeUndefined();
  }
  const list = new DataView(whole.buffer).getUint32(whole.length - 6, true);
  whole[list + 8] = 1;
  expect(await membersOf(new Blob([whole]))).toBeUndefined();
});
