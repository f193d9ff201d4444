// What the viewer draws is what the server draws, for every way in which values become grey or colours, with WebGL and without;
// and full depth lies exactly above the small picture, however that is turned, mirrored, zoomed and moved.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { at, attend, browse, by, NO_WEBGL, type Opened, open, touch, WEBGL, way } from "./aids.ts";

const NEAR = 2; // grey levels; servers round down, cards to the nearest
const SMALL_NEAR = 10; // of small pictures, which lose something
const AREA = /^(119|60\.9) mm²/; // of the rectangle that is drawn here
const DRAWN = ["VOI table", "modality table", "palette"]; // by the server, whose tables Cornerstone does not know

attend("odd", WEBGL);

for (const [name, flags] of [
  ["with WebGL", WEBGL],
  ["without WebGL", NO_WEBGL],
] as const) {
  describe(name, () => {
    browse(flags);
    let opened: Opened;
    let series: { ID: string; Description: string }[];

    before(async () => {
      opened = await open(by, at, `viewer.html?study=${at.studies.odd}`, "portrait");
      series = await opened.page.evaluate(async (id) => {
        const answer = await fetch(`../pacsberry/studies/${id}`, { headers: { "X-Pacsberry": "page" } });
        return (await answer.json()).Series;
      }, at.studies.odd);
    });

    test("each picture is drawn as the server draws it", async () => {
      const wrong: string[] = [];
      for (const { ID, Description } of series) {
        await show(opened.page, ID);
        const { full, small, isDrawn } = await compared(opened.page);
        if (!(full <= NEAR)) wrong.push(`${Description}: ${full} levels`);
        if (!(small <= SMALL_NEAR)) wrong.push(`${Description}, small: ${small} levels`);
        const isByServer = DRAWN.includes(Description) || (Description === "sigmoid" && flags === NO_WEBGL);
        if (isDrawn !== isByServer)
          wrong.push(`${Description}: ${isDrawn ? "drawn by the server" : "by us"}`);
      }

      assert.ok(series.length > 30, `${series.length} series`);
      assert.deepEqual(wrong, []);
      assert.deepEqual(opened.problems, []);
    });

    for (const name of ["plain", "oblong pixels"]) {
      test(`full depth lies above the small picture, however it lies: ${name}`, async () => {
        const { page } = opened;
        await show(page, series.find(({ Description }) => Description === name)?.ID ?? "");
        const wrong: string[] = [];
        for (const isMirrored of [false, true]) {
          for (let quarters = 0; quarters < 4; quarters += 1) {
            for (const zoom of [1, 1.7]) {
              const difference = await laid(page, { quarters, mirrored: isMirrored, zoom });
              if (!(difference < 6)) wrong.push(`${quarters} ${isMirrored} ${zoom}: ${difference}`);
            }
          }
        }

        assert.deepEqual(wrong, []);
      });
    }

    test("areas tell values in their unit, and none where the server has drawn the picture", async () => {
      const { page } = opened;
      await page.getByRole("button", { name: "Measure", exact: true }).click();
      await page.getByRole("button", { name: "Rectangle" }).click();
      const read: string[] = [];
      for (const name of ["rescaled, small slope", "modality table", "enhanced CT"]) {
        await show(page, series.find(({ Description }) => Description === name)?.ID ?? "");
        await touch(page, way([300, 400], [500, 600]));
        await page.locator(".svg-layer text", { hasText: AREA }).waitFor();
        read.push((await page.locator(".svg-layer text").allTextContents()).join(" "));
        await page.getByRole("button", { name: "Remove" }).click();
      }
      await page.getByRole("button", { name: "Scroll", exact: true }).click();

      assert.match(read[0] ?? "", /^119 mm²Mean 2\.\d ± 0\.\d+/);
      assert.match(read[1] ?? "", /^119 mm²$/);
      assert.match(read[2] ?? "", /^60.9 mm²Mean 1,3\d\d ± \d+/, "of the second frame, whose slope is 2");
      assert.deepEqual(opened.problems, []);
    });

    test("what cannot be decoded here is drawn by the server", async () => {
      const { page, context } = await open(by, at, "index.html", "portrait");
      await page.route(/\/frames\/\d+(\?|$)/, (route) =>
        route.fulfill({ contentType: "image/jls", body: "no picture" }),
      );
      const one = series.find(({ Description }) => Description === "JPEG-LS")?.ID ?? "";
      await page.goto(`${at.url}/app/viewer.html?study=${at.studies.odd}#series=${one}`);
      await deep(page, one);

      const { full, isDrawn } = await compared(page);

      assert.ok(isDrawn);
      assert.ok(full <= NEAR, `${full} levels`);
      await context.close();
    });
  });
}

