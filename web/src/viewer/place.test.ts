import { expect, test } from "vitest";
import { hashOf, type Place, placeOf } from "./place.ts";

const ONE = "029bf17c-df6f74f3-b7ed1ea0-9d7d8e9a-9d2b6b3e";
const TWO = "129bf17c-df6f74f3-b7ed1ea0-9d7d8e9a-9d2b6b3e";

test.each<Place>([
  { layout: "1", series: [ONE], active: 0, picture: 41, window: [40, 400] },
  { layout: "2", series: [ONE, TWO], active: 1, picture: -1, window: undefined },
  { layout: "4", series: [ONE, "", TWO, ""], active: 2, picture: 0, window: [-600.5, 1500] },
  { layout: "1", series: [], active: 0, picture: -1, window: undefined },
])("a place comes back out of its address: %j", (place) => {
  expect(placeOf(hashOf(place))).toEqual(place);
});

test("the link of a series is a place", () => {
  expect(placeOf(`#series=${ONE}`)).toMatchObject({ layout: "1", series: [ONE], picture: -1 });
});

test.each(["", "#", "#series=<img>&picture=-3&window=1,0&layout=9&active=7", "#picture=1e9&window=a,b"])(
  "what makes no sense is left to the viewer: %s",
  (hash) => {
    expect(placeOf(hash)).toEqual({ layout: "1", series: [], active: 0, picture: -1, window: undefined });
  },
);
