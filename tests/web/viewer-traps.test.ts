// The viewer's traps (a blank bundle, a pinch that measures, the loupe of iOS, memory, no WebGL), each with a test in a
// browser, and what the viewer does with fingers.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import {
  at,
  attend,
  barriers,
  browse,
  by,
  NO_WEBGL,
  type Opened,
  open,
  screen,
  touch,
  WEBGL,
  way,
} from "./aids.ts";

const MOST_CACHED = 200 * 2 ** 20;

/** What the viewer's element lets itself be asked. */
interface Seen {
  stage: { picture: number; view: { zoom: number; x: number; y: number }; fit(): void };
  seen: readonly [number, number] | undefined;
  full: { has(picture: number): boolean; measure: { count: number } } | undefined;
}

attend(undefined, NO_WEBGL);

for (const [name, flags] of [
  ["with WebGL", WEBGL],
  ["without WebGL", NO_WEBGL],
] as const) {
  describe(name, () => {
    let opened: Opened;
    let page: Page;

    browse(flags);

    before(async () => {
      opened = await open(by, at, `viewer.html?study=${at.studies.stack}`, "portrait");
      page = opened.page;
      await deep(page);
    });

    test("full depth is drawn above the small picture, and nothing is refused or fails", async () => {
      await screen(page, `viewer-stack-${name.replaceAll(" ", "-")}`);
      assert.deepEqual(await barriers(page), []);
      assert.deepEqual(opened.problems, []);
    });

    test("one finger scrolls, two zoom about their middle, a double tap fits, three change the window", async () => {
      const start = await now(page);

      await touch(page, way([400, 400], [400, 600]));
      const scrolled = await now(page);
      await touch(page, pinch());
      const pinched = await now(page);
      for (let tap = 0; tap < 2; tap += 1) await page.touchscreen.tap(400, 600);
      await page.waitForTimeout(200);
      const fitted = await now(page);
      await touch(page, fan());
      const windowed = await now(page);

      assert.ok(scrolled.picture > start.picture);
      assert.equal(scrolled.zoom, 1);
      assert.ok(pinched.zoom > 1.4);
      assert.equal(pinched.picture, scrolled.picture);
      assert.equal(fitted.zoom, 1);
      assert.notDeepEqual(windowed.window, start.window);
      assert.equal(windowed.picture, fitted.picture);
      await deep(page);
    });

    test("a length is measured; a pinch leaves none behind, however late its second finger comes", async () => {
      await page.getByRole("button", { name: "Measure" }).click();
      await page.getByRole("button", { name: "Length" }).click();
      await deep(page);

      await touch(page, way([300, 500], [420, 500]));
      await page.waitForTimeout(300);
      assert.equal((await now(page)).measured, 1);
      await screen(page, `viewer-length-${name.replaceAll(" ", "-")}`);
      for (const late of [0, 20, 60, 120]) {
        await touch(
          page,
          [...(late ? [[[200, 800]]] : []), ...pinch([200, 800], [500, 800])] as never,
          Math.max(8, late / 2),
        );
        await page.waitForTimeout(300);
        assert.equal((await now(page)).measured, 1, `the second finger ${late} ms late`);
        await fit(page);
      }
      await touch(page, [[[600, 900]]], 30);
      await page.waitForTimeout(200);
      assert.equal((await now(page)).measured, 1, "a tap");

      await page.getByRole("button", { name: "Remove" }).click();
      assert.equal((await now(page)).measured, 0);
      await page.getByRole("button", { name: "Scroll" }).click();
    });

    test("a long press magnifies above the finger, and opens nothing of the system's own", async () => {
      const wire = await page.context().newCDPSession(page);
      await wire.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ x: 400, y: 700 }] });
      await page.waitForTimeout(700);

      const loupe = await page.locator(".loupe").boundingBox();
      await screen(page, `viewer-loupe-${name.replaceAll(" ", "-")}`);
      await wire.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });

      assert.ok(loupe && loupe.y + loupe.height < 700);
      await page.locator(".loupe").waitFor({ state: "hidden" });
      const { action, select, isMenuStopped } = await page.evaluate(() => {
        const canvas = document.querySelector("canvas.small") as HTMLCanvasElement;
        const menu = new MouseEvent("contextmenu", { bubbles: true, cancelable: true });
        canvas.dispatchEvent(menu);
        const style = getComputedStyle(canvas);
        return { action: style.touchAction, select: style.userSelect, isMenuStopped: menu.defaultPrevented };
      });
      assert.deepEqual([action, select, isMenuStopped], ["none", "none", true]);
    });

    test("a reload leads to the same picture and window", async () => {
      await page.evaluate(() => {
        (document.querySelector("pb-pane") as unknown as Seen).stage.fit();
      });
      await page.keyboard.press("Home");
      await page.keyboard.press("PageDown");
      await page.waitForTimeout(500);
      const left = await now(page);

      await page.reload();
      await deep(page);

      const found = await now(page);
      assert.equal(found.picture, left.picture);
      assert.deepEqual(found.window?.map(Math.round), left.window?.map(Math.round));
    });
  });
}

