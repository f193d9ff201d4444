// What stands beside and in place of pictures: the table of tags, reports, documents, videos; and what students get of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import {
  at,
  attend,
  barriers,
  by,
  type Opened,
  open,
  overhang,
  SIZES,
  type SizeName,
  screen,
} from "./aids.ts";

const NAMES = ["Test^Patient", "MIXED", "19700101", "ACC00001"]; // of the person in the tags

attend();

for (const size of Object.keys(SIZES) as SizeName[]) {
  test(`the table of tags fits, is searched, and follows the picture: ${size}`, async () => {
    const { page, context, problems } = await mixed("tom", size);
    await tags(page);
    const rows = page.locator("pb-tags dl > div");

    await screen(page, `tags-${size}`);
    assert.equal(await overhang(page), 0);
    assert.deepEqual(await barriers(page), []);
    for (const name of NAMES)
      assert.ok(((await page.locator("pb-tags").textContent()) ?? "").includes(name), name);
    await page.getByLabel("Search in tags").fill("instance number");
    await page.waitForFunction(() => document.querySelectorAll("pb-tags dl > div").length === 1);
    const before = await rows.first().locator("dd").textContent();
    await page.locator("canvas.small").first().focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("End");
    await page.waitForFunction((last) => document.querySelector("pb-tags dd")?.textContent !== last, before);
    await page.getByLabel("Search in tags").fill("no such thing");
    await page.getByText("No tag holds that.").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("pb-tags").waitFor({ state: "detached" });

    assert.deepEqual(problems.filter(isNews), []);
    await context.close();
  });
}

test("a student's table holds nothing about people, and says so", async () => {
  const { page, context } = await mixed("", "portrait");
  await tags(page);
  await page.getByText("Tags that could tell about people are left out.").waitFor();

  const text = (await page.locator("pb-tags").textContent()) ?? "";

  await screen(page, "tags-student");
  assert.match(text, /Modality/);
  for (const name of NAMES) assert.ok(!text.includes(name), name);
  await context.close();
});

test("a teacher reads a report, and opens a document in a tab of its own", async () => {
  const { page, context, problems } = await mixed("tom", "portrait");
  await series(page, "SR");
  await page.getByText("No abnormality.").waitFor();
  await screen(page, "document-report");
  assert.deepEqual(await barriers(page), []);
  await series(page, "DOC");
  const link = page.getByRole("link", { name: "Open the document" });
  await link.waitFor();
  await screen(page, "document-pdf");
  assert.deepEqual(await barriers(page), []);
  assert.equal(await overhang(page), 0);

  const answer = await page.evaluate(
    async (place) => {
      const told = await fetch(place);
      return { type: told.headers.get("content-type"), text: await told.text() };
    },
    (await link.getAttribute("href")) ?? "",
  );

  assert.equal(answer.type, "application/pdf");
  assert.match(answer.text, /^%PDF-/);
  assert.equal(await link.getAttribute("target"), "_blank");
  assert.deepEqual(problems.filter(isNews), []);
  await context.close();
});

test("a student reads neither reports nor documents, and is told why", async () => {
  const { page, context } = await mixed("", "portrait");
  for (const name of ["SR", "DOC"]) {
    await series(page, name);
    await page.getByText("only teachers can open them").waitFor();
    assert.equal(await page.getByText("No abnormality.").count(), 0);
    assert.equal(await page.getByRole("link", { name: "Open the document" }).count(), 0);
  }
  await screen(page, "document-student");
  assert.deepEqual(await barriers(page), []);
  await context.close();
});

test("a video plays, by ranges, for students too", async () => {
  const { page, context, problems } = await mixed("", "portrait");
  const ranges: string[] = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/video")) ranges.push(request.headers().range ?? "");
  });
  await series(page, "XC");
  await page.waitForFunction(() => (document.querySelector("video")?.readyState ?? 0) >= 2);
  await page.evaluate(() => document.querySelector("video")?.play());
  await page.waitForFunction(() => (document.querySelector("video")?.currentTime ?? 0) > 0.5);
  await screen(page, "document-video");

  const { width, duration, grey } = await page.evaluate(async () => {
    const film = document.querySelector("video") as HTMLVideoElement;
    film.pause();
    film.currentTime = 2.5;
    await new Promise((done) => film.addEventListener("seeked", done, { once: true }));
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d") as CanvasRenderingContext2D;
    context.drawImage(film, 0, 0);
    return {
      width: film.videoWidth,
      duration: film.duration,
      grey: context.getImageData(9, 9, 1, 1).data[0],
    };
  });

  assert.equal(width, 64);
  assert.equal(duration, 4.8);
  assert.ok(grey && grey > 20 && grey < 60, `${grey}`); // the picture at 2.4 s has 40 of 16 to 235
  assert.ok(ranges.length > 0 && ranges.every((range) => /^bytes=\d+-/.test(range)), `${ranges}`);
  assert.deepEqual(await barriers(page), []);
  assert.deepEqual(problems.filter(isNews), []);
  await context.close();
});

/** The study of many kinds, when its first picture is there. */
async function mixed(user: string, size: SizeName): Promise<Opened> {
  const opened = await open(by, at, `viewer.html?study=${at.studies.mixed}`, size, user);
  await opened.page.waitForFunction(() => {
    const pane = document.querySelector("pb-pane") as unknown as { stack?: { arrived: number } } | null;
    return (pane?.stack?.arrived ?? 0) > 0;
  });
  return opened;
}

async function series(page: Page, modality: string): Promise<void> {
  await page.locator(".series button", { hasText: modality }).click();
}

async function tags(page: Page): Promise<void> {
  await page.getByRole("button", { name: "View", exact: true }).click();
  await page.getByRole("button", { name: "Tags", exact: true }).click();
  await page.locator("pb-tags dl > div").nth(10).waitFor();
}

/** What is no picture has no thumbnail: the server says 415, and the place stays empty. */
function isNews(problem: string): boolean {
  return !/^415 .*\/thumbnail$|status of 415/.test(problem);
}
