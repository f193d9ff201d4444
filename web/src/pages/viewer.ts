// The viewer: a study's series, one of them on the screen.  The first picture is one that the server has drawn; the small
// pictures of the whole stack follow, and full depth for what is looked at.

import { html, type PropertyValues, type TemplateResult } from "lit";
import { address } from "../api/http.ts";
import type { Session } from "../api/session.ts";
import { type SeriesEntry, type Study, study } from "../api/studies.ts";
import { needsSignIn, Part, problem, start } from "../parts/page.ts";
import { nameOf } from "../parts/study-card.ts";
import { hashOf, type Place, placeOf } from "../viewer/place.ts";
import { Stack } from "../viewer/stack.ts";
import { Stage } from "../viewer/stage.ts";
import { t } from "../words/index.ts";

const SETTLE = 200; // ms until a place that is looked at is in the address

class ViewerPage extends Part {
  static override properties = { shown: { state: true }, error: { state: true }, beat: { state: true } };

  who!: Session;
  declare private shown: Study | undefined;
  declare private error: unknown;
  declare private beat: number; // grows when there is something new to show
  private place: Place = placeOf(location.hash);
  private stack: Stack | undefined;
  private stage: Stage | undefined;
  private settling = 0;

  constructor() {
    super();
    this.shown = undefined;
    this.error = undefined;
    this.beat = 0;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("keydown", (event) => this.key(event));
    addEventListener("hashchange", () => this.open(placeOf(location.hash)));
    void this.load();
  }

  override render(): TemplateResult {
    document.title = `${this.shown ? nameOf(this.shown) : ""} · ${t("app.name")}`;
    const count = this.stack?.count ?? 0;
    const picture = this.stage?.picture ?? 0;
    return html`
      <div class="viewer">
        <header class="bar">
          <a class="button" href="index.html">‹ ${t("app.studies")}</a>
          <strong class="what">${this.shown ? nameOf(this.shown) : ""}</strong>
          ${this.tools()}
        </header>
        ${this.error ? problem(this.error, () => void this.load()) : ""}
        <div class="screen">
          <canvas tabindex="0" role="img" aria-label=${t("viewer.picture", { number: picture + 1, count })}></canvas>
          ${this.firstPicture()}
          <span class="number" aria-live="polite">${count ? `${picture + 1} / ${count}` : ""}</span>
          ${count > 1 ? this.slider(picture, count) : ""}
          <span class="caution">${t("app.notForDiagnosis")}</span>
        </div>
        <div class="strip series">${(this.shown?.Series ?? []).map((series) => this.choice(series))}</div>
      </div>
    `;
  }

  protected override updated(changes: PropertyValues): void {
    super.updated(changes);
    if (!this.stage && this.stack) {
      const canvas = this.querySelector("canvas") as HTMLCanvasElement;
      this.stage = new Stage(canvas, this.stack, {
        changed: () => this.settle(),
        windowed: () => {},
      });
      this.stage.show(this.stack, this.place.picture);
    }
  }

  private tools(): TemplateResult {
    const stage = this.stage;
    return html`<nav>
      <button @click=${() => stage?.fit()}>${t("viewer.fit")}</button>
      <button @click=${() => stage?.turn()}>${t("viewer.turn")}</button>
      <button @click=${() => stage?.mirror()}>${t("viewer.mirror")}</button>
      <button @click=${() => stage?.invert()}>${t("viewer.invert")}</button>
    </nav>`;
  }

  /** What the server has drawn, until the first small picture is there. */
  private firstPicture(): TemplateResult | "" {
    if (!this.place.series || this.stack?.arrived) return "";
    return html`<img class="first" src=${address(`pacsberry/series/${this.place.series}/thumbnail`)} alt="" />`;
  }

  private slider(picture: number, count: number): TemplateResult {
    const slide = (event: Event) => this.stage?.go(Number((event.target as HTMLInputElement).value));
    return html`<input class="slider" type="range" min="0" max=${count - 1} .value=${`${picture}`}
      aria-label=${t("viewer.slider")} @input=${slide} />`;
  }

  private choice(series: SeriesEntry): TemplateResult {
    const isShown = series.ID === this.place.series;
    const name = series.Description || t("studies.series", { number: series.Number || "?" });
    const open = () => {
      location.hash = hashOf({ series: series.ID, picture: -1, window: undefined });
    };
    return html`<button aria-pressed=${isShown} @click=${open} title=${name}>
      <img src=${address(`pacsberry/series/${series.ID}/thumbnail`)} width="56" height="56" alt="" loading="lazy" />
      <span>${series.Modality} ${series.CountInstances}</span>
    </button>`;
  }

  private async load(): Promise<void> {
    try {
      this.shown = await study(new URLSearchParams(location.search).get("study") ?? "");
      this.error = undefined;
      this.open(this.place);
    } catch (error) {
      if (needsSignIn(error)) location.replace("sign-in.html");
      this.error = error;
    }
  }

  /** Show a place: another series, or another picture of the one that is shown. */
  private open(place: Place): void {
    const series = place.series || (this.shown?.Series[0]?.ID ?? "");
    const isOther = series !== this.stack?.series;
    this.place = { ...place, series };
    if (!series) return;
    if (!isOther) {
      if (place.picture >= 0) this.stage?.go(place.picture);
      return;
    }
    this.stack?.stop();
    const stack = new Stack(series, () => this.arrived(stack));
    this.stack = stack;
    this.stage?.show(stack, place.picture);
    stack.load().catch((error: unknown) => {
      if (!(error instanceof DOMException)) this.error = error;
    });
    this.beat += 1;
  }

  private arrived(stack: Stack): void {
    if (stack !== this.stack) return;
    if (this.place.picture < 0 && stack.count) {
      this.place = { ...this.place, picture: Math.floor((stack.count - 1) / 2) };
      this.stage?.go(this.place.picture);
    }
    this.stage?.draw();
    this.beat += 1;
  }

  /** The picture has changed: tell the number now, and the address when it stays. */
  private settle(): void {
    this.beat += 1;
    clearTimeout(this.settling);
    this.settling = window.setTimeout(() => {
      this.place = { ...this.place, picture: this.stage?.picture ?? -1 };
      history.replaceState(null, "", hashOf(this.place));
    }, SETTLE);
  }

  private key(event: KeyboardEvent): void {
    const stage = this.stage;
    if (!stage || event.target instanceof HTMLInputElement) return;
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, PageDown: 10, PageUp: -10 }[
      event.key
    ];
    if (step) stage.go(stage.picture + step);
    else if (event.key === "Home") stage.go(0);
    else if (event.key === "End") stage.go(Number.MAX_SAFE_INTEGER);
    else if (event.key === "i") stage.invert();
    else return;
    event.preventDefault();
  }
}

void start("pb-viewer", ViewerPage);
