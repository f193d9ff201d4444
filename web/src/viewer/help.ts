// What fingers, mouse and keys do, beside the pictures.

import { html, type TemplateResult } from "lit";
import { type Key, t } from "../words/index.ts";

const FINGERS: readonly (readonly [Key, Key])[] = [
  ["help.one", "help.one.does"],
  ["help.two", "help.two.does"],
  ["help.three", "viewer.contrast"],
  ["help.twice", "viewer.fit"],
  ["help.hold", "help.hold.does"],
  ["help.wheel", "help.wheel.does"],
  ["help.right", "viewer.contrast"],
  ["help.middle", "help.middle.does"],
];

/** Keys by what stands on them; words for those that have names are in `help.…`. */
export const KEYS_TOLD: readonly (readonly [string, Key])[] = [
  ["↑ ↓", "help.step"],
  ["Page ↑ ↓", "help.ten"],
  ["Home End", "help.ends"],
  ["␣", "viewer.play"],
  ["1 – 9", "help.windows"],
  ["S", "viewer.scroll"],
  ["W", "viewer.contrast"],
  ["L", "viewer.length"],
  ["A", "viewer.angle"],
  ["F", "viewer.fit"],
  ["R", "viewer.turn"],
  ["M", "viewer.mirror"],
  ["I", "viewer.invert"],
  ["⌫", "viewer.remove"],
  ["?", "viewer.help"],
];

/** The panel. */
export function helpBeside(close: () => void): TemplateResult {
  const row = (what: string, does: string) => html`<div><dt>${what}</dt><dd>${does}</dd></div>`;
  return html`<aside class="tags help" aria-label=${t("viewer.help")}>
    <header>
      <strong>${t("viewer.help")}</strong>
      <button @click=${close}>${t("tags.close")}</button>
    </header>
    <dl>
      ${FINGERS.map(([what, does]) => row(t(what), t(does)))}
      ${KEYS_TOLD.map(([what, does]) => row(what, t(does)))}
    </dl>
  </aside>`;
}
