// Uploading when things are odd: a ZIP of everything, photographs of an iPhone, a page left in the middle, a session that ends.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { zipped } from "../../web/src/uploading/aids.ts";
import { at, attend, barriers, by, open, overhang, screen } from "./aids.ts";

attend();

const PDF = new TextEncoder().encode("%PDF-1.4\nnothing\n%%EOF\n");
const HEIC = new Uint8Array([0, 0, 0, 36, ...new TextEncoder().encode("ftypheic")]);

function dicomFiles(): Uint8Array[] {
  return readdirSync(at.files)
    .filter((name) => name.endsWith(".dcm"))
    .map((name) => new Uint8Array(readFileSync(join(at.files, name))));
}

test("a ZIP of DICOM and documents is taken apart; what is not taken says why, in the reader's words", async () => {
  const { page, context } = await open(by, at, "upload.html", "portrait", "tom");
  const text = new TextEncoder().encode("bread, butter");
  const [scan = new Uint8Array()] = dicomFiles();
  const zip = zipped({ "scan.dcm": scan, "handout.pdf": PDF, "IMG_1.HEIC": HEIC, "list.txt": text });
  const buffer = Buffer.from(await zip.arrayBuffer());
  await page
    .locator("input[name=files]")
    .setInputFiles([{ name: "lesson.zip", mimeType: "application/zip", buffer }]);

  const form = page.locator("form.captions");
  await form.getByText("lesson.zip: handout.pdf").waitFor();
  await form.getByLabel("Title").fill("A hand-out");
  await form.getByLabel("Label instead").fill("Case 8");
  await form.getByRole("button", { name: "Upload" }).click();
  await page.getByRole("status").filter({ hasText: "4 of 4 files" }).waitFor();
  await page.getByText("Not taken: 2", { exact: true }).click();

  const refused = await page.locator(".refused").innerText();
  assert.match(refused, /IMG_1\.HEIC.*Choose photos/);
  assert.match(refused, /list\.txt.*Neither DICOM nor JPEG, PNG or PDF/);
  await page.locator("pb-study-review h3").nth(1).waitFor();
  await screen(page, "upload-zip");
  assert.deepEqual(await barriers(page), []);
  assert.equal(await overhang(page), 0);
  await page.getByRole("button", { name: "Later: keep them hidden" }).click();
  await page.locator("pb-study-review").first().waitFor({ state: "detached" });
  await context.close();
});

test("the photographs' button asks for what an iPad can make of its own form", async () => {
  const { page, context } = await open(by, at, "upload.html", "portrait", "tom");

  assert.equal(await page.locator("input[name=photos]").getAttribute("accept"), "image/jpeg,image/png");
  assert.equal(await page.locator("input[name=files]").getAttribute("accept"), null);
  await context.close();
});

test("who leaves the page in the middle is told, and picks the same again without sending twice", async () => {
  const { page, context } = await open(by, at, "upload.html", "portrait", "tom");
  const files = dicomFiles().map((bytes, number) => ({
    name: `${number}.dcm`,
    mimeType: "application/octet-stream",
    buffer: Buffer.from(bytes),
  }));
  await page.getByText("Choose files").waitFor();
  await context.setOffline(true);
  await page.locator("input[name=files]").setInputFiles(files);
  await page.getByText("The connection is lost").waitFor();
  await context.setOffline(false);
  page.on("dialog", (dialog) => void dialog.accept());
  await page.reload();

  await page.getByText("3 files were not sent").waitFor();
  await screen(page, "upload-left");
  await page.locator("input[name=files]").setInputFiles(files);
  await page.getByRole("status").filter({ hasText: "3 of 3 files" }).waitFor();
  assert.equal(await page.getByText("were not sent").count(), 0);
  await context.close();
});

test("when the session ends meanwhile one signs in beside the page, and it goes on", async () => {
  const { page, context } = await open(by, at, "upload.html", "portrait", "tom");
  await page.getByText("Choose files").waitFor();
  await context.clearCookies();
  const files = dicomFiles().map((bytes, number) => ({
    name: `${number}.dcm`,
    mimeType: "application/octet-stream",
    buffer: Buffer.from(bytes),
  }));
  await page.locator("input[name=files]").setInputFiles(files);
  await page.getByText("You are not signed in any more").waitFor();
  await screen(page, "upload-signed-out");
  assert.deepEqual(await barriers(page), []);

  const [other] = await Promise.all([
    context.waitForEvent("page"),
    page.getByRole("alert").getByRole("link", { name: "Sign in" }).click(),
  ]);
  await other.getByLabel("Name").fill("tom");
  await other.getByLabel("Password").fill(at.users.tom ?? "");
  await other.getByRole("button", { name: "Sign in" }).click();
  await other.waitForURL(/index\.html/);
  await other.close();
  await page.getByRole("button", { name: "Go on" }).click();

  await page.getByRole("status").filter({ hasText: "3 of 3 files" }).waitFor();
  await context.close();
});

test("files are dropped", async () => {
  const { page, context } = await open(by, at, "upload.html", "landscape", "tom");
  const place = page.locator(".drop");
  await place.waitFor();
  const contents = dicomFiles().map((bytes) => [...bytes]);
  const transfer = await page.evaluateHandle((all) => {
    const dropped = new DataTransfer();
    all.forEach((bytes, number) => {
      dropped.items.add(new File([new Uint8Array(bytes)], `${number}.dcm`));
    });
    return dropped;
  }, contents);

  await place.dispatchEvent("dragover", { dataTransfer: transfer });
  await page.locator(".drop.over").waitFor();
  await place.dispatchEvent("drop", { dataTransfer: transfer });

  await page.getByRole("status").filter({ hasText: "3 of 3 files" }).waitFor();
  assert.equal(await page.locator(".drop.over").count(), 0);
  await context.close();
});

test("what was uploaded here is not shown from the list before somebody has looked for names", async () => {
  const { page, context } = await open(by, at, "upload.html", "landscape", "tom");
  await page.locator("input[name=files]").setInputFiles(join(at.files, "0.dcm"));
  await page.locator("pb-study-review h3").waitFor();
  await page.goto(`${at.url}/app/index.html`);
  const card = page.locator(".card", { hasText: "FRESH" });
  await card.locator("summary").click();
  await card.getByLabel("Students see it").click();

  await page.waitForURL(/upload\.html\?review=/);
  const review = page.locator("pb-study-review");
  await review.getByText("FRESH^FACE").first().waitFor();
  await review.getByLabel("I have looked").check();
  await review.getByRole("button", { name: "Show to students" }).click();
  await review.waitFor({ state: "detached" });
  await page.goto(`${at.url}/app/index.html`);
  await card.getByText("Shown to students").waitFor();
  await card.locator("summary").click();
  await card.getByLabel("Students see it").uncheck();
  await card.getByText("Hidden from students").waitFor();
  await card.getByLabel("Students see it").check(); // once is enough
  await card.getByText("Shown to students").waitFor();
  await card.getByLabel("Students see it").uncheck();
  await card.getByText("Hidden from students").waitFor();
  await context.close();
});

test("the list leads to looking through a study for names", async () => {
  const { page, context, problems } = await open(by, at, "index.html", "landscape", "tom");
  const card = page.locator(".card", { hasText: "SECRET" });
  await card.locator("summary").click();
  await card.getByRole("link", { name: "Look for names" }).click();
  await page.waitForURL(/upload\.html\?review=/);

  await page.locator("pb-study-review").getByText("SECRET^NAME").first().waitFor();

  assert.deepEqual(problems, []);
  await context.close();
});
