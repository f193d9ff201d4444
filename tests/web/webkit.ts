// WebKitGTK through its WebDriver (https://www.w3.org/TR/webdriver2/): the engine of Safari, in a window that nobody sees.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";

const DRIVER = "/usr/bin/WebKitWebDriver";
const SCREEN = "/usr/bin/Xvfb";
const LIBRARIES = "/usr/lib";
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf"; // the standard's name for a reference to an element
const WAIT = 15_000; // ms for each thing that is waited for
const PAUSE = 100;
const SCREENS = join(import.meta.dirname, "screens");

/** Why WebKitGTK cannot be tried on this machine; '' when it can. */
export function missing(): string {
  if (!existsSync(DRIVER)) return "there is no WebKitWebDriver: .ci/system-packages browser";
  if (!existsSync(SCREEN)) return "there is no Xvfb: .ci/system-packages browser";
  return miniBrowser() ? "" : "there is no MiniBrowser of WebKitGTK";
}

/** The browser that the driver drives; it lies beside the library, in a folder named by machine and version. */
function miniBrowser(): string {
  for (const machine of readdirSync(LIBRARIES)) {
    for (const version of ["webkit2gtk-4.1", "webkit2gtk-4.0", "webkitgtk-6.0"]) {
      const path = join(LIBRARIES, machine, version, "MiniBrowser");
      if (existsSync(path)) return path;
    }
  }
  return "";
}

/** A page of WebKitGTK; `name` leads to a port of this machine, as it is no localhost. */
export class WebKit {
  private session = "";
  private readonly closing: (() => void)[] = [];
  private driver = "";

  /** Start a screen, the driver and the browser. */
  static async start(name: string, port: number, width: number, height: number): Promise<WebKit> {
    const page = new WebKit();
    try {
      const proxy = await page.proxy(name, port);
      const display = await page.screen(width, height);
      await page.drive(display, proxy);
    } catch (error) {
      await page.close();
      throw error;
    }
    return page;
  }

  async close(): Promise<void> {
    if (this.session) await this.ask("DELETE", "").catch(() => undefined);
    for (const close of this.closing.reverse()) close();
  }

  async go(url: string): Promise<void> {
    await this.ask("POST", "/url", { url });
  }

  async reload(): Promise<void> {
    await this.ask("POST", "/refresh", {});
  }

  /** What a function says that runs in the page; it sees nothing of this file. */
  async run<T, A extends unknown[]>(what: (...given: A) => T, ...given: A): Promise<Awaited<T>> {
    return (await this.ask("POST", "/execute/sync", {
      script: `return (${what}).apply(null, arguments)`,
      args: given,
    })) as Awaited<T>;
  }

  /** Wait until a function says yes in the page. */
  async until<A extends unknown[]>(what: (...given: A) => unknown, ...given: A): Promise<void> {
    const last = Date.now() + WAIT;
    while (!(await this.run(what, ...given))) {
      if (Date.now() > last) throw new Error(`It never became so: ${what} of ${given.join(", ")}`);
      await pause(PAUSE);
    }
  }

  /** Wait for something that a selector finds and that can be seen; its handle. */
  async find(selector: string): Promise<string> {
    await this.until((wanted) => document.querySelector(wanted)?.getClientRects().length, selector);
    const found = await this.ask("POST", "/element", { using: "css selector", value: selector });
    return (found as Record<string, string>)[ELEMENT] ?? "";
  }

  async click(selector: string): Promise<void> {
    await this.ask("POST", `/element/${await this.find(selector)}/click`, {});
  }

  async type(selector: string, text: string): Promise<void> {
    await this.ask("POST", `/element/${await this.find(selector)}/value`, { text });
  }

  /** Pick files in a field that may be hidden behind a label. */
  async pick(selector: string, files: readonly string[]): Promise<void> {
    const found = await this.ask("POST", "/element", { using: "css selector", value: selector });
    const field = (found as Record<string, string>)[ELEMENT];
    await this.ask("POST", `/element/${field}/value`, { text: files.join("\n") });
  }

