// A teacher's list: filters, labels, several studies at once, and what was deleted a moment ago.

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, attend, barriers, by, open, overhang, screen } from "./aids.ts";

attend();

test("several studies are labelled at once, and found by the label and by what students see", async () => {
  const { page, context, problems } = await open(by, at, "index.html", "landscape", "tom");
  const cards = page.locator(".card");
  for (const name of ["SECRET", "STACK"])
    await cards.filter({ hasText: name }).locator(".tick input").first().check();
  const chosen = page.getByRole("group", { name: "2 selected" });
  await chosen.getByLabel("Label").fill("exam-1");
  await chosen.getByRole("button", { name: "Add" }).click();
  await cards.filter({ hasText: "exam-1" }).nth(1).waitFor();
  await screen(page, "studies-several");
  assert.deepEqual(await barriers(page), []);
  assert.equal(await overhang(page), 0);

  await page.reload();
  await page.locator("select[name=label]").selectOption("exam-1");
  await page.waitForURL(/label=exam-1/);
  await page.waitForFunction(() => document.querySelectorAll(".card").length === 2);
  await page.locator("select[name=shown]").selectOption({ label: "Hidden from students" });
  await page.waitForFunction(() => document.querySelectorAll(".card").length === 1);
  assert.match(await cards.innerText(), /SECRET/);
  await page.reload();
  await page.waitForFunction(() => document.querySelectorAll(".card").length === 1);
  assert.equal(await page.locator("select[name=label]").inputValue(), "exam-1");
  await page.getByRole("button", { name: "No filter" }).click();
  await cards.nth(4).waitFor();
  assert.deepEqual(problems, []);
  await context.close();
});

test("what was deleted can be had back from another page, too", async () => {
  const { page, context, problems } = await open(by, at, "index.html", "portrait", "tom");
  for (const name of ["HIDDEN", "MIXED"]) {
    const card = page.locator(".card", { hasText: name });
    await card.locator("summary").click();
    await card.getByRole("button", { name: "Delete" }).click();
    await card.waitFor({ state: "detached" });
  }
  assert.equal(await page.locator(".card details[open]").count(), 0); // no other study got the open menu

  await page.reload();
  await page.getByText("Deleted a moment ago: 2").click();
  await page
    .getByText(/gone for good in 1\d min/)
    .first()
    .waitFor();
  await screen(page, "studies-deleted");
  assert.deepEqual(await barriers(page), []);
  for (const left of [1, 0]) {
    await page.locator(".bin button").first().click();
    await page.waitForFunction((count) => document.querySelectorAll(".bin button").length === count, left);
  }
  await page.locator(".card", { hasText: "HIDDEN" }).waitFor();
  await page.locator(".card", { hasText: "MIXED" }).waitFor();
  assert.deepEqual(problems, []);
  await context.close();
});

test("on a telephone the filters are folded away, unless one is set", async () => {
  const { page, context } = await open(by, at, "index.html", "phone");
  await page.locator(".card").first().waitFor();
  assert.ok(await page.getByLabel("Modality").isHidden());

  await page.getByText("Filter and order").click();
  await page.getByLabel("Modality").selectOption("MR");
  await page.waitForURL(/modality=MR/);
  await screen(page, "studies-filters-phone");
  assert.equal(await overhang(page), 0);
  await page.reload();

  await page.getByText("Filter and order · 1").waitFor();
  assert.ok(await page.getByLabel("Modality").isVisible());
  assert.equal(await page.locator("select[name=label]").count(), 0);
  await context.close();
});
