// A library of 2000 studies: a page at a time, found as one types, and one comes back to where one was.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { at, attend, barriers, by, type Opened, open, overhang, screen } from "./aids.ts";

const PAGE = 40; // studies that are listed at first, and with each "Show more"
const MANY = 2000;
const HIDDEN = MANY / 10;
const SOON = 4000; // ms; many times of what it takes on a computer that does nothing else
const JERK = 150; // ms between two frames that are seen as a jerk

attend("library");

test("the first page comes soon, and is one page only", async () => {
  const { page, context, problems } = await library("tom");
  const { time, asked } = await page.evaluate(() => ({
    time: performance.now(),
    asked: performance.getEntriesByType("resource").filter(({ name }) => name.includes("/pacsberry/studies?"))
      .length,
  }));

  assert.ok(time < SOON, `${Math.round(time)} ms`);
  assert.equal(asked, 1);
  assert.equal(await count(page), PAGE);
  await screen(page, "library");
  assert.deepEqual(await barriers(page), []);
  assert.equal(await overhang(page), 0);
  assert.deepEqual(problems, []);
  await context.close();
});

test("pages follow each other without a gap, to the last study that one may see", async () => {
  for (const [user, all] of [
    ["tom", MANY],
    ["", MANY - HIDDEN],
  ] as const) {
    const { page, context } = await library(user);

    const { names, times } = await page.evaluate(async (limit) => {
      const names: string[] = [];
      const times: number[] = [];
      for (let hasMore = true; hasMore; ) {
        const start = performance.now();
        const answer = await fetch(`../pacsberry/studies?since=${names.length}&limit=${limit}&sort=-date`);
        const told = (await answer.json()) as { Studies: { Description: string }[]; HasMore: boolean };
        names.push(...told.Studies.map(({ Description }) => Description));
        times.push(performance.now() - start);
        hasMore = told.HasMore;
      }
      return { names, times };
    }, PAGE);

    assert.equal(names.length, all);
    assert.deepEqual(names, [...new Set(names)].sort().reverse());
    assert.ok(median(times) < 150, `${Math.round(median(times))} ms for a page`);
    await context.close();
  }
});

test("one finds as one types, in all of them", async () => {
  const { page, context } = await library("");
  const start = Date.now();
  await page.getByLabel("Search").pressSequentially("1234", { delay: 30 });
  await page.waitForFunction(() => document.querySelectorAll(".card").length === 1);
  const took = Date.now() - start;

  assert.match(await page.locator(".card").innerText(), /Case 1234: wrist/);
  assert.ok(took < SOON, `${took} ms`);
  await page.getByLabel("Search").fill("1230");
  await page.getByText("No studies are found.").waitFor(); // students do not see it
  await page.getByLabel("Search").fill("wrist");
  await page.waitForFunction((most) => document.querySelectorAll(".card").length === most, PAGE);
  await context.close();
});

test("a long list scrolls without jerks", async () => {
  const { page, context } = await library("");
  await more(page, 6);
  await page.waitForLoadState("networkidle");

  const frames = page.evaluate(async () => {
    const pauses: number[] = [];
    let last = performance.now();
    await new Promise<void>((done) => {
      const frame = (now: number) => {
        pauses.push(now - last);
        last = now;
        if (pauses.length < 90) requestAnimationFrame(frame);
        else done();
      };
      requestAnimationFrame(frame);
    });
    return pauses;
  });
  const wire = await context.newCDPSession(page);
  const swipe = { x: 400, y: 800, yDistance: -6000, speed: 4000, gestureSourceType: "touch" } as const;
  await wire.send("Input.synthesizeScrollGesture", swipe);
  const jerks = (await frames).filter((pause) => pause > JERK);

  assert.ok((await page.evaluate(() => scrollY)) > 3000);
  assert.ok(jerks.length < 3, `${jerks.map(Math.round)} ms`);
  await context.close();
});

test("back from a study, and after a reload, one is where one was", async () => {
  const { page, context } = await library("");
  await page.getByLabel("Search").fill("knee");
  await page.waitForFunction(() => document.querySelector(".card")?.textContent?.includes("knee"));
  await more(page, 3);
  const card = page.locator(".card").nth(100);
  await card.scrollIntoViewIfNeeded();
  const name = (await card.locator("a.open").textContent()) ?? "";

  await card.locator("a.open").click();
  await page.locator("pb-pane").waitFor();
  await page.goBack();
  await seen(page, name);
  await page.reload();
  await seen(page, name);

  assert.equal(await page.getByLabel("Search").inputValue(), "knee");
  assert.equal(await count(page), 4 * PAGE);
  await context.close();
});

/** The list, when its first page is there. */
async function library(user: string): Promise<Opened> {
  const opened = await open(by, at, "index.html", "portrait", user);
  await opened.page.waitForFunction((most) => document.querySelectorAll(".card").length === most, PAGE);
  return opened;
}

/** Show more, so many times. */
async function more(page: Page, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    const before = await count(page);
    await page.getByRole("button", { name: "Show more" }).click();
    await page.waitForFunction((most) => document.querySelectorAll(".card").length > most, before);
  }
}

/** Wait until a study is on the screen. */
async function seen(page: Page, name: string): Promise<void> {
  await page.waitForFunction((wanted) => {
    const link = [...document.querySelectorAll("a.open")].find((one) => one.textContent === wanted);
    const { top, bottom } = link?.getBoundingClientRect() ?? { top: -1, bottom: -1 };
    return top >= 0 && bottom <= innerHeight;
  }, name);
}

function count(page: Page): Promise<number> {
  return page.locator(".card").count();
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
