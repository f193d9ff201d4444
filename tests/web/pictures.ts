// Takes the pictures of the pages that the README shows: `make pictures`.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { browser, open, school, WEBGL } from "./aids.ts";

const OUT = join(import.meta.dirname, "../../web/pictures");

const at = await school("tidy");
const by = await browser(WEBGL);
try {
  const list = await open(by, at, "index.html", "landscape", "tom");
  await list.page.locator(".card").nth(2).waitFor();
  await list.page.waitForLoadState("networkidle");
  await list.page.screenshot({ path: join(OUT, "studies.png") });
  await list.page.locator(".card", { hasText: "Shepp" }).getByText("Manage").click();
  await list.page.screenshot({ path: join(OUT, "manage.png") });

  const viewer = await open(by, at, `viewer.html?study=${at.studies.phantom}`, "landscape");
  await viewer.page.getByRole("button", { name: "Layout" }).click();
  await viewer.page.getByRole("button", { name: "Two" }).click();
  await viewer.page.locator("pb-pane .full.there").nth(1).waitFor();
  await viewer.page.getByRole("button", { name: "Window" }).click();
  await viewer.page.waitForLoadState("networkidle");
  await viewer.page.screenshot({ path: join(OUT, "viewer.png") });

  const upload = await open(by, at, "upload.html", "landscape", "tom");
  const files = readdirSync(at.files).map((name) => join(at.files, name));
  await upload.page.locator("input[name=files]").setInputFiles(files);
  await upload.page.getByRole("status").filter({ hasText: "49 of 49 files" }).waitFor();
  await upload.page.locator("pb-study-review").getByText("48 of 48 pictures").waitFor();
  await upload.page.waitForLoadState("networkidle");
  await upload.page.screenshot({ path: join(OUT, "upload.png") });

  const admin = await open(by, at, "admin.html", "landscape", "anna");
  await admin.page.getByRole("heading", { name: "Log" }).waitFor();
  await admin.page.waitForLoadState("networkidle");
  await admin.page.screenshot({ path: join(OUT, "admin.png") });
} finally {
  await by.close();
  await at.stop();
}
