// Signing in and out, and the first account of a new box.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  at,
  attend,
  barriers,
  by,
  open,
  overhang,
  type School,
  SIZES,
  type SizeName,
  school,
  screen,
} from "./aids.ts";

let fresh: School;

attend();

before(async () => {
  fresh = await school("new");
});

after(() => fresh?.stop());

for (const size of Object.keys(SIZES) as SizeName[]) {
  test(`signing in is whole and without barriers: ${size}`, async () => {
    const { page, context, problems } = await open(by, at, "sign-in.html", size);
    await page.getByLabel("Password").waitFor();

    await screen(page, `sign-in-${size}`);
    assert.equal(await overhang(page), 0);
    assert.deepEqual(await barriers(page), []);
    assert.deepEqual(problems, []);
    await context.close();
  });
}

test("who does not know name and password is told where they are", async () => {
  const { page, context } = await open(by, at, "sign-in.html", "phone");
  const where = page.getByText("pacsberry-result.txt");
  assert.equal(await where.isVisible(), false);

  await page.getByText("Which name and password?").click();

  await where.waitFor();
  await screen(page, "sign-in-which");
  assert.equal(await overhang(page), 0);
  assert.deepEqual(await barriers(page), []);
  await context.close();
});

test("a page that the browser has kept is not shown to who comes after", async () => {
  const { page, context, problems } = await open(by, at, "sign-in.html", "portrait");
  const back = () =>
    page.evaluate(() => {
      dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
      const wasHidden = getComputedStyle(document.body).display === "none";
      dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
      return wasHidden;
    });
  const signsIn = async () => {
    await page.getByLabel("Name").fill("tom");
    await page.getByLabel("Password").fill(at.users.tom ?? "");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: /Sign out/ }).waitFor();
  };
  await signsIn();

  assert.equal(await back(), true);
  await page.getByRole("button", { name: /Sign out/ }).waitFor();
  await page.evaluate(() =>
    fetch("../pacsberry/session", { method: "DELETE", headers: { "X-Pacsberry": "page" } }),
  );
  assert.equal(await back(), true);

  await page.getByRole("link", { name: "Sign in" }).waitFor();
  assert.equal(await page.getByRole("button", { name: /Sign out/ }).count(), 0);
  assert.deepEqual(problems, []);
  await context.close();
});

test("a wrong password is told and lets one try again", async () => {
  const { page, context } = await open(by, at, "sign-in.html", "portrait");
  await page.getByLabel("Name").fill("tom");
  await page.getByLabel("Password").fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();

  await page.getByRole("alert").waitFor();
  await screen(page, "sign-in-wrong");
  await page.getByLabel("Password").fill(at.users.tom ?? "");
  await page.getByLabel("Password").press("Enter");
  await page.waitForURL(/index\.html/);

  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("link", { name: "Sign in" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Upload" }).count(), 0);
  await context.close();
});

test("each role is led to the places that it may go to", async () => {
  const places = { "": ["Studies"], tom: ["Studies", "Upload"], anna: ["Studies", "Upload", "Admin"] };
  for (const [user, names] of Object.entries(places)) {
    const { page, context } = await open(by, at, "index.html", "portrait", user);
    await page.getByRole("link", { name: "Studies", exact: true }).waitFor();

    const shown = await page.locator("nav a.button:not([href='sign-in.html'])").allTextContents();

    assert.deepEqual(shown, names, user || "student");
    await context.close();
  }
});

test("a new box leads to its first account, by the code", async () => {
  const { page, context } = await open(by, fresh, "index.html", "portrait");
  await page.waitForURL(/sign-in\.html/);
  await page.getByRole("heading", { name: "The first account" }).waitFor();
  await screen(page, "sign-in-first");
  assert.deepEqual(await barriers(page), []);

  await page.getByLabel("Set-up code").fill("AAAAA-BBBBB");
  await page.getByLabel("Name").fill("anna");
  await page.getByLabel("Password").fill("a password of mine");
  await page.getByRole("button", { name: "Make the account" }).click();
  await page.getByRole("alert").waitFor();
  await page.getByLabel("Set-up code").fill(fresh.code.toLowerCase());
  await page.getByRole("button", { name: "Make the account" }).click();

  await page.waitForURL(/index\.html/);
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  await page.getByRole("link", { name: "Admin" }).click();
  const people = page.locator("pb-people");
  await people.getByText("the only admin: somebody has to be one").waitFor();
  assert.equal(await people.getByLabel("Role of anna").count(), 0); // nobody locks the last admin out
  await screen(page, "admin-last");
  assert.deepEqual(await barriers(page), []);

  await page.getByRole("link", { name: "anna", exact: true }).click();
  await page.getByLabel("Present password").fill("guessed");
  await page.getByLabel("New password").fill("another of mine");
  await page.getByRole("button", { name: "Change the password" }).click();
  await page.getByRole("alert").getByText("is wrong").waitFor();
  await page.getByLabel("Present password").fill("a password of mine");
  await page.getByRole("button", { name: "Change the password" }).click();
  await page.getByText("The password is changed.").waitFor();
  await screen(page, "account");
  assert.equal(await overhang(page), 0);
  assert.deepEqual(await barriers(page), []);
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await page.waitForURL(/index\.html/);
  assert.equal(await page.getByRole("link", { name: "Admin" }).count(), 0);
  await context.close();
});

for (const language of ["de", "fr"]) {
  test(`the page behind one's name fits onto a phone: ${language}`, async () => {
    const { page, context } = await open(by, at, "sign-in.html", "phone", "", language);
    await page.evaluate(
      (given) =>
        fetch("../pacsberry/session", {
          method: "POST",
          headers: { "X-Pacsberry": "page" },
          body: JSON.stringify({ Name: "anna", Password: given }),
        }),
      at.users.anna ?? "",
    );
    await page.reload();
    await page.getByRole("heading", { name: "anna" }).waitFor();

    await screen(page, `account-phone-${language}`);
    assert.equal(await overhang(page), 0);
    assert.deepEqual(await barriers(page), []);
    await context.close();
  });
}
