// Three planes through a volume: drawn where they belong, moved by fingers, wheel and taps; and said plainly where they cannot be.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
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
  overhang,
  SIZES,
  type SizeName,
  screen,
  touch,
  WEBGL,
  way,
} from "./aids.ts";

attend(undefined, WEBGL);

for (const size of Object.keys(SIZES) as SizeName[]) {
  test(`three planes are drawn, fit and have no barriers: ${size}`, async () => {
    const { page, context, problems } = await planes(size);

    await screen(page, `mpr-${size}`);
    const { sagittal } = await seen(
      page,
      "the two planes that cross the dot",
      (now) => now.axial && now.coronal,
    );

    assert.equal(sagittal, undefined, "the third lies beside it");
    assert.equal(await overhang(page), 0);
    assert.deepEqual(await barriers(page), []);
    assert.deepEqual(problems, []);
    await context.close();
  });
}

test("one finger and the wheel go through the slices, and the lines of the other planes go along", async () => {
  const { page, context } = await planes("landscape");
  const start = await seen(page, "the dot", ({ axial }) => axial);
  const dot = start.axial as Dot;
  const { x, y } = await plane(page, "axial");

  await touch(page, way([x + 60, y + 60], [x + 60, y + 60 + 6 * 5]));
  const scrolled = await seen(
    page,
    "the dot of another slice",
    ({ axial }) => axial && !near(axial, dot, 10),
  );
  await page.mouse.move(x + 60, y + 60);
  for (let turn = 0; turn < 6 && !near((await lit(page)).axial, dot, 1); turn += 1) {
    await page.mouse.wheel(0, -40);
    await page.waitForTimeout(200);
  }
  await seen(page, "the same slice again", ({ axial }) => near(axial, dot, 1));

  assert.ok(Math.abs((scrolled.axial as Dot).x - dot.x) < 2);
  assert.notDeepEqual(scrolled.crossing.coronal, start.crossing.coronal);
  assert.deepEqual(scrolled.crossing.axial, start.crossing.axial);
  await context.close();
});

test("the planes meet where one taps; two fingers zoom one plane; a double tap fits all", async () => {
  const { page, context } = await planes("landscape");
  const dot = (await seen(page, "the dot", ({ axial }) => axial)).axial as Dot;
  const box = await plane(page, "axial");
  const [middle, height] = [box.x + box.width / 2, box.y + box.height / 2];

  await page.touchscreen.tap(box.x + dot.x, box.y + dot.y);
  const met = await seen(page, "all planes through the dot", ({ coronal, sagittal }) => coronal && sagittal);
  await page.waitForTimeout(400); // another tap is no double one then
  await touch(
    page,
    Array.from({ length: 10 }, (_, step) => [
      [middle - 30 - 3 * step, height],
      [middle + 30 + 3 * step, height],
    ]),
  );
  const zoomed = await seen(page, "a larger dot", ({ axial }) => axial && axial.area > 1.5 * dot.area);
  for (let tap = 0; tap < 2; tap += 1) await page.touchscreen.tap(middle, height);
  await seen(page, "all as at first", ({ axial }) => near(axial, dot, 2));

  assert.ok(near(met.crossing.axial, dot, 3), JSON.stringify([met.crossing, dot]));
  assert.ok(near(zoomed.coronal, met.coronal as Dot, 2), "the others are not zoomed");
  await context.close();
});

test("three fingers and the presets change the window of all planes", async () => {
  const { page, context } = await planes("landscape");
  const window = () => page.locator(".hints").innerText();
  const start = await window();
  const box = await plane(page, "axial");

  await touch(
    page,
    Array.from({ length: 10 }, (_, step) =>
      [60, 120, 180].map((x): [number, number] => [box.x + x + 6 * step, box.y + 80 + 4 * step]),
    ),
  );
  await page.waitForFunction(
    (before) => document.querySelector<HTMLElement>(".hints")?.innerText !== before,
    start,
  );
  await page.getByRole("button", { name: "Bone" }).click();
  await page.waitForFunction(() =>
    document.querySelector(".hints")?.textContent?.match(/C\s*\d+\s+W\s*\d{4}/),
  );

  assert.notEqual(await window(), start);
  await context.close();
});

