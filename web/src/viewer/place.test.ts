import { expect, test } from "vitest";
import { hashOf, type Place, placeOf } from "./place.ts";

const SERIES = "01234567-01234567-01234567-01234567-01234567";

test.each<[string, Place]>([
  ["", { series: "", picture: -1, window: undefined }],
  [`#series=${SERIES}&picture=12&window=40%2C400`, { series: SERIES, picture: 12, window: [40, 400] }],
  ["#window=-600,1500.5", { series: "", picture: -1, window: [-600, 1500.5] }],
])("%s", (hash, place) => {
  expect(placeOf(hash)).toEqual(place);
  expect(placeOf(hashOf(place))).toEqual(place);
});

test.each([
  "#series=<b>",
  "#picture=-1",
  "#picture=1e9",
  "#picture=1234567",
  "#window=40",
  "#window=1,0",
  "#window=1,-5",
  "#window=a,b",
  "#%",
])("%s makes no sense and is left out", (hash) => {
  expect(placeOf(hash)).toEqual({ series: "", picture: -1, window: undefined });
});
