// Photographs and documents: asked for a title and a label, made into DICOM, looked through, shown.

import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { at, attend, barriers, by, open, overhang, screen } from "./aids.ts";

attend();

/** A PNG (ISO 15948) of one grey. */
function png(width: number, height: number): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 0, 0, 0, 0], 8);
  const rows = Buffer.alloc((width + 1) * height, 120);
  for (let row = 0; row < height; row++) rows[row * (width + 1)] = 0;
  const chunks = [chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...chunks]);
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

function crc32(data: Buffer): number {
  let crc = ~0;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

test("photographs and documents get a title and a label, and become one study", async () => {
  const { page, context } = await open(by, at, "upload.html", "portrait", "tom");
  const files = [
    { name: "Erika Mustermann.png", mimeType: "image/png", buffer: png(60, 40) },
    { name: "handout.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.4\nnothing\n%%EOF\n") },
    { name: "broken.png", mimeType: "image/png", buffer: png(60, 40).subarray(0, 50) },
  ];
  await page.locator("input[name=files]").setInputFiles(files);
  const form = page.locator("form.captions");
  await form.getByLabel("Title").fill("A wrist, photographed");
  await form.getByLabel("Label instead").fill("Case 7");
  await screen(page, "upload-captions");
  assert.deepEqual(await barriers(page), []);
  assert.equal(await overhang(page), 0);

  await form.getByRole("button", { name: "Upload" }).click();
  await page.getByRole("status").filter({ hasText: "3 of 3 files" }).waitFor();
  const review = page.locator("pb-study-review");
  await review.getByText("2 of 2 pictures").waitFor();
  await review.getByText("A wrist, photographed").first().waitFor();

  assert.match(await page.locator(".progress").innerText(), /New: 2 · Not taken: 1/);
  assert.equal(await review.getByText("Case 7").count(), 3);
  assert.equal(await review.getByText("Mustermann").count(), 0);
  await context.close();
});

test("photographs can be left out", async () => {
  const { page, context } = await open(by, at, "upload.html", "phone", "tom");
  const buffer = png(6, 4);
  await page.locator("input[name=files]").setInputFiles([{ name: "a.png", mimeType: "image/png", buffer }]);
  await screen(page, "upload-captions-phone");
  assert.equal(await overhang(page), 0);

  await page.getByRole("button", { name: "Leave them out" }).click();

  await page.locator("form.captions").waitFor({ state: "detached" });
  assert.equal(await page.locator(".progress").count(), 0);
  await context.close();
});
