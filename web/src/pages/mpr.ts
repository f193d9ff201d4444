// A series of slices as a volume: three planes through one point.  It needs WebGL 2 and the whole series at full depth.

import { html, type PropertyValues, svg, type TemplateResult } from "lit";
import { address, headers } from "../api/http.ts";
import { type Manifest, manifest } from "../api/pictures.ts";
import type { Session } from "../api/session.ts";
import { needsSignIn, Part, problem, start } from "../parts/page.ts";
import type { Name, Planes } from "../viewer/planes.ts";
import { whyNoVolume } from "../viewer/volume.ts";
import { presetsOf, type Window } from "../viewer/window.ts";
import { t } from "../words/index.ts";

const AGAIN = 1000; // ms
const MOST_QUESTIONS = 120;
const NAMES: readonly Name[] = ["axial", "coronal", "sagittal"];

class PlanesPage extends Part {
  static override properties = { beat: { state: true } };

  who!: Session;
  declare private beat: number;
  private error: unknown;
  private told: Manifest | undefined;
  private planes: Planes | undefined;
  private arrived = 0; // part of the volume
  private why = ""; // it cannot be shown

  constructor() {
    super();
    this.beat = 0;
  }

  override render(): TemplateResult {
    const asked = new URLSearchParams(location.search);
    const back = `viewer.html?study=${asked.get("study") ?? ""}#series=${asked.get("series") ?? ""}`;
    document.title = `${t("viewer.mpr")} · ${t("app.name")}`;
    return html`
      <div class="viewer">
        <header class="bar">
          <a class="button" href=${back}>‹ ${t("mpr.back")}</a>
          <strong class="what">${this.told?.SeriesDescription ?? ""}</strong>
        </header>
        ${this.error ? problem(this.error, () => location.reload()) : ""}
        ${this.why ? html`<p class="refused" role="alert">${this.why}</p>` : this.screens()}
        <footer class="caution">${t("app.notForDiagnosis")}</footer>
      </div>
    `;
  }

  private screens(): TemplateResult {
    return html`
      <div class="tray">
        <button @click=${() => this.planes?.fit()}>${t("viewer.fit")}</button>
        ${presetsOf(this.told?.Modality ?? "").map(({ text, window }) => html`<button @click=${() => this.planes?.see(window)}>${t(text)}</button>`)}
      </div>
      <main class="screens" data-layout="4">${NAMES.map((name) => this.plane(name))}
        <div class="hints">
          ${this.arrived < 1 && !this.error ? html`<progress max="1" .value=${this.arrived} aria-label=${t("mpr.loading")}></progress>` : ""}
          <p>${t("mpr.hint")}</p>
          ${this.planes?.window ? html`<p>${t("viewer.window", { center: Math.round(this.planes.window[0]), width: Math.round(this.planes.window[1]) })}</p>` : ""}
        </div>
      </main>
    `;
  }

  protected override firstUpdated(changes: PropertyValues): void {
    super.firstUpdated(changes);
    void this.load();
  }

  private plane(name: Name): TemplateResult {
    const at = this.planes?.crossing(name);
    return html`<div class="plane" data-plane=${name} role="img" aria-label=${t(`mpr.${name}`)}>
      <div class="full there"></div>
      <svg class="marks" aria-hidden="true">
        ${at ? svg`<line x1="0" x2="100%" y1=${at.y} y2=${at.y} /><line y1="0" y2="100%" x1=${at.x} x2=${at.x} />` : ""}
      </svg>
      <span class="corner top">${t(`mpr.${name}`)}</span>
    </div>`;
  }

  private async load(): Promise<void> {
    try {
      this.told = await whole(new URLSearchParams(location.search).get("series") ?? "");
      const { hasWebGl } = await import("../viewer/full.ts");
      const { fits, Planes } = await import("../viewer/planes.ts");
      const why = whyNoVolume(this.told);
      if (why) this.why = t(why);
      else if (!hasWebGl()) this.why = t("mpr.needsWebGl");
      else if (!fits(this.told)) this.why = t("mpr.tooLarge");
      else {
        const elements = Object.fromEntries(
          NAMES.map((name) => [name, this.querySelector(`[data-plane="${name}"] .full`)]),
        ) as Record<Name, HTMLDivElement>;
        this.planes = new Planes(elements, () => {
          this.beat += 1;
        });
        await this.planes.load(this.told, this.first(this.told), (part) => {
          this.arrived = part;
          this.beat += 1;
        });
      }
    } catch (error) {
      if (needsSignIn(error)) location.replace("sign-in.html");
      this.error = error;
    }
    this.beat += 1;
  }

  /** The window to begin with: that of the pictures, or the first that has a name. */
  private first(told: Manifest): Window | undefined {
    const value = (keyword: string) =>
      (told.Shared[keyword] ?? told.Instances[0]?.[keyword]) as number[] | undefined;
    const [center, width] = [value("WindowCenter")?.[0], value("WindowWidth")?.[0]];
    if (center !== undefined && width) return [center, width];
    return presetsOf(told.Modality)[0]?.window;
  }
}

/** The manifest of a series, when it knows where the pictures lie, and the pack of all values is made or is not to be had. */
async function whole(series: string): Promise<Manifest> {
  for (let question = 0; ; question += 1) {
    const told = await manifest(series);
    const { State, Url } = told.Prepared.frames;
    const isMade = !Url || (State !== "Missing" && State !== "Making");
    if ((told.IsPlaced && isMade) || question >= MOST_QUESTIONS) return told;
    if (told.IsPlaced && State === "Missing") {
      const made = await fetch(address(`${Url}/0`), { headers: headers() }); // has it made
      await made.arrayBuffer(); // what is not read keeps one of the browser's six connections
    }
    await new Promise((done) => setTimeout(done, AGAIN));
  }
}

void start("pb-planes", PlanesPage);