test("all values of a stack are fetched packed, once the server has the pack made that the viewer asks for", async () => {
  const { page, context } = await open(by, at, `viewer.html?study=${at.studies.odd}`, "portrait");
  const one = await seriesOf(page, "enhanced CT");
  await show(page, one);
  await page.waitForFunction(() => {
    const { stack } = document.querySelector("pb-pane") as unknown as Pane;
    return stack.told?.Prepared.frames.State === "Ready";
  });

  const [asked] = await Promise.all([page.waitForRequest(/\/frames\/0/), page.keyboard.press("Home")]);

  assert.match(asked.url(), /\/pacsberry\/pictures\/[0-9a-f-]+\/frames\/0$/);
  await deep(page, one);
  await context.close();
});

test("another series may be chosen while the address is written: the last choice is shown", async () => {
  const { page, context } = await open(by, at, `viewer.html?study=${at.studies.odd}`, "portrait");
  const [first, second] = [await seriesOf(page, "plain"), await seriesOf(page, "signed")];
  await show(page, first);

  await page.evaluate((id) => {
    const before = location.hash;
    location.hash = `series=${id}`;
    history.replaceState(null, "", before); // what the page does 200 ms after something was looked at
  }, second);

  await deep(page, second);
  await context.close();
});

test("an image of many frames is a volume; it is cut in three planes", async () => {
  const { page, context, problems } = await open(by, at, "index.html", "portrait");
  const one = await seriesOf(page, "enhanced CT");

  await page.goto(`${at.url}/app/mpr.html?study=${at.studies.odd}&series=${one}`);
  await page.waitForFunction(
    () => (document.querySelector("pb-planes") as unknown as { arrived: number } | null)?.arrived === 1,
  );

  assert.equal(await page.getByRole("alert").count(), 0);
  assert.deepEqual(problems, []);
  await context.close();
});

async function seriesOf(page: Page, name: string): Promise<string> {
  const all = await page.evaluate(async (id): Promise<{ ID: string; Description: string }[]> => {
    const answer = await fetch(`../pacsberry/studies/${id}`, { headers: { "X-Pacsberry": "page" } });
    return (await answer.json()).Series;
  }, at.studies.odd);
  return all.find(({ Description }) => Description === name)?.ID ?? "";
}

/** What the viewer's element lets itself be asked. */
interface Pane {
  series: { ID: string } | undefined;
  window: readonly [number, number] | undefined;
  stack: {
    arrived: number;
    told: { ID: string; Prepared: { frames: { State: string } } } | undefined;
    facts: { Window: { Center: number; Width: number; Function: string } | null } | undefined;
    picture(number: number): { instance: { ID: string }; frame: number };
  };
  stage: {
    picture: number;
    canvas: HTMLCanvasElement;
    size: { width: number; height: number };
    screen: { width: number; height: number };
    view: object;
    lay(view: object): void;
  };
  full:
    | { has(picture: number): boolean; isMeasured(picture: number): boolean; drawn: HTMLCanvasElement }
    | undefined;
}

async function show(page: Page, series: string): Promise<void> {
  await page.evaluate((id) => {
    location.hash = `series=${id}`;
  }, series);
  await deep(page, series);
}

