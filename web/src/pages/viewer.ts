// The viewer: a study's series on one, two or four screens.  The first picture is one that the server has drawn; the small
// pictures of the whole stack follow, and full depth for what is looked at.

import { html, type PropertyValues, type TemplateResult } from "lit";
import { type Annotation, annotations, keepAnnotations } from "../api/annotations.ts";
import { address } from "../api/http.ts";
import type { Manifest } from "../api/pictures.ts";
import type { Session } from "../api/session.ts";
import { type SeriesEntry, type Study, study } from "../api/studies.ts";
import { needsSignIn, Part, problem, start } from "../parts/page.ts";
import { nameOf, personText } from "../parts/study-card.ts";
import { documentsOf, leaveEmpty, tagsBeside } from "../viewer/beside.ts";
import { helpBeside } from "../viewer/help.ts";
import { actionOf } from "../viewer/keys.ts";
import { drawCrossings, scrollTogether } from "../viewer/linking.ts";
import { Pane, type PaneHost, type Tool } from "../viewer/pane.ts";
import { hashOf, type Layout, type Place, placeOf } from "../viewer/place.ts";
import { type Controls, type Tray, toolbar, trayOf } from "../viewer/toolbar.ts";
import { whyNoVolume } from "../viewer/volume.ts";
import { contrasts, type Preset, presetsOf } from "../viewer/window.ts";
import { dateText, t } from "../words/index.ts";

const TOLD = 2000; // ms that a button says that it is done
const SETTLE = 200; // ms until a place that is looked at is in the address

class ViewerPage extends Part implements PaneHost {
  static override properties = { beat: { state: true } };

  who!: Session;
  declare private beat: number; // grows when there is something new to show
  private shown: Study | undefined;
  private error: unknown;
  private place: Place = placeOf(location.hash);
  private panes: Pane[] = [];
  private tool: Tool = "scroll";
  private tray: Tray;
  private isLinked = true;
  private hasLines = true;
  private hasText = true;
  private hasTags = false;
  private hasHelp = false;
  private settling = 0;
  private drawn: Promise<Annotation[]> | undefined; // that the server keeps
  private isKept = false;
  private asking: ((text: string) => void) | undefined; // a text that somebody is to write

  constructor() {
    super();
    this.beat = 0;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("keydown", (event) => this.key(event));
    // By the event: what is written into the address meanwhile belongs to the place before.
    addEventListener("hashchange", ({ newURL }) => this.open(placeOf(new URL(newURL).hash)));
    void this.load();
  }

  override render(): TemplateResult {
    document.title = `${this.shown ? nameOf(this.shown) : ""} · ${t("app.name")}`;
    const controls = this.controls();
    const { active } = this;
    return html`
      <div class="viewer">
        <header class="bar">
          <a class="button" href="index.html">‹ ${t("app.studies")}</a>
          <strong class="what">${this.shown ? nameOf(this.shown) : ""}</strong>
          ${toolbar(controls)}
        </header>
        ${trayOf(controls)}
        ${this.error ? problem(this.error, () => void this.load()) : ""}
        <main class="screens" data-layout=${this.place.layout}>
          ${this.panes}
        </main>
        <div class="strip series">${(this.shown?.Series ?? []).map((series) => this.choice(series))}</div>
        <footer class="caution">${t("app.notForDiagnosis")}</footer>
        ${this.hasTags ? tagsBeside(active?.instance, () => this.toggle("hasTags")) : ""}
        ${this.hasHelp ? helpBeside(() => this.toggle("hasHelp")) : ""}
        ${this.asking ? this.question(this.asking) : ""}
      </div>
    `;
  }

  protected override updated(changes: PropertyValues): void {
    super.updated(changes);
    this.querySelector<HTMLInputElement>(".question input")?.focus();
  }

  chosen(pane: Pane): void {
    const active = this.panes.indexOf(pane);
    if (active === this.place.active) return;
    this.place = { ...this.place, active };
    for (const one of this.panes) one.classList.toggle("active", one === pane);
    this.settle();
    drawCrossings(pane, this.panes, this.hasLines);
  }

  looked(pane: Pane): void {
    const { active } = this;
    if (pane === active && active) {
      if (this.isLinked && this.panes.length > 1) scrollTogether(active, this.panes);
      this.settle();
    }
    if (this.panes.length > 1 && active) drawCrossings(active, this.panes, this.hasLines);
  }

  failed(error: unknown): void {
    if (needsSignIn(error)) location.replace("sign-in.html");
    this.error = error;
    this.beat += 1;
  }

