import { expect, test } from "vitest";
import { KEYS_TOLD } from "./help.ts";
import { actionOf } from "./keys.ts";

function pressed(key: string, on = "div", more: KeyboardEventInit = {}): ReturnType<typeof actionOf> {
  const [tag = "", name = ""] = on.split(".");
  const element = document.createElement(tag);
  element.className = name;
  document.body.append(element);
  let found: ReturnType<typeof actionOf>;
  element.addEventListener("keydown", (event) => {
    found = actionOf(event as KeyboardEvent);
  });
  element.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...more }));
  return found;
}

test("keys scroll, play, and choose a window", () => {
  expect(pressed("ArrowDown")).toEqual({ what: "step", by: 1 });
  expect(pressed(" ")).toEqual({ what: "play" });
  expect(pressed("3")).toEqual({ what: "preset", number: 2 });
});

test("each key that the help tells of does something", () => {
  const named: Record<string, string[]> = {
    "↑ ↓": ["ArrowUp", "ArrowDown"],
    "Page ↑ ↓": ["PageUp", "PageDown"],
    "Home End": ["Home", "End"],
    "␣": [" "],
    "1 – 9": ["1", "9"],
    "⌫": ["Backspace", "Delete"],
  };
  for (const [told] of KEYS_TOLD) {
    for (const key of named[told] ?? [told.toLowerCase()]) expect(pressed(key), key).toBeDefined();
  }
});

test("the slider at the edge goes the same way as the pictures", () => {
  expect(pressed("PageDown", "input.slider")).toEqual({ what: "step", by: 10 });
});

test("keys of the browser, and those meant for a field or a button, are left alone", () => {
  expect(pressed("r", "div", { ctrlKey: true })).toBeUndefined();
  expect(pressed("a", "input")).toBeUndefined();
  expect(pressed(" ", "button")).toBeUndefined();
  expect(pressed("q")).toBeUndefined();
});
