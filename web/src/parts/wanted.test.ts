import { expect, test } from "vitest";
import { countFilters, queryOf, wantedOf } from "./wanted.ts";

test("an address leads to what it was made of", () => {
  const wanted = {
    text: "left wrist & hand",
    modality: "CR",
    label: "exam-1",
    shown: "0",
    from: "20260101",
    to: "20261231",
    sort: "title",
  } as const;

  expect(wantedOf(queryOf(wanted))).toEqual(wanted);
  expect(countFilters(wanted)).toBe(5);
});

test("nothing asked for is the plain address, and what makes no sense is nothing", () => {
  expect(queryOf(wantedOf(""))).toBe("");
  expect(queryOf(wantedOf("?from=yesterday&to=1&sort=odd&shown=maybe&more=1"))).toBe("");
  expect(countFilters(wantedOf("?text=only&sort=title"))).toBe(0);
});