  kept(): Promise<Annotation[]> {
    this.drawn ??= annotations(this.shown?.ID ?? "");
    return this.drawn;
  }

  /** Keep what is drawn, for all who see the study. */
  private async keep(): Promise<void> {
    try {
      const { allDrawn } = await import("../viewer/full.ts");
      const all = allDrawn(await this.kept());
      await keepAnnotations(this.shown?.ID ?? "", all);
      this.drawn = Promise.resolve(all);
      this.isKept = true;
      setTimeout(() => {
        this.isKept = false;
        this.beat += 1;
      }, TOLD);
      this.beat += 1;
    } catch (error) {
      this.failed(error);
    }
  }

  private get active(): Pane | undefined {
    return this.panes[this.place.active] ?? this.panes[0];
  }

  private controls(): Controls {
    const { active, tool, tray, isLinked, hasLines, hasText, hasTags, hasHelp } = this;
    const told = active?.stack?.told;
    return {
      tool,
      tray,
      isLinked,
      hasLines,
      hasText,
      hasTags,
      hasHelp,
      layout: this.place.layout,
      isPlaying: active?.isPlaying ?? false,
      canPlay: (active?.stack?.count ?? 0) > 1 && !documentsOf(told),
      canMeasure: active?.full !== undefined,
      canKeep: this.who.MayDo.includes("change"),
      isKept: this.isKept,
      mprAddress:
        told?.IsPlaced && this.shown && isVolume(told)
          ? `mpr.html?study=${this.shown.ID}&series=${told.ID}`
          : "",
      presets: this.presets(),
      use: (next, opened) => this.use(next, opened),
      open: (opened) => this.change({ tray: opened }),
      see: (window) => active?.see(window),
      lay: (what) => active?.stage[what](),
      arrange: (layout) => this.arrange(layout),
      toggle: (what) => this.toggle(what),
      play: () => this.play(),
      remove: () => active?.full?.measure.remove(),
      keep: () => void this.keep(),
    };
  }

  private presets(): readonly Preset[] {
    const named = presetsOf(this.active?.series?.Modality ?? "");
    const own = this.active?.own ?? this.active?.seen;
    return named.length || !own ? named : contrasts(own);
  }

  private use(tool: Tool, tray: Tray): void {
    this.change({ tool, tray });
    for (const pane of this.panes) pane.use(tool);
  }

  private toggle(what: "isLinked" | "hasLines" | "hasText" | "hasTags" | "hasHelp"): void {
    this[what] = !this[what];
    if (what === "hasTags") this.hasHelp = false; // one of both is enough beside the pictures
    if (what === "hasHelp") this.hasTags = false;
    for (const pane of this.panes) {
      pane.hasText = this.hasText;
      pane.requestUpdate();
    }
    if (this.active) this.looked(this.active);
    this.beat += 1;
  }

  private play(): void {
    this.active?.play(!this.active.isPlaying);
    this.active?.stage.draw();
    this.beat += 1;
  }

  /** Show so many screens; new ones show the series that come next. */
  private arrange(layout: Layout): void {
    const { place } = this;
    const all = (this.shown?.Series ?? []).map(({ ID }) => ID);
    const series = this.panes.map((pane) => pane.series?.ID ?? "");
    const next = all.filter((id) => !series.includes(id));
    while (series.length < Number(layout)) series.push(next.shift() ?? series[0] ?? "");
    const kept = layout === "1" ? [series[place.active] ?? ""] : series.slice(0, Number(layout));
    const active = layout === "1" ? 0 : Math.min(place.active, Number(layout) - 1);
    this.open({ layout, series: kept, active, picture: -1, window: undefined }, true);
    this.settle();
  }

  private choice(series: SeriesEntry): TemplateResult {
    const isShown = this.panes.some((pane) => pane.series?.ID === series.ID);
    const name = series.Description || t("studies.series", { number: series.Number || "?" });
    const count = t("studies.count", { count: series.CountInstances });
    return html`<button aria-pressed=${isShown} @click=${() => this.choose(series)} title="${name}, ${count}">
      <img src=${address(`pacsberry/series/${series.ID}/thumbnail`)} width="56" height="56" alt="" loading="lazy" @error=${leaveEmpty} />
      <span>${series.Modality} ${series.CountInstances}</span>
    </button>`;
  }