async function deep(page: Page, series: string): Promise<void> {
  await page.waitForFunction((id) => {
    const pane = document.querySelector("pb-pane") as unknown as Pane | null;
    return pane?.stack?.told?.ID === id && pane.stack.arrived > 0 && pane.full?.has(pane.stage.picture);
  }, series);
  await page.waitForTimeout(50); // for the screen
}

/** By how many levels the pictures differ from the server's in the middle of any of 8 x 8 squares. */
function compared(page: Page): Promise<{ full: number; small: number; isDrawn: boolean }> {
  return page.evaluate(async () => {
    const { stack, stage, full } = document.querySelector("pb-pane") as unknown as Pane;
    const { instance, frame } = stack.picture(stage.picture);
    const window = stack.facts?.Window;
    const asked =
      window?.Function === "LINEAR_EXACT"
        ? `?window-center=${window.Center}&window-width=${window.Width}`
        : "";
    const answer = await fetch(`../instances/${instance.ID}/frames/${frame}/rendered${asked}`, {
      headers: { Accept: "image/png", "X-Pacsberry": "page" },
    });
    const wanted = await createImageBitmap(await answer.blob());
    const scale = Math.min(stage.screen.width / stage.size.width, stage.screen.height / stage.size.height);
    const [width, height] = [stage.size.width * scale, stage.size.height * scale];
    const box = [
      (stage.screen.width - width) / 2,
      (stage.screen.height - height) / 2,
      width,
      height,
    ] as const;
    const right = squares(wanted, [0, 0, wanted.width, wanted.height]);
    return {
      full: full ? distance(squares(full.drawn, box), right) : Number.NaN,
      small: distance(squares(stage.canvas, box), right),
      isDrawn: full ? !full.isMeasured(stage.picture) : false,
    };

    function squares(
      from: HTMLCanvasElement | ImageBitmap,
      [left, top, across, down]: readonly [number, number, number, number],
    ): number[] {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [from.width, from.height];
      const context = canvas.getContext("2d") as CanvasRenderingContext2D;
      context.drawImage(from, 0, 0);
      return Array.from({ length: 64 }, (_, number) => [
        (number % 8) + 0.5,
        Math.floor(number / 8) + 0.5,
      ]).flatMap(([x, y]) => {
        const place = [left + ((x ?? 0) / 8) * across, top + ((y ?? 0) / 8) * down].map(Math.floor);
        return [...context.getImageData(place[0] ?? 0, place[1] ?? 0, 1, 1).data.slice(0, 3)];
      });
    }

    function distance(one: number[], other: number[]): number {
      return Math.max(...one.map((value, place) => Math.abs(value - (other[place] ?? 0))));
    }
  });
}

/** The mean difference between full depth and the small picture, as they are drawn. */
function laid(page: Page, view: { quarters: number; mirrored: boolean; zoom: number }): Promise<number> {
  return page.evaluate(async (given) => {
    const { stage, full } = document.querySelector("pb-pane") as unknown as Pane;
    stage.lay({ ...stage.view, x: 60, y: -90, ...given });
    for (let frame = 0; frame < 4; frame += 1) await new Promise((done) => requestAnimationFrame(done));
    const [one, other] = [full?.drawn, stage.canvas].map((canvas) => {
      const copy = document.createElement("canvas");
      [copy.width, copy.height] = [stage.screen.width, stage.screen.height];
      const context = copy.getContext("2d") as CanvasRenderingContext2D;
      context.drawImage(canvas as HTMLCanvasElement, 0, 0, copy.width, copy.height);
      return context.getImageData(0, 0, copy.width, copy.height).data;
    });
    let sum = 0;
    for (let place = 0; place < (one?.length ?? 0); place += 4) {
      sum += Math.abs((one?.[place] ?? 0) - (other?.[place] ?? 0));
    }
    return sum / ((one?.length ?? 0) / 4);
  }, view);
}
