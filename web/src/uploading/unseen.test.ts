import { beforeEach, expect, test } from "vitest";
import { dropUnseen, keepUnseen, unseen } from "./unseen.ts";

beforeEach(() => localStorage.clear());

test("what has come is kept until somebody has looked", () => {
  keepUnseen(["a", "b"]);
  keepUnseen(["b", "c"]);
  dropUnseen("b");
  dropUnseen("never there");

  expect([...unseen()]).toEqual(["a", "c"]);
});

test.each(["{", "7", '{"a": 1}', "[1, null]"])("anything else under its name is nothing: %s", (text) => {
  localStorage.setItem("pacsberry.toReview", text);

  expect(unseen().size).toBe(0);
});
