// What the keys mean in the viewer.

import type { Tool } from "./pane.ts";

export type Action =
  | { what: "step"; by: number }
  | { what: "go"; to: number }
  | { what: "lay"; how: "fit" | "turn" | "mirror" | "invert" }
  | { what: "use"; tool: Tool }
  | { what: "preset"; number: number } // from 0
  | { what: "play" }
  | { what: "remove" }
  | { what: "help" };

const KEYS: Record<string, Action> = {
  ArrowDown: { what: "step", by: 1 },
  ArrowRight: { what: "step", by: 1 },
  ArrowUp: { what: "step", by: -1 },
  ArrowLeft: { what: "step", by: -1 },
  PageDown: { what: "step", by: 10 },
  PageUp: { what: "step", by: -10 },
  Home: { what: "go", to: 0 },
  End: { what: "go", to: Number.MAX_SAFE_INTEGER },
  " ": { what: "play" },
  f: { what: "lay", how: "fit" },
  r: { what: "lay", how: "turn" },
  m: { what: "lay", how: "mirror" },
  i: { what: "lay", how: "invert" },
  s: { what: "use", tool: "scroll" },
  w: { what: "use", tool: "window" },
  l: { what: "use", tool: "length" },
  a: { what: "use", tool: "angle" },
  Escape: { what: "use", tool: "scroll" },
  Delete: { what: "remove" },
  Backspace: { what: "remove" }, // what the keyboards of tablets have
  "?": { what: "help" },
};

/** What a key does; undefined when it is none of ours, or is meant for what has the focus. */
export function actionOf(event: KeyboardEvent): Action | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const element = event.target instanceof HTMLElement ? event.target : undefined;
  // The slider at the edge is ours: its own keys go the other way round.
  if (element?.matches("input:not(.slider), textarea, select")) return undefined;
  if ((event.key === " " || event.key === "Enter") && element?.matches("button, a")) return undefined;
  if (/^[1-9]$/.test(event.key)) return { what: "preset", number: Number(event.key) - 1 };
  return KEYS[event.key];
}
