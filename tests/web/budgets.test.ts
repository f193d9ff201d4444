// What pages cost on the air of a classroom, where thirty tablets share one radio: bytes at the first visit and at later ones.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cookie, Page } from "playwright-core";
import { at, attend, by, open } from "./aids.ts";

const KIB = 1024;
const MOST: Record<string, number> = {
  "sign-in.html": 40 * KIB,
  "index.html": 60 * KIB,
  "upload.html": 60 * KIB,
  "admin.html": 60 * KIB,
};
const MOST_AGAIN = 12 * KIB; // of a page that one comes back to: answers that may have changed
const MOST_FOR_FIRST_PICTURE = 200 * KIB;

attend();

for (const [path, most] of Object.entries(MOST)) {
  test(`${path} is small, and nearly nothing when one comes back`, async () => {
    const user = path === "sign-in.html" ? "" : "anna";
    const { page, context, bytes } = await open(by, at, "berry.svg", "portrait");
    if (user) await context.addCookies(await cookies(user));
    const before = bytes();
    await page.goto(`${at.url}/app/${path}`);
    await page.waitForLoadState("networkidle");
    const first = bytes() - before - (await thumbnails(page));
    await page.goto("about:blank");
    const between = bytes();
    await page.goto(`${at.url}/app/${path}`);
    await page.waitForLoadState("networkidle");
    const again = bytes() - between - (await thumbnails(page));

    assert.ok(first > 5 * KIB && first < most, `${first} bytes`);
    assert.ok(again < MOST_AGAIN, `${again} bytes again`);
    await context.close();
  });
}

test("the first picture of a study comes before the large library, and within its budget", async () => {
  const { page, context, bytes } = await open(by, at, "berry.svg", "portrait");
  await context.route(/\/assets\/full-.*\.js/, (route) => route.abort());
  const before = bytes();

  await page.goto(`${at.url}/app/viewer.html?study=${at.studies.chest}`);
  await page.waitForFunction(() => {
    const pane = document.querySelector("pb-pane") as unknown as { stack?: { arrived: number } } | null;
    const first = document.querySelector("img.first") as HTMLImageElement | null;
    return (first?.naturalWidth ?? 0) > 0 || (pane?.stack?.arrived ?? 0) > 0;
  });
  const needed = bytes() - before;

  assert.ok(needed < MOST_FOR_FIRST_PICTURE, `${needed} bytes`);
  await context.close();
});

test("what the pages are made of is sent packed, and kept for ever by its name", async () => {
  const { page, context } = await open(by, at, "berry.svg", "portrait");
  const answers: { url: string; encoding: string | undefined; cache: string | undefined; size: number }[] =
    [];
  page.on("response", async (answer) => {
    const { "content-encoding": encoding, "cache-control": cache } = answer.headers();
    const size = (await answer.body().catch(() => Buffer.alloc(0))).length;
    answers.push({ url: answer.url(), encoding, cache, size });
  });
  for (const path of ["index.html", `viewer.html?study=${at.studies.stack}`]) {
    await page.goto(`${at.url}/app/${path}`);
    await page.waitForLoadState("networkidle");
  }
  const assets = answers.filter(({ url }) => url.includes("/app/assets/") && !url.endsWith(".wasm"));
  const html = answers.filter(({ url }) => /\.html/.test(url));

  assert.ok(assets.length > 5 && html.length >= 2);
  for (const { url, encoding, cache, size } of assets) {
    assert.match(cache ?? "", /immutable/, url);
    assert.ok(encoding === "gzip" || size < 1000, url);
  }
  for (const { url, cache } of html) assert.match(cache ?? "", /no-cache/, url);
  await context.close();
});

/** The cookies of somebody who has signed in. */
async function cookies(user: string): Promise<Cookie[]> {
  const { context } = await open(by, at, "berry.svg", "portrait", user);
  const kept = await context.cookies();
  await context.close();
  return kept;
}

/** Bytes of thumbnails: there are as many as there are studies. */
function thumbnails(page: Page): Promise<number> {
  return page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter(({ name }) => name.includes("/thumbnail"))
      .reduce((sum, entry) => sum + (entry as PerformanceResourceTiming).transferSize, 0),
  );
}
