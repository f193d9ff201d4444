// The viewer as pupils use it: screens of all sizes, addresses that lead back, how a picture lies, what students see.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Browser, Page } from "playwright-core";
import {
  at,
  attend,
  barriers,
  by,
  open,
  overhang,
  type School,
  SIZES,
  type SizeName,
  screen,
  touch,
  way,
} from "./aids.ts";

attend();

for (const size of Object.keys(SIZES) as SizeName[]) {
  test(`pictures and all that is opened above them fit, without barriers: ${size}`, async () => {
    const { page, context, problems } = await open(by, at, `viewer.html?study=${at.studies.chest}`, size);
    await drawn(page);

    const found: string[] = [];
    for (const tray of ["", "Window", "Measure", "View", "Layout"]) {
      if (tray) await page.getByRole("button", { name: tray, exact: true }).click();
      await screen(page, `viewer-${tray.toLowerCase() || "picture"}-${size}`);
      assert.equal(await overhang(page), 0, tray);
      found.push(...(await small(page)), ...(await cutOff(page)));
      if (size === "portrait" || !tray) found.push(...(await barriers(page)));
    }
    await page.getByRole("button", { name: "Four" }).click();
    await page.locator("pb-pane").nth(3).waitFor();
    await page.waitForLoadState("networkidle");
    await screen(page, `viewer-four-${size}`);

    assert.deepEqual([...new Set(found)], []);
    assert.equal(await overhang(page), 0);
    assert.deepEqual(problems, []);
    await context.close();
  });
}

test("an address leads to a picture and its window, and the back button to the series before", async () => {
  const { page, context } = await open(by, at, `viewer.html?study=${at.studies.chest}`, "portrait");
  await drawn(page);
  const first = await corner(page);
  await page.locator(".series button").nth(1).click();
  await page.waitForFunction(() => !document.querySelector(".bottom.left")?.textContent?.includes("12"));

  await page.goBack();
  await page.waitForFunction(() => document.querySelector(".bottom.left")?.textContent?.includes("/ 12"));

  assert.equal(await corner(page), first);
  const series = new URL(page.url()).hash.match(/series=([0-9a-f-]+)/)?.[1];
  await page.goto(`${at.url}/app/index.html`);
  await page.goto(
    `${at.url}/app/viewer.html?study=${at.studies.chest}#series=${series}&picture=8&window=100,200`,
  );
  await drawn(page);
  assert.equal(await corner(page), "C 100 W 200 9 / 12");
  await page.goBack();
  await page.locator(".card").first().waitFor();
  await context.close();
});

test("one finger scrolls the stack before full depth is there", async () => {
  const { page, context } = await open(by, at, "index.html", "portrait");
  await page.route(/\/assets\/full-/, () => {}); // on its way for ever
  await page.goto(`${at.url}/app/viewer.html?study=${at.studies.stack}#picture=10`);
  await drawn(page);
  const before = await lit(page);

  await touch(page, way([400, 300], [400, 600]));
  await page.waitForFunction(() => !document.querySelector(".bottom.left")?.textContent?.includes("11 /"));

  assert.match(before.number, /^11 \/ 60/);
  assert.ok((await lit(page)).y > before.y + 20, "the dot of a later picture is further down");
  await context.close();
});

test("a picture is inverted, mirrored and turned, as often as one likes", async () => {
  const { page, context } = await open(by, at, `viewer.html?study=${at.studies.stack}#picture=5`, "portrait");
  await drawn(page);
  await page.getByRole("button", { name: "View", exact: true }).click();

  const lay: Lit[] = [await lit(page)];
  for (const name of ["Invert", "Invert", "Mirror", "Mirror", "Turn", "Turn", "Turn", "Turn"]) {
    await page.getByRole("button", { name, exact: true }).click();
    await page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
    );
    lay.push(await lit(page));
  }

  const [start, inverted, same, mirrored, back, turned, , , around] = lay;
  assert.ok(start && start.x < -40 && start.y < -40 && start.mean < 60, JSON.stringify(start));
  assert.ok(inverted && inverted.mean > 200, JSON.stringify(inverted));
  assert.deepEqual(round(mirrored), round({ ...start, x: -start.x }));
  assert.deepEqual(round(turned), round({ ...start, x: -start.y, y: start.x }));
  for (const one of [same, back, around]) assert.deepEqual(round(one), round(start));
  await context.close();
});

