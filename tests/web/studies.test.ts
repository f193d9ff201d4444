// The list of studies: what each role sees, searching, deep links, hostile names, budgets, no barriers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, attend, barriers, by, open, overhang, SIZES, type SizeName, screen } from "./aids.ts";

attend();

for (const size of Object.keys(SIZES) as SizeName[]) {
  for (const user of ["", "tom"]) {
    test(`the list is whole and without barriers: ${size}, ${user || "student"}`, async () => {
      const { page, context, problems } = await open(by, at, "index.html", size, user);
      await page.locator(".card").first().waitFor();
      await page.waitForLoadState("networkidle");

      await screen(page, `studies-${user || "student"}-${size}`);
      assert.equal(await page.locator(".card").count(), user ? 5 : 4);
      assert.equal(await overhang(page), 0);
      assert.deepEqual(await barriers(page), []);
      assert.deepEqual(problems, []);
      await context.close();
    });
  }
}

test("a student finds no names, neither in the page nor behind it", async () => {
  const { page, context } = await open(by, at, "index.html", "portrait");
  await page.locator(".card").first().waitFor();

  const text = (await page.locator("body").textContent()) ?? "";
  const behind = await page.evaluate(async () => (await fetch("../pacsberry/studies")).text());

  for (const name of ["Demo", "PACSBERRY-DEMO", "SECRET", "MIXED", "Patient"]) {
    assert.ok(!text.includes(name), name);
    assert.ok(!behind.includes(name), name);
  }
  await context.close();
});

test("what is hidden cannot be opened by its address", async () => {
  const { page, context } = await open(by, at, `viewer.html?study=${at.studies.hidden}`, "portrait");

  await page.getByRole("alert").waitFor();

  assert.match((await page.getByRole("alert").textContent()) ?? "", /not shown/);
  await context.close();
});

test("names that are markup are text", async () => {
  for (const user of ["", "tom"]) {
    const { page, context } = await open(by, at, "index.html", "portrait", user);
    await page.getByText("<img src=x onerror=").first().waitFor();
    await page.goto(`${at.url}/app/viewer.html?study=${at.studies.hostile}`);
    await page.getByText("<img src=x onerror=").first().waitFor();

    assert.doesNotMatch(await page.title(), /^hacked/);
    assert.equal(await page.locator('img[src="x"], svg[onload]').count(), 0);
    await context.close();
  }
});

test("one finds as one types, and the address keeps what was asked", async () => {
  const { page, context } = await open(by, at, "index.html", "portrait");
  await page.locator(".card").nth(3).waitFor();

  await page.getByLabel("Search").pressSequentially("chest");
  await page.waitForFunction(() => document.querySelectorAll(".card").length === 1);

  assert.match(page.url(), /\?text=chest$/);
  await page.reload();
  await page.locator(".card").first().waitFor();
  assert.equal(await page.locator(".card").count(), 1);
  assert.equal(await page.getByLabel("Search").inputValue(), "chest");
  await page.getByLabel("Search").fill("nobody has this");
  await page.getByText("No studies are found.").waitFor();
  await context.close();
});

test("the browser's language is spoken", async () => {
  for (const [language, word] of [
    ["de-CH", "Studien"],
    ["fr", "Examens"],
    ["ja", "Studies"],
  ] as const) {
    const { page, context } = await open(by, at, "index.html", "phone", "", language);
    await page.getByRole("link", { name: word, exact: true }).waitFor();
    await context.close();
  }
});

test("a teacher names, shows and deletes, and takes that back", async () => {
  const { page, context, problems } = await open(by, at, "index.html", "landscape", "tom");
  const card = page.locator(".card", { hasText: "SECRET" });
  await card.locator("summary").click();

  await card.getByLabel("Title").fill("A case to keep");
  await card.getByLabel("Title").press("Enter");
  await card.getByRole("link", { name: "A case to keep" }).waitFor();
  await card.getByLabel("Students see it").check();
  await card.getByText("Shown to students").waitFor();
  await screen(page, "studies-manage");
  await card.getByLabel("Students see it").uncheck();
  await card.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Undo" }).waitFor();
  assert.equal(await page.locator(".card").count(), 4);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("link", { name: "A case to keep" }).waitFor();

  assert.equal(await page.locator(".card").count(), 5);
  assert.deepEqual(problems, []);
  await context.close();
});
