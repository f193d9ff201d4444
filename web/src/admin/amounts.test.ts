import { beforeEach, expect, test } from "vitest";
import { useLanguage } from "../words/index.ts";
import { degreesText, durationText, momentOf, momentText, sizeText } from "./amounts.ts";

beforeEach(() => useLanguage("en"));

test.each([
  [0, "0 kB"],
  [465_000, "465 kB"],
  [999_600, "1 MB"],
  [1_250_000_000, "1.3 GB"],
  [31_900_000_000, "32 GB"],
  [5e15, "5,000 TB"],
])("%d bytes are %s", (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});

test("sizes are written as the language does", () => {
  useLanguage("fr");
  expect(sizeText(1_250_000_000).replaceAll(/\s/g, " ")).toBe("1,3 Go");
});

test("a duration has one unit", () => {
  expect(durationText(119)).toBe("119 seconds");
  expect(durationText(119 * 60)).toBe("119 minutes");
  expect(durationText(47 * 3600)).toBe("47 hours");
  expect(durationText(3 * 86400 + 5)).toBe("3 days");
});

test("degrees are whole", () => {
  expect(degreesText(51.25)).toBe("51°C");
});

test("a moment of the server is UTC; what is none stays as it is", () => {
  expect(momentOf("20261121T103000")?.toISOString()).toBe("2026-11-21T10:30:00.000Z");
  expect(momentOf("never")).toBeUndefined();
  expect(momentText("never")).toBe("never");
  expect(momentText("20261121T103000")).toContain("2026");
});