test("a student reads no names beside the pictures, a teacher does", async () => {
  for (const [user, isNamed] of [
    ["", false],
    ["tom", true],
  ] as const) {
    const { page, context } = await open(by, at, `viewer.html?study=${at.studies.chest}`, "landscape", user);
    await drawn(page);

    const text = (await page.locator("body").textContent()) ?? "";

    assert.equal(text.includes("Demo, Chest"), isNamed, user || "student");
    await context.close();
  }
});

test("a student gets nothing of what is hidden, by whatever address", async () => {
  const { page, context } = await open(by, at, "index.html", "portrait");
  const series = await asked(by, at, at.studies.hidden ?? "");

  const answers = await page.evaluate(
    async ([study, one]) => {
      const paths = [
        `pacsberry/studies/${study}`,
        `pacsberry/series/${one}/thumbnail`,
        `pacsberry/series/${one}/manifest`,
        `studies/${study}`,
        `studies/${study}/archive`,
        `series/${one}`,
        "instances",
        "patients",
      ];
      return Promise.all(
        paths.map(async (path) => (await fetch(`../${path}`, { headers: { "X-Pacsberry": "page" } })).status),
      );
    },
    [at.studies.hidden, series] as const,
  );

  assert.ok(
    answers.every((status) => status === 401 || status === 404),
    `${answers}`,
  );
  await context.close();
});

/** Wait until a picture of the stack is drawn, small or at full depth. */
async function drawn(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const pane = document.querySelector("pb-pane") as unknown as { stack?: { arrived: number } } | null;
    return (pane?.stack?.arrived ?? 0) > 0;
  });
}

async function corner(page: Page): Promise<string> {
  return ((await page.locator(".bottom.left").first().textContent()) ?? "").replace(/\s+/g, " ").trim();
}

/** Where the brightest place of the drawn picture is, in CSS pixels from its middle, how bright it is all in all, and its number. */
interface Lit {
  x: number;
  y: number;
  mean: number;
  number: string;
}

/** To 4 pixels: that is less than a pixel of the picture. */
function round(lit: Lit | undefined): unknown {
  return lit && { x: Math.round(lit.x / 4), y: Math.round(lit.y / 4) };
}

function lit(page: Page): Promise<Lit> {
  return page.evaluate(() => {
    const canvas = document.querySelector("pb-pane canvas.small") as HTMLCanvasElement;
    const { width, height } = canvas;
    const side = Math.min(width, height);
    const [left, top] = [Math.floor((width - side) / 2), Math.floor((height - side) / 2)];
    const { data } = (canvas.getContext("2d") as CanvasRenderingContext2D).getImageData(
      left,
      top,
      side,
      side,
    );
    let [sum, sumX, sumY, count] = [0, 0, 0, 0];
    for (let place = 0; place < side * side; place += 1) {
      const value = data[place * 4] ?? 0;
      sum += value;
      if (value < 200) continue;
      sumX += place % side;
      sumY += Math.floor(place / side);
      count += 1;
    }
    const number = document.querySelector(".bottom.left span:last-child")?.textContent ?? "";
    return { x: sumX / count - side / 2, y: sumY / count - side / 2, mean: sum / (side * side), number };
  });
}

/** What can be touched, and is smaller than a finger. */
function small(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll("button, a, input, select, summary")]
      .filter((one) => one.checkVisibility())
      .map((one) => ({ box: (one.closest("label") ?? one).getBoundingClientRect(), one }))
      .filter(({ box }) => box.width > 1 && (box.width < 43.5 || box.height < 43.5))
      .map(
        ({ box, one }) =>
          `${one.outerHTML.slice(0, 80)} is ${Math.round(box.width)} × ${Math.round(box.height)}`,
      ),
  );
}

/** Buttons of the bar that are not on the screen as a whole: a row of them that can be scrolled hides the last one. */
function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    return [...document.querySelectorAll(".bar a, .bar button")]
      .filter((one) => one.getBoundingClientRect().right > width || one.getBoundingClientRect().left < 0)
      .map((one) => `${one.textContent?.trim()} is cut off`);
  });
}

/** The first series of a study, asked for by a teacher. */
async function asked(by: Browser, at: School, study: string): Promise<string> {
  const { page, context } = await open(by, at, "index.html", "portrait", "tom");
  const told = (await page.evaluate(
    async (id) => (await fetch(`../pacsberry/studies/${id}`)).json(),
    study,
  )) as {
    Series: { ID: string }[];
  };
  await context.close();
  return told.Series[0]?.ID ?? "";
}
