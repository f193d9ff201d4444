// How every page and what opens on it looks in three languages, light and dark, on tablets and a phone: whole, readable, without barriers.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { de } from "../../web/src/words/de.ts";
import { en, type Key } from "../../web/src/words/en.ts";
import { fr } from "../../web/src/words/fr.ts";
import { at, attend, barriers, by, open, SIZES, type SizeName, screen, WEBGL } from "./aids.ts";

const LANGUAGES = { en, de, fr } as const;
type Language = keyof typeof LANGUAGES;
type Cookies = Parameters<Awaited<ReturnType<typeof open>>["context"]["addCookies"]>[0];

interface State {
  path: () => string;
  user?: string;
  /** Lead there from the page as it comes. */
  reach(page: Page, words: (key: Key) => string): Promise<void>;
}

attend(undefined, WEBGL);

const cookies: Record<string, Cookies> = { "": [] };
let stack = ""; // the series of that study

/** Have all signed in once: their cookies serve for all pages. */
async function arrive(): Promise<void> {
  for (const user of Object.keys(at.users)) {
    const { page, context } = await open(by, at, "index.html", "portrait", user);
    cookies[user] = await context.cookies();
    stack = await page.evaluate(async (study) => {
      const told = (await (await fetch(`../pacsberry/studies/${study}`)).json()) as {
        Series: { ID: string }[];
      };
      return told.Series[0]?.ID ?? "";
    }, at.studies.stack);
    await context.close();
  }
}

const viewer = () => `viewer.html?study=${at.studies.chest}`;
const STATES: Record<string, State> = {
  "studies, student": { path: () => "index.html", reach: (page) => page.locator(".card").nth(3).waitFor() },
  "nothing found": {
    path: () => "index.html?text=zzz",
    reach: (page) => page.locator("main > [role=status]").first().waitFor(),
  },
  "studies, teacher": {
    path: () => "index.html",
    user: "tom",
    reach: async (page) => {
      await page.locator(".card").nth(4).waitFor();
      await page.locator(".card .tick input").first().check();
      await unfold(page);
    },
  },
  upload: {
    path: () => "upload.html",
    user: "tom",
    reach: async (page, words) => {
      const file = {
        name: "handout.pdf",
        mimeType: "application/pdf",
        buffer: Buffer.from("%PDF-1.4\n%%EOF\n"),
      };
      await page.locator("input[name=files]").setInputFiles([file]);
      await page.getByRole("button", { name: words("captions.leaveOut") }).waitFor();
    },
  },
  "upload, student": { path: () => "upload.html", reach: (page) => page.locator("main").waitFor() },
  admin: {
    path: () => "admin.html",
    user: "anna",
    reach: async (page, words) => {
      await page.getByRole("heading", { name: words("admin.log"), exact: true }).waitFor();
      await page.waitForLoadState("networkidle");
      await unfold(page);
    },
  },
  "sign-in": { path: () => "sign-in.html", reach: (page) => page.locator("input[type=password]").waitFor() },
  "what is hidden": {
    path: () => `viewer.html?study=${at.studies.hidden}`,
    reach: (page) => page.getByRole("alert").waitFor(),
  },
  viewer: { path: viewer, reach: drawn },
  ...Object.fromEntries(
    (["contrast", "measure", "view", "layout"] as const).map((tray) => [
      `viewer, ${tray}`,
      {
        path: viewer,
        user: "tom",
        reach: async (page: Page, words: (key: Key) => string) => {
          await drawn(page);
          await page.getByRole("button", { name: words(`viewer.${tray}`), exact: true }).click();
          await page.locator(".tray button").first().waitFor();
        },
      },
    ]),
  ),
  "viewer, tags": {
    path: viewer,
    user: "tom",
    reach: async (page, words) => {
      await drawn(page);
      await page.getByRole("button", { name: words("viewer.view"), exact: true }).click();
      await page.getByRole("button", { name: words("viewer.tags"), exact: true }).click();
      await page.locator("pb-tags dl > div").nth(10).waitFor();
    },
  },
  "three planes": {
    path: () => `mpr.html?study=${at.studies.stack}&series=${stack}`,
    reach: async (page) => {
      await page.locator(".plane .marks line").nth(5).waitFor({ state: "attached" });
      await page.waitForFunction(() => !document.querySelector("progress"));
    },
  },
};

for (const language of Object.keys(LANGUAGES) as Language[]) {
  for (const [name, { path, user = "", reach }] of Object.entries(STATES)) {
    test(`${name}: ${language}`, async () => {
      const words = (key: Key) => LANGUAGES[language][key];
      const { page, context } = await open(by, at, "berry.svg", "portrait", "", language);
      if (!stack) await arrive();
      await context.addCookies(cookies[user] ?? []);
      await page.goto(`${at.url}/app/${path()}`);
      await reach(page, words);

      const found: string[] = [];
      for (const size of Object.keys(SIZES) as SizeName[]) {
        await page.setViewportSize(SIZES[size]);
        await settled(page);
        found.push(...(await cut(page)).map((text) => `${size}: ${text}`));
      }
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await screen(page, `looks-${name.replaceAll(/\W+/g, "-")}-${language}-${colorScheme}`);
        if (language === "de") found.push(...(await barriers(page)).map((text) => `${colorScheme}: ${text}`));
      }

      assert.equal(await page.locator("html").getAttribute("lang"), language);
      assert.deepEqual(found, []);
      await context.close();
    });
  }
}

/** Open all that folds out. */
async function unfold(page: Page): Promise<void> {
  await page.evaluate(() => {
    for (const one of document.querySelectorAll("details")) one.open = true;
  });
}

async function drawn(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const pane = document.querySelector("pb-pane") as unknown as { stack?: { arrived: number } } | null;
    return (pane?.stack?.arrived ?? 0) > 0;
  });
}

/** Two frames, so that what watches sizes has been told. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** What sticks out of the screen and cannot be scrolled to, and words that are cut off or lie above others. */
function cut(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth)
      found.push(`the page is ${root.scrollWidth - root.clientWidth} px too wide`);
    const canScroll = (element: Element): boolean => {
      const { overflowX } = getComputedStyle(element);
      return overflowX === "auto" || overflowX === "scroll";
    };
    for (const element of document.querySelectorAll<HTMLElement>("body *")) {
      if (!element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) continue;
      if (element.closest("svg, .visually-hidden")) continue;
      const text = (element.textContent ?? "").trim().replaceAll(/\s+/g, " ").slice(0, 60);
      const { overflowX, textOverflow } = getComputedStyle(element);
      const tooWide = element.scrollWidth - element.clientWidth;
      const isOwn = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim());
      if (isOwn && element.clientWidth && tooWide > 1 && textOverflow !== "ellipsis" && overflowX !== "auto")
        found.push(`“${text}” is ${tooWide} px wider than its ${element.localName}`);
      const { left, right } = element.getBoundingClientRect();
      let around: Element | null = element;
      while (around && !canScroll(around)) around = around.parentElement;
      if (!around && text && (left < -1 || right > innerWidth + 1))
        found.push(
          `“${text}” (${element.localName}.${element.className}) sticks out: ${Math.round(left)} to ${Math.round(right)}`,
        );
    }
    return [...new Set(found)].slice(0, 20);
  });
}