test("the way back leads to the series, and what is hidden or no volume is said", async () => {
  const { page, context } = await planes("portrait");
  const series = new URL(page.url()).searchParams.get("series") ?? "";
  await page.getByRole("link", { name: "Pictures" }).click();
  await page.locator("pb-pane").waitFor();
  assert.equal(new URL(page.url()).hash.includes(series), true);

  await page.goto(`${at.url}/app/mpr.html?study=x&series=00000000-00000000-00000000-00000000-00000000`);
  await page.getByRole("alert").waitFor();
  await context.close();
});

describe("without WebGL", () => {
  browse(NO_WEBGL);

  test("it is said that volumes cannot be drawn", async () => {
    const { page, context, problems } = await open(by, at, await path(), "portrait");
    await page.getByText("it has no WebGL 2").waitFor();

    await screen(page, "mpr-no-webgl");
    assert.equal(await page.locator("progress").count(), 0);
    assert.deepEqual(await barriers(page), []);
    assert.deepEqual(problems, []);
    await context.close();
  });
});

interface Dot {
  x: number;
  y: number;
  area: number;
}

/** The bright places of the planes and where the lines meet, in CSS pixels of each plane. */
interface Lit {
  axial: Dot | undefined;
  coronal: Dot | undefined;
  sagittal: Dot | undefined;
  crossing: Record<string, { x: number; y: number }>;
}

/** The page of the series of the wandering dot. */
async function path(): Promise<string> {
  const { page, context } = await open(by, at, "berry.svg", "portrait");
  const series = await page.evaluate(async (study) => {
    const told = (await (await fetch(`../pacsberry/studies/${study}`)).json()) as {
      Series: { ID: string }[];
    };
    return told.Series[0]?.ID;
  }, at.studies.stack);
  await context.close();
  return `mpr.html?study=${at.studies.stack}&series=${series}`;
}

/** The three planes of the wandering dot, when the whole volume is there. */
async function planes(size: SizeName): Promise<Opened> {
  const opened = await open(by, at, await path(), size);
  await opened.page.locator(".plane .marks line").nth(5).waitFor({ state: "attached" });
  await opened.page.waitForFunction(() => !document.querySelector("progress"));
  return opened;
}

async function plane(
  page: Page,
  name: string,
): Promise<{ x: number; y: number; width: number; height: number }> {
  const box = await page.locator(`[data-plane="${name}"]`).boundingBox();
  assert.ok(box);
  return box;
}

function near(
  one: { x: number; y: number } | undefined,
  other: { x: number; y: number },
  pixels: number,
): boolean {
  return one !== undefined && Math.hypot(one.x - other.x, one.y - other.y) <= pixels;
}

/** What is lit, once it is as wanted: a busy computer draws late. */
async function seen(page: Page, what: string, wanted: (now: Lit) => unknown): Promise<Lit> {
  const last = Date.now() + 10_000; // ms
  for (;;) {
    const now = await lit(page);
    if (wanted(now)) return now;
    assert.ok(Date.now() < last, `${what}: ${JSON.stringify(now)}`);
    await page.waitForTimeout(50);
  }
}

function lit(page: Page): Promise<Lit> {
  return page.evaluate(() => {
    const found: Record<string, unknown> = {};
    const crossing: Record<string, { x: number; y: number }> = {};
    for (const plane of document.querySelectorAll<HTMLElement>(".plane")) {
      const canvas = plane.querySelector("canvas") as HTMLCanvasElement;
      const scale = canvas.clientWidth / canvas.width;
      const context = canvas.getContext("2d") as CanvasRenderingContext2D;
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      let [sumX, sumY, count] = [0, 0, 0];
      for (let place = 0; place < data.length / 4; place += 1) {
        if ((data[place * 4] ?? 0) < 200) continue;
        sumX += place % canvas.width;
        sumY += Math.floor(place / canvas.width);
        count += 1;
      }
      const name = plane.dataset.plane ?? "";
      const dot = { x: (scale * sumX) / count, y: (scale * sumY) / count, area: count * scale * scale };
      found[name] = count ? dot : undefined;
      const [across, upright] = plane.querySelectorAll("line");
      crossing[name] = { x: Number(upright?.getAttribute("x1")), y: Number(across?.getAttribute("y1")) };
    }
    return { ...found, crossing } as unknown as Lit;
  });
}
