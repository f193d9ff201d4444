// Uploading: what is picked arrives, what is refused says why, and students see nothing before the teacher has looked.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { at, attend, barriers, by, open, overhang, SIZES, type SizeName, screen } from "./aids.ts";

attend();

for (const size of Object.keys(SIZES) as SizeName[]) {
  test(`the page is whole and without barriers: ${size}`, async () => {
    const { page, context, problems } = await open(by, at, "upload.html", size, "tom");
    await page.getByText("Choose files").waitFor();

    await screen(page, `upload-${size}`);
    assert.equal(await overhang(page), 0);
    assert.deepEqual(await barriers(page), []);
    assert.deepEqual(problems, []);
    await context.close();
  });
}

test("a study is uploaded, looked through and shown; what was no DICOM is listed, a second time nothing is new", async () => {
  const { page, context } = await open(by, at, "upload.html", "portrait", "tom");
  await pick(page);
  await page.getByRole("status").filter({ hasText: "4 of 4 files" }).waitFor();
  const review = page.locator("pb-study-review");
  await review.getByText("FRESH^FACE").first().waitFor();
  await review.getByText("3 of 3 pictures").waitFor();
  await page.getByText("Not taken: 1", { exact: true }).click();
  await page.getByText("shopping.txt").waitFor();
  await page.waitForLoadState("networkidle");
  await screen(page, "upload-review");
  assert.deepEqual(await barriers(page), []);
  assert.equal(await overhang(page), 0);
  assert.equal(await seenByStudents(), 4);

  const show = review.getByRole("button", { name: "Show to students" });
  assert.ok(await show.isDisabled());
  await review.getByLabel("Title").fill("A fresh case");
  await review.getByLabel("Title").press("Enter");
  await review.getByLabel("I have looked").check();
  await show.click();
  await review.waitFor({ state: "detached" });
  assert.equal(await seenByStudents("A fresh case"), 5);

  await pick(page);
  await page.getByText("Already there: 3").waitFor();
  await context.close();
});

test("a lost connection is waited for, and nothing is sent twice", async () => {
  const { page, context } = await open(by, at, "upload.html", "portrait", "tom");
  await page.getByText("Choose files").waitFor();
  const sent: number[] = [];
  page.on("request", (request) => {
    if (request.method() === "POST" && new URL(request.url()).pathname === "/instances") sent.push(1);
  });
  await context.setOffline(true);

  await pick(page, "lost");
  await page.getByText("The connection is lost").waitFor();
  await screen(page, "upload-lost");
  sent.length = 0;
  await context.setOffline(false);

  await page.getByText(/(Already there|New): 3/).waitFor();
  assert.ok(sent.length <= 4, `${sent.length} files were sent`);
  await context.close();
});

test("a student is not let in, neither by the page nor behind it", async () => {
  const { page, context } = await open(by, at, "upload.html", "portrait");
  await page.getByText("Only teachers upload").waitFor();

  const status = await page.evaluate(async () => {
    const answer = await fetch("../instances", {
      method: "POST",
      body: "x",
      headers: { "X-Pacsberry": "page" },
    });
    return answer.status;
  });

  assert.equal(status, 401);
  await context.close();
});

/** Pick the files for uploading; `name` is put before theirs. */
async function pick(page: Page, name = ""): Promise<void> {
  const files = readdirSync(at.files).map((file) => ({
    name: `${name}${file}`,
    mimeType: "application/octet-stream",
    buffer: readFileSync(join(at.files, file)),
  }));
  await page.locator("input[name=files]").setInputFiles(files);
}

/** How many studies students see, after one of that name is among them. */
async function seenByStudents(name = ""): Promise<number> {
  const { page, context } = await open(by, at, "index.html", "portrait");
  await page.locator(".card").first().waitFor();
  if (name) await page.getByRole("link", { name }).waitFor();
  const count = await page.locator(".card").count();
  await context.close();
  return count;
}
