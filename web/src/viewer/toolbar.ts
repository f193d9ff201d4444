// The viewer's buttons: what one finger does, and below them the choices that belong to it.

import { html, type TemplateResult } from "lit";
import { type Key, t } from "../words/index.ts";
import { type Icon, icon } from "./icons.ts";
import type { MeasureName } from "./measure.ts";
import type { Tool } from "./pane.ts";
import { LAYOUTS, type Layout } from "./place.ts";
import type { Preset, Window } from "./window.ts";

export type Tray = "window" | "measure" | "layout" | "view" | undefined;

/** What the buttons show, and whom they tell. */
export interface Controls {
  tool: Tool;
  tray: Tray;
  layout: Layout;
  isLinked: boolean;
  hasLines: boolean;
  hasText: boolean;
  hasTags: boolean;
  hasHelp: boolean;
  isPlaying: boolean;
  canPlay: boolean;
  canMeasure: boolean;
  canKeep: boolean; // for all who see the study
  isKept: boolean;
  mprAddress: string; // '' when the pictures are no volume
  presets: readonly Preset[];
  use(tool: Tool, tray: Tray): void;
  open(tray: Tray): void;
  see(window: Window | undefined): void;
  lay(what: "fit" | "turn" | "mirror" | "invert"): void;
  arrange(layout: Layout): void;
  toggle(what: "isLinked" | "hasLines" | "hasText" | "hasTags" | "hasHelp"): void;
  play(): void;
  remove(): void;
  keep(): void;
}

const MEASURES: readonly MeasureName[] = ["length", "angle", "ellipse", "rectangle", "arrow", "text"];
const LAYOUT_ICONS: Record<Layout, Icon> = { "1": "one", "2": "two", "4": "four" };

/** The row of buttons. */
export function toolbar(controls: Controls): TemplateResult {
  const { tool, tray, isPlaying } = controls;
  const isMeasure = tool !== "scroll" && tool !== "window";
  const flip = (name: Exclude<Tray, undefined>) => controls.open(tray === name ? undefined : name);
  return html`<nav class="tools" aria-label=${t("viewer.tools")}>
    ${button("scroll", "viewer.scroll", () => controls.use("scroll", undefined), tool === "scroll")}
    ${button("window", "viewer.contrast", () => controls.use("window", tool === "window" && tray === "window" ? undefined : "window"), tool === "window")}
    ${button("measure", "viewer.measure", () => flip("measure"), isMeasure || tray === "measure")}
    ${button("view", "viewer.view", () => flip("view"), tray === "view")}
    ${button("layout", "viewer.layout", () => flip("layout"), tray === "layout")}
    ${controls.canPlay ? button(isPlaying ? "pause" : "play", isPlaying ? "viewer.pause" : "viewer.play", () => controls.play(), isPlaying) : ""}
  </nav>`;
}

/** What belongs to the button that was pressed. */
export function trayOf(controls: Controls): TemplateResult | "" {
  const choices = controls.tray && TRAYS[controls.tray](controls);
  return choices ? html`<div class="tray">${choices}</div>` : "";
}

const TRAYS: Record<Exclude<Tray, undefined>, (controls: Controls) => TemplateResult> = {
  window: ({ presets, see }) => html`
    <button @click=${() => see(undefined)}>${t("window.own")}</button>
    ${presets.map((preset) => html`<button @click=${() => see(preset.window)}>${t(preset.text)}</button>`)}
  `,
  measure: ({ tool, use, remove, keep, canMeasure, canKeep, isKept }) => html`
    ${MEASURES.map((name) => button(name, `viewer.${name}`, () => use(name, "measure"), tool === name, !canMeasure))}
    ${button("remove", "viewer.remove", remove, undefined, !canMeasure)}
    ${canKeep ? button("keep", isKept ? "viewer.kept" : "viewer.keep", keep, undefined, !canMeasure) : ""}
  `,
  view: ({ lay, toggle, hasText, hasTags, hasHelp }) => html`
    ${button("fit", "viewer.fit", () => lay("fit"))}
    ${button("turn", "viewer.turn", () => lay("turn"))}
    ${button("mirror", "viewer.mirror", () => lay("mirror"))}
    ${button("invert", "viewer.invert", () => lay("invert"))}
    ${button("text", "viewer.texts", () => toggle("hasText"), hasText)}
    ${button("tags", "viewer.tags", () => toggle("hasTags"), hasTags)}
    ${button("help", "viewer.help", () => toggle("hasHelp"), hasHelp)}
  `,
  layout: ({ layout, arrange, toggle, isLinked, hasLines, mprAddress }) => html`
    ${LAYOUTS.map((one) => button(LAYOUT_ICONS[one], `viewer.layout.${one}`, () => arrange(one), layout === one))}
    ${button("link", "viewer.linked", () => toggle("isLinked"), isLinked)}
    ${button("lines", "viewer.lines", () => toggle("hasLines"), hasLines)}
    ${mprAddress ? html`<a class="button tool" href=${mprAddress}>${icon("mpr")}<span>${t("viewer.mpr")}</span></a>` : ""}
  `,
};

function button(name: Icon, text: Key, act: () => void, isPressed?: boolean, isOff = false): TemplateResult {
  const pressed = isPressed === undefined ? undefined : `${isPressed}`;
  return pressed === undefined
    ? html`<button class="tool" ?disabled=${isOff} @click=${act}>${icon(name)}<span>${t(text)}</span></button>`
    : html`<button class="tool" ?disabled=${isOff} aria-pressed=${pressed} @click=${act}>${icon(name)}<span>${t(text)}</span></button>`;
}
