// The admin's page: how the box is, accounts, the log; and nobody else gets there.

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, attend, barriers, by, open, overhang, SIZES, type SizeName, screen } from "./aids.ts";

attend();

/** As `pacsberry-box status --publish` writes it. */
const PUBLISHED = {
  name: "radiology",
  site: "http://radiology.internal:8042/",
  address: "http://10.42.0.1/",
  mode: "access-point",
  up: "pacsberry-access-point",
  on_trial: false,
  wifi_name: "Radiology 7",
  band: "2.4",
  channel: 6,
  country: "FR",
  stations: 17,
  seats: 19,
  leases: 23,
  chip: "43455",
  firmware: "01-703fd60",
  firmware_minimal: true,
  firmware_crashes: 0,
  portal: "quiet",
  remarks: ["This radio takes about 19 tablets at a time; for more, plug in an access point"],
};

for (const size of Object.keys(SIZES) as SizeName[]) {
  test(`the page is whole and without barriers: ${size}`, async () => {
    const { page, context, problems } = await open(by, at, "admin.html", size, "anna");
    await page.getByRole("heading", { name: "Storage" }).waitFor();
    await page.getByRole("heading", { name: "Log" }).waitFor();
    await page.waitForLoadState("networkidle");

    await screen(page, `admin-${size}`);
    await page.screenshot({ path: `${import.meta.dirname}/screens/admin-${size}-whole.png`, fullPage: true });
    assert.equal(await overhang(page), 0);
    assert.deepEqual(await barriers(page), []);
    assert.deepEqual(problems, []);
    await context.close();
  });
}

test("an account is made, signs in as what it is, and is removed", async () => {
  const { page, context, problems } = await open(by, at, "admin.html", "portrait", "anna");
  const people = page.locator("pb-people");
  await people.getByText("Add an account").click();
  await people.locator("form.form").getByLabel("Name").fill("carol");
  await people.locator("form.form").getByLabel("Password").fill("a long password");
  await people.getByRole("button", { name: "Make the account" }).click();
  await people.getByText("carol has an account now.").waitFor();
  await screen(page, "admin-account");

  const users = { ...at.users, carol: "a long password" };
  const hers = await open(by, { ...at, users }, "index.html", "portrait", "carol");
  await hers.page.getByRole("link", { name: "Upload" }).waitFor();
  assert.equal(await hers.page.getByRole("link", { name: "Admin" }).count(), 0);

  await people.getByRole("button", { name: "Remove carol" }).click();
  await people.getByRole("button", { name: "Really remove carol?" }).click();
  await people.getByText("carol", { exact: true }).waitFor({ state: "detached" });
  await hers.page.reload();
  await hers.page.getByRole("link", { name: "Sign in" }).waitFor();
  assert.deepEqual(problems, []);
  await hers.context.close();
  await context.close();
});

test("what a box has published is shown, and what is wrong with it stands on top", async () => {
  const { page, context, problems } = await open(by, at, "index.html", "portrait", "anna");
  await page.addInitScript((facts) => {
    const ask = window.fetch;
    window.fetch = async (...asked) => {
      const answer = await ask(...asked);
      if (!answer.url.endsWith("/pacsberry/box")) return answer;
      return Response.json({ ...(await answer.json()), Box: { Facts: facts, AgeSeconds: 41 } });
    };
  }, PUBLISHED);
  await page.goto(`${at.url}/app/admin.html`);
  const panel = page.locator("section", { has: page.getByRole("heading", { name: "The box" }) });
  await panel.waitFor();

  for (const shown of ["radiology", "http://10.42.0.1/", "Radiology 7", "17", "19", "23"]) {
    await panel.getByText(shown).first().waitFor();
  }
  await page.getByText(PUBLISHED.remarks[0] ?? "").waitFor();
  await page.screenshot({ path: `${import.meta.dirname}/screens/admin-box-whole.png`, fullPage: true });
  assert.equal(await overhang(page), 0);
  assert.deepEqual(await barriers(page), []);
  assert.deepEqual(problems, []);
  await context.close();
});

test("a teacher is told that it is for admins, a student is led to signing in", async () => {
  const his = await open(by, at, "admin.html", "portrait", "tom");
  await his.page.getByText("This page is for admins.").waitFor();
  await his.context.close();

  const pupil = await open(by, at, "admin.html", "portrait");
  await pupil.page.waitForURL(/sign-in\.html/);
  await pupil.context.close();
});