  /** Show a series on the screen that is worked with; the back button leads to the one before. */
  private choose(series: SeriesEntry): void {
    const ids = this.panes.map((pane) => pane.series?.ID ?? "");
    ids[this.place.active] = series.ID;
    location.hash = hashOf({ ...this.place, series: ids, picture: -1, window: undefined });
  }

  private async load(): Promise<void> {
    try {
      this.shown = await study(new URLSearchParams(location.search).get("study") ?? "");
      this.error = undefined;
      this.open(this.place);
    } catch (error) {
      this.failed(error);
    }
  }

  /** Show a place: only what is another series is loaded; `keeps` leaves pictures and windows as they are. */
  private open(place: Place, keeps = false): void {
    const all = this.shown?.Series ?? [];
    if (!all.length) return;
    const wanted = place.series.length ? place.series : [all[0]?.ID ?? ""];
    const count = Number(place.layout);
    for (const pane of this.panes.splice(count)) pane.stop();
    while (this.panes.length < count) this.panes.push(this.newPane());
    this.place = { ...place, series: wanted };
    this.panes.forEach((pane, number) => {
      pane.classList.toggle("active", number === place.active);
      const series = all.find(({ ID }) => ID === wanted[number]);
      const isActive = number === place.active;
      if (series && series.ID !== pane.series?.ID) {
        pane.show(series, isActive ? place.picture : -1, isActive ? place.window : undefined);
        pane.caption = this.caption(series);
      } else if (isActive && !keeps) {
        if (place.picture >= 0) pane.stage?.go(place.picture);
        pane.see(place.window);
      }
    });
    if (this.active) drawCrossings(this.active, this.panes, this.hasLines);
    this.beat += 1;
  }

  private newPane(): Pane {
    const pane = new Pane();
    pane.host = this;
    pane.hasText = this.hasText;
    pane.use(this.tool);
    return pane;
  }

  private caption(series: SeriesEntry): string[] {
    const { shown } = this;
    return [
      shown?.Patient ? personText(shown.Patient.PatientName) : "",
      [series.Modality, series.Description || t("studies.series", { number: series.Number || "?" })].join(
        " · ",
      ),
      dateText(shown?.Date ?? ""),
    ].filter(Boolean);
  }

  /** Something is looked at: tell it now, and the address when it stays. */
  private settle(): void {
    this.beat += 1;
    clearTimeout(this.settling);
    this.settling = window.setTimeout(() => {
      const { active } = this;
      if (!active?.stack?.count) return;
      this.place = {
        ...this.place,
        series: this.panes.map((pane) => pane.series?.ID ?? ""),
        picture: active.stage.picture,
        window: active.window,
      };
      history.replaceState(null, "", hashOf(this.place));
    }, SETTLE);
  }

  private change(what: { tool?: Tool; tray?: Tray }): void {
    Object.assign(this, what);
    this.beat += 1;
  }

  private question(done: (text: string) => void): TemplateResult {
    const end = (text: string) => {
      this.asking = undefined;
      this.beat += 1;
      done(text);
    };
    const write = (event: SubmitEvent) => {
      event.preventDefault();
      end(`${new FormData(event.target as HTMLFormElement).get("text") ?? ""}`.trim());
    };
    return html`<form class="question" @submit=${write}>
      <label>${t("viewer.text")}<input name="text" maxlength="80" autocomplete="off" /></label>
      <button class="first">${t("viewer.done")}</button>
      <button type="button" @click=${() => end("")}>${t("viewer.cancel")}</button>
    </form>`;
  }

  ask(done: (text: string) => void): void {
    this.asking = done;
    this.beat += 1;
  }

  private key(event: KeyboardEvent): void {
    const { active } = this;
    const action = actionOf(event);
    if (!active?.stage || !action) return;
    event.preventDefault();
    if (action.what === "step") active.stage.go(active.stage.picture + action.by);
    else if (action.what === "go") active.stage.go(action.to);
    else if (action.what === "lay") active.stage[action.how]();
    else if (action.what === "use") this.use(action.tool, this.tray);
    else if (action.what === "play") this.play();
    else if (action.what === "help") this.toggle("hasHelp");
    else if (action.what === "remove") active.full?.measure.remove();
    else active.see(this.presets()[action.number]?.window);
  }
}

const volumes = new WeakMap<Manifest, boolean>();

/** Whether a series can be shown in three planes, or is called a volume and the page for them says why it cannot. */
function isVolume(told: Manifest): boolean {
  const known = volumes.get(told) ?? (told.Type === "Volume" || whyNoVolume(told) === undefined);
  volumes.set(told, known);
  return known;
}

void start("pb-viewer", ViewerPage);
