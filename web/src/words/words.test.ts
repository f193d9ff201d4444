import { expect, test } from "vitest";
import { de } from "./de.ts";
import { en, type Key } from "./en.ts";
import { fr } from "./fr.ts";
import { chosenLanguage, dateText, t, useLanguage } from "./index.ts";

const KEYS = Object.keys(en) as Key[];

test.each([
  ["fr", fr],
  ["de", de],
])("%s has every text, none of them empty, and fills in the same places", (_, words) => {
  expect(Object.keys(words).sort()).toEqual([...KEYS].sort());
  const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const key of KEYS) {
    expect(words[key].trim(), key).not.toBe("");
    expect(places(words[key]), key).toEqual(places(en[key]));
  }
});

test("the first language of the browser that we have is taken", () => {
  expect(chosenLanguage(["pt-BR", "fr-CH", "de"])).toBe("fr");
  expect(chosenLanguage(["ja"])).toBe("en");
  expect(chosenLanguage([])).toBe("en");
});

test("texts are filled in", () => {
  useLanguage("en");
  expect(t("studies.count", { count: 3 })).toBe("3 pictures");
  expect(t("studies.count", { count: "1" })).toBe("1 picture");
  expect(t("upload.counts", { done: 0, all: 1 })).toBe("0 of 1 file");
  expect(t("studies.count")).toBe("{count} pictures");
});

test("dates are those of the day, whatever the time zone; what is no date stays as it is", () => {
  useLanguage("en");
  expect(dateText("20260131")).toMatch(/Jan 31, 2026/);
  expect(dateText("2026")).toBe("2026");
  expect(dateText("")).toBe("");
});
