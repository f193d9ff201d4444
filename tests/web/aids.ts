// What the tests in a browser share: a server full of studies, Chromium, screens of iPads, fingers, pictures, axe.
// Everything is plain HTTP on a name that is no localhost, as in a classroom.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { after, before } from "node:test";
import type { AxeBuilder as Axe } from "@axe-core/playwright";
import type { Browser, BrowserContext, Page } from "playwright-core";

const ROOT = resolve(import.meta.dirname, "../..");
const SCREENS = join(ROOT, "tests/web/screens");
const packages = createRequire(join(ROOT, "web/package.json"));
const { chromium } = packages("playwright-core") as typeof import("playwright-core");
const { AxeBuilder } = packages("@axe-core/playwright") as { AxeBuilder: typeof Axe };

export const NAME = "pacsberry.test";
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const WAIT = 15_000; // ms for each thing that is waited for
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  `--host-resolver-rules=MAP ${NAME} 127.0.0.1`,
];

export const SIZES = {
  portrait: { width: 820, height: 1180 },
  landscape: { width: 1180, height: 820 },
  phone: { width: 390, height: 844 },
} as const;
export type SizeName = keyof typeof SIZES;

export interface School {
  url: string;
  users: Record<string, string>;
  studies: Record<string, string>;
  files: string;
  code: string;
  stop(): Promise<void>;
}

/** What `school.py` fills it with; undefined for studies of many kinds. */
export type Kind = "new" | "tidy" | "odd" | "library";

/** Start a server. */
export async function school(kind?: Kind): Promise<School> {
  const folder = mkdtempSync(join(tmpdir(), "pacsberry-web-"));
  const server: ChildProcess = spawn(
    join(ROOT, ".venv/bin/python"),
    ["-m", "tests.web.school", folder, ...(kind ? [kind] : [])],
    {
      cwd: ROOT,
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  const ended = once(server, "exit");
  const told = (await Promise.race([firstLine(server), ended.then(() => undefined)])) as Told | undefined;
  if (!told) throw new Error("The server has ended before it told its port: see above.");
  return {
    ...told,
    url: `http://${NAME}:${told.port}`,
    stop: async () => {
      server.stdin?.end(); // it runs until then, so it ends with these tests, too, however they end
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type Told = { port: number } & Omit<School, "url" | "stop">;

/** Its first line; the rest is let go, or a full pipe would hold the server up. */
async function firstLine(server: ChildProcess): Promise<Told> {
  const lines = createInterface({ input: server.stdout as NodeJS.ReadableStream });
  const [line] = (await once(lines, "line")) as [string];
  return JSON.parse(line) as Told;
}

/** Chromium, with further arguments. */
export function browser(more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: [...QUIET, ...more], timeout: WAIT });
}

/** The server and the browser of a file of tests, from `attend` on. */
export let at: School;
export let by: Browser;

/** Have both for the tests of this file. */
export function attend(kind?: Kind, flags: readonly string[] = []): void {
  before(async () => {
    at = await school(kind);
  });
  after(() => at?.stop());
  browse(flags);
}

/** Have a browser with further arguments for the tests of a group. */
export function browse(flags: readonly string[] = []): void {
  let outer: Browser;
  before(async () => {
    outer = by;
    by = await browser(flags);
  });
  after(async () => {
    await by?.close();
    by = outer;
  });
}

/** Draws WebGL without a graphics card; and a browser that has none. */
export const WEBGL = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"];
export const NO_WEBGL = ["--disable-3d-apis"];

export interface Opened {
  page: Page;
  context: BrowserContext;
  /** What went wrong in the page: errors of scripts, refused by the security policy, answers 4xx and 5xx. */
  problems: string[];
  /** Bytes of all answers so far, as they came over the wire. */
  bytes(): number;
}

/** A page of a new visitor, with fingers, in English; signed in when a name is given. */
export async function open(
  by: Browser,
  at: School,
  path: string,
  size: SizeName,
  user = "",
  language = "en",
): Promise<Opened> {
  const context = await by.newContext({
    viewport: SIZES[size],
    hasTouch: true,
    locale: language,
    deviceScaleFactor: 1,
  });
  context.setDefaultTimeout(WAIT);
  const page = await context.newPage();
  const problems: string[] = [];
  let received = 0;
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  page.on("response", (answer) => {
    if (answer.status() >= 400) problems.push(`${answer.status()} ${answer.url()}`);
  });
  const wire = await context.newCDPSession(page);
  await wire.send("Network.enable");
  wire.on("Network.loadingFinished", (event) => {
    received += event.encodedDataLength;
  });
  if (user) await signIn(page, at, user);
  await page.goto(`${at.url}/app/${path}`);
  return { page, context, problems, bytes: () => received };
}

async function signIn(page: Page, at: School, user: string): Promise<void> {
  await page.goto(`${at.url}/app/sign-in.html`);
  await page.getByLabel("Name").fill(user);
  await page.getByLabel("Password").fill(at.users[user] ?? "");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(/index\.html/);
}

/** A picture of the page into tests/web/screens. */
export async function screen(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENS, { recursive: true });
  await page.screenshot({ path: join(SCREENS, `${name}.png`) });
}

/** How many CSS pixels of the page do not fit onto the screen from left to right. */
export function overhang(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** What axe finds that keeps people out: its serious and critical findings, by rule and place. */
export async function barriers(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(" ")}`));
}

/** Fingers through the debugging protocol: each step is the places of all of them. */
export async function touch(
  page: Page,
  steps: readonly (readonly [x: number, y: number])[][],
  pause = 16,
): Promise<void> {
  const wire = await page.context().newCDPSession(page);
  let before = 0;
  for (const step of steps) {
    const points = step.map(([x, y], id) => ({ x, y, id }));
    const type = step.length > before ? "touchStart" : "touchMove";
    await wire.send("Input.dispatchTouchEvent", { type, touchPoints: points });
    before = step.length;
    await new Promise((done) => setTimeout(done, pause));
  }
  await wire.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
}

/** The places of one finger on its way, in so many steps. */
export function way(
  from: readonly [number, number],
  to: readonly [number, number],
  steps = 12,
): [number, number][][] {
  return Array.from({ length: steps + 1 }, (_, step) => [
    [from[0] + ((to[0] - from[0]) * step) / steps, from[1] + ((to[1] - from[1]) * step) / steps],
  ]);
}
