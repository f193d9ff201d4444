// The engine of Safari on the pages: signing in, the list, the first picture, scrolling, uploading.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { NAME, type School, SIZES, school } from "./aids.ts";
import { missing, WebKit } from "./webkit.ts";

const HOME = "\uE011"; // the standard's code points of keys
const PAGE_DOWN = "\uE00F";

describe("WebKitGTK", { skip: missing() || false }, () => {
  let at: School;
  let page: WebKit;

  before(async () => {
    at = await school();
    page = await WebKit.start(
      NAME,
      Number(new URL(at.url).port),
      SIZES.landscape.width,
      SIZES.landscape.height,
    );
  });

  after(async () => {
    await page?.close();
    await at?.stop();
  });

  test("a student sees the list with its pictures, in no secure context", async () => {
    await page.go(`${at.url}/app/index.html`);
    await page.until(() => document.querySelectorAll(".card").length === 4);
    await page.until(() =>
      [...document.images].some((image) => image.matches(".thumbnail") && image.naturalWidth > 0),
    );

    assert.equal(await page.run(() => isSecureContext), false);
    assert.equal(await page.run(() => document.documentElement.scrollWidth - innerWidth), 0);
    await page.picture("webkit-studies");
  });

  test("one finds as one types", async () => {
    await page.type("input[type=search]", "wandering");
    await page.until(() => document.querySelectorAll(".card").length === 1);

    assert.match(await page.run(() => location.search), /^\?text=wandering$/);
  });

  test("a study opens, its first picture is seen, wheel and keys scroll, a reload leads back", async () => {
    await page.click(".card a.open");
    await page.find("img.first, canvas.small");
    await page.until(() => {
      const pane = document.querySelector("pb-pane") as unknown as { stack?: { arrived: number } } | null;
      return (pane?.stack?.arrived ?? 0) > 0;
    });
    await page.until(deep);
    await page.picture("webkit-viewer");
    const edge = await page.run(() => {
      const { x, y, width, height } = (document.querySelector(".slider") as Element).getBoundingClientRect();
      return { x: x + width / 2, y, height };
    });
    await page.tap(edge.x, edge.y + 0.9 * edge.height);
    await page.until(
      () => Number(document.querySelector(".bottom.left")?.textContent?.match(/(\d+) \//)?.[1]) > 50,
    );

    await page.press(HOME);
    await page.press(PAGE_DOWN);
    await page.until(() => document.querySelector(".bottom.left")?.textContent?.includes(" 11 /"));
    await page.wheel(400, 400, 200);
    await page.until(() => !document.querySelector(".bottom.left")?.textContent?.includes(" 11 /"));
    const scrolled = await page.run(number);
    await page.until((shown) => location.hash.includes(`picture=${shown - 1}`), scrolled);
    await page.reload();
    await page.until(
      (shown) => document.querySelector(".bottom.left")?.textContent?.includes(` ${shown} /`),
      scrolled,
    );

    assert.ok(scrolled > 11, `${scrolled}`);
  });

  test("three planes through a volume are drawn", async () => {
    const series = await page.run(
      async (study) =>
        ((await (await fetch(`../pacsberry/studies/${study}`)).json()) as { Series: { ID: string }[] })
          .Series[0]?.ID,
      at.studies.stack ?? "",
    );

    await page.go(`${at.url}/app/mpr.html?study=${at.studies.stack}&series=${series}`);
    await page.until(() => document.querySelectorAll(".plane .marks line").length === 6);
    await page.until(() => !document.querySelector("progress"));
    await page.picture("webkit-mpr");

    assert.equal(await page.run(() => document.querySelector("[role=alert]")?.textContent ?? ""), "");
  });

  test("a teacher signs in, uploads and looks through it", async () => {
    await page.go(`${at.url}/app/sign-in.html`);
    await page.type("input[autocomplete=username]", "tom");
    await page.type("input[type=password]", at.users.tom ?? "");
    await page.click("form button");
    await page.until(() => location.pathname.endsWith("/index.html"));
    await page.until(() => document.querySelectorAll(".card").length === 5);

    await page.go(`${at.url}/app/upload.html`);
    await page.until(() => document.querySelector("input[name=files]"));
    await page.pick(
      "input[name=files]",
      readdirSync(at.files).map((name) => join(at.files, name)),
    );
    await page.until(() => document.querySelector("[role=status]")?.textContent?.includes("4 of 4"));
    await page.find("pb-study-review");
    await page.picture("webkit-upload");
  });
});

/** Whether the picture that is looked at is drawn at full depth. */
function deep(): boolean {
  const pane = document.querySelector("pb-pane") as unknown as {
    full?: { has(picture: number): boolean };
    stage: { picture: number };
  } | null;
  return pane?.full?.has(pane.stage.picture) ?? false;
}

/** Which picture is seen, from 1, as the corner says it. */
function number(): number {
  return Number(document.querySelector(".bottom.left")?.textContent?.match(/(\d+) \//)?.[1]);
}
