import { expect, test } from "vitest";
import type { Picked } from "../uploading/picking.ts";
import { captioned, newBatch } from "./captions.ts";

const CAPTION = { batch: "b", patient: "Case 7", title: "Wrist & hand", date: "20260131" };

function picture(name: string): Picked {
  const body = new Blob(["x"]);
  return { name, size: 1, kind: "picture", body: async () => body, head: async () => new Uint8Array() };
}

test("pictures are numbered as people number them, and nothing they are called goes to the server", () => {
  const all = captioned(["10.jpg", "Müller 2.jpg", "9.jpg"].map(picture), CAPTION);

  expect(all.map((one) => one.name)).toEqual(["9.jpg", "10.jpg", "Müller 2.jpg"]);
  const asked = all.map((one) => new URL(one.path ?? "", "http://box/").searchParams);
  expect(asked.map((one) => one.get("number"))).toEqual(["1", "2", "3"]);
  expect(asked[2]?.get("title")).toBe("Wrist & hand");
  expect(all.some((one) => one.path?.includes("ller"))).toBe(false);
});

test("no two uploads have the same name", () => {
  expect(newBatch()).toMatch(/^[0-9a-f]{32}$/);
  expect(newBatch()).not.toBe(newBatch());
});