test("what a teacher draws and keeps is seen by students, who keep nothing", async () => {
  const path = `viewer.html?study=${at.studies.chest}`;
  const teacher = await open(by, at, path, "portrait", "tom");
  await deep(teacher.page);
  await teacher.page.getByRole("button", { name: "Measure" }).click();
  await teacher.page.getByRole("button", { name: "Length" }).click();
  await deep(teacher.page);
  await touch(teacher.page, way([300, 500], [420, 560]));
  await teacher.page.waitForTimeout(300);

  await teacher.page.getByRole("button", { name: "Keep" }).click();
  await teacher.page.getByRole("button", { name: "Kept" }).waitFor();

  const student = await open(by, at, path, "portrait");
  await deep(student.page);
  assert.equal((await now(student.page)).measured, 1);
  await student.page.getByRole("button", { name: "Measure" }).click();
  assert.equal(await student.page.getByRole("button", { name: "Keep" }).count(), 0);

  await student.page.getByRole("button", { name: "Length" }).click();
  await touch(student.page, way([300, 800], [420, 820]));
  await student.page.waitForTimeout(300);
  assert.equal((await now(student.page)).measured, 2);
  await student.page.reload();
  await deep(student.page);
  assert.equal((await now(student.page)).measured, 1, "what a student draws is gone with the page");
  assert.deepEqual([...teacher.problems, ...student.problems], []);
});

test("scrolling through a whole stack keeps what is remembered below 200 MB, and does not load the page anew", async () => {
  const { page, problems } = await open(by, at, `viewer.html?study=${at.studies.stack}`, "landscape");
  await deep(page);
  await page.evaluate(() => Object.assign(window, { isSame: true }));

  await page.keyboard.press("Home");
  for (let press = 0; press < 60; press += 1) await page.keyboard.press("ArrowDown", { delay: 20 });
  await deep(page);

  const isSame = await page.evaluate(() => "isSame" in window);
  const heap = await page.evaluate(
    () => (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize,
  );
  assert.ok(isSame);
  assert.ok(heap < MOST_CACHED, `${heap} bytes`);
  assert.equal((await now(page)).picture, 59);
  assert.deepEqual(problems, []);
});

/** Wait until the picture that is looked at is drawn at full depth. */
async function deep(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const pane = document.querySelector("pb-pane") as unknown as Seen | null;
    return pane?.full?.has(pane.stage.picture);
  });
}

async function now(
  page: Page,
): Promise<{ picture: number; zoom: number; window: number[] | undefined; measured: number }> {
  return page.evaluate(() => {
    const pane = document.querySelector("pb-pane") as unknown as Seen;
    return {
      picture: pane.stage.picture,
      zoom: pane.stage.view.zoom,
      window: pane.seen && [...pane.seen],
      measured: pane.full?.measure.count ?? -1,
    };
  });
}

async function fit(page: Page): Promise<void> {
  await page.evaluate(() => (document.querySelector("pb-pane") as unknown as Seen).stage.fit());
  await deep(page);
}

/** Two fingers that move apart. */
function pinch(
  left: [number, number] = [300, 600],
  right: [number, number] = [500, 600],
): [number, number][][] {
  return Array.from({ length: 10 }, (_, step) => [
    [left[0] - 5 * step, left[1]],
    [right[0] + 5 * step, right[1]],
  ]);
}

/** Three fingers that move to the right and down. */
function fan(): [number, number][][] {
  return Array.from({ length: 10 }, (_, step) =>
    [300, 400, 500].map((x): [number, number] => [x + 6 * step, 600 + 3 * step]),
  );
}
