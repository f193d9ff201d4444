// The admin's page: how the box is, accounts, the log; and nobody else gets there.

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, attend, barriers, by, open, overhang, SIZES, type SizeName, screen } from "./aids.ts";

attend();

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

test("a teacher is told that it is for admins, a student is led to signing in", async () => {
  const his = await open(by, at, "admin.html", "portrait", "tom");
  await his.page.getByText("This page is for admins.").waitFor();
  await his.context.close();

  const pupil = await open(by, at, "admin.html", "portrait");
  await pupil.page.waitForURL(/sign-in\.html/);
  await pupil.context.close();
});