  /** Click on a place of the page. */
  async tap(x: number, y: number): Promise<void> {
    const [move, press, lift] = [
      { type: "pointerMove", x: Math.round(x), y: Math.round(y), duration: 0 },
      { type: "pointerDown", button: 0 },
      { type: "pointerUp", button: 0 },
    ];
    await this.ask("POST", "/actions", {
      actions: [{ type: "pointer", id: "mouse", actions: [move, press, lift] }],
    });
  }

  /** Turn the wheel above a place of the page. */
  async wheel(x: number, y: number, deltaY: number): Promise<void> {
    const action = { type: "scroll", x, y, deltaX: 0, deltaY, duration: 0 };
    await this.ask("POST", "/actions", { actions: [{ type: "wheel", id: "wheel", actions: [action] }] });
  }

  /** Press a key of the keyboard; the special ones are those of the standard's table of code points. */
  async press(key: string): Promise<void> {
    const actions = ["keyDown", "keyUp"].map((type) => ({ type, value: key }));
    await this.ask("POST", "/actions", { actions: [{ type: "key", id: "keys", actions }] });
  }

  /** A picture of the page into tests/web/screens. */
  async picture(name: string): Promise<void> {
    const data = (await this.ask("GET", "/screenshot")) as string;
    mkdirSync(SCREENS, { recursive: true });
    writeFileSync(join(SCREENS, `${name}.png`), Buffer.from(data, "base64"));
  }

  /** A proxy that knows one name only: WebKit asks this for all pages. */
  private async proxy(name: string, port: number): Promise<string> {
    const server = createServer((asked, answered) => {
      const { host, pathname, search } = new URL(asked.url ?? "", `http://${name}`);
      if (host !== `${name}:${port}`) return void answered.writeHead(502).end();
      const options = { host: "127.0.0.1", port, path: pathname + search, method: asked.method };
      const passed = request({ ...options, headers: asked.headers }, (answer) => {
        answered.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(answered);
      });
      passed.on("error", () => answered.destroy());
      asked.pipe(passed);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    this.closing.push(() => {
      server.close();
      server.closeAllConnections();
    });
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** A screen without a monitor, which chooses its number itself; the name of it. */
  private async screen(width: number, height: number): Promise<string> {
    const size = ["-screen", "0", `${width}x${height}x24`];
    const server = this.child(SCREEN, [...size, "-nolisten", "tcp", "-displayfd", "3"], process.env);
    const [line] = (await once(createInterface({ input: server.stdio[3] as Readable }), "line")) as [string];
    return `:${line}`;
  }

  private async drive(display: string, proxy: string): Promise<void> {
    const port = await freePort();
    this.child(DRIVER, [`--port=${port}`], { ...process.env, DISPLAY: display, LIBGL_ALWAYS_SOFTWARE: "1" });
    this.driver = `http://127.0.0.1:${port}/session`;
    const capabilities = {
      browserName: "MiniBrowser",
      proxy: { proxyType: "manual", httpProxy: proxy },
      "webkitgtk:browserOptions": { binary: miniBrowser(), args: ["--automation"] },
    };
    const last = Date.now() + WAIT;
    while (!(await fetch(this.driver.replace("session", "status")).catch(() => undefined))) {
      if (Date.now() > last) throw new Error("WebKitWebDriver does not answer.");
      await pause(PAUSE);
    }
    const told = await this.ask("POST", "", { capabilities: { alwaysMatch: capabilities } });
    this.session = `/${(told as { sessionId: string }).sessionId}`;
  }

  private child(program: string, options: string[], env: NodeJS.ProcessEnv): ChildProcess {
    const child = spawn(program, options, { env, stdio: ["ignore", "ignore", "ignore", "pipe"] });
    this.closing.push(() => child.kill());
    return child;
  }

  /** A command of the protocol; what it says went wrong is thrown. */
  private async ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(`${this.driver}${this.session}${path}`, { method, ...sent });
    const { value } = (await answer.json()) as { value: unknown };
    if (!answer.ok) throw new Error(`${method} ${path}: ${JSON.stringify(value)}`);
    return value;
  }
}

/** A port that nobody listens at. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
