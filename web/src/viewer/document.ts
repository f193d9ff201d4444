// A screen that shows a document in place of pictures: a PDF, a structured report, a video.

import { html, type PropertyValues, type TemplateResult } from "lit";
import { pdfAddress, type ReportLine, report, videoAddress } from "../api/documents.ts";
import { session } from "../api/session.ts";
import { Part, problem } from "../parts/page.ts";
import { t } from "../words/index.ts";
import type { DocumentKind } from "./beside.ts";

const DEEPEST = 6; // steps that lines of a report are moved in

class DocumentScreen extends Part {
  static override properties = {
    kind: {},
    ids: { hasChanged: (next: string[], last?: string[]) => `${next}` !== `${last}` },
    number: { state: true },
    isStaff: { state: true },
    lines: { state: true },
    isBroken: { state: true },
    error: { state: true },
  };

  declare kind: DocumentKind;
  declare ids: string[];
  declare private number: number; // of the document that is shown
  declare private isStaff: boolean | undefined; // undefined until it is known
  declare private lines: ReportLine[] | undefined;
  declare private isBroken: boolean;
  declare private error: unknown;
  private asked = new AbortController();

  constructor() {
    super();
    this.number = 0;
    this.isBroken = false;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.asked.abort();
  }

  protected override willUpdate(changes: PropertyValues): void {
    if (changes.has("ids")) this.number = 0;
    if (changes.has("ids") || changes.has("number")) void this.load();
  }

  override render(): TemplateResult {
    return html`<div class="document" tabindex="0" role="region" aria-label=${t("document.pdf")}>
      ${this.ids.length > 1 ? html`<nav>${this.ids.map((_, number) => this.choice(number))}</nav>` : ""}
      ${this.error ? problem(this.error, () => void this.load()) : this.shown()}
    </div>`;
  }

  private get chosen(): string {
    return this.ids[this.number] ?? "";
  }

  private choice(number: number): TemplateResult {
    const choose = () => {
      this.number = number;
    };
    return html`<button aria-pressed=${number === this.number} @click=${choose}>${number + 1}</button>`;
  }

  private shown(): TemplateResult | "" {
    if (this.kind === "video") return this.video();
    if (this.isStaff === undefined) return "";
    if (!this.isStaff) return html`<p class="note">${t("document.staffOnly")}</p>`;
    return this.kind === "pdf" ? this.pdf() : this.report();
  }

  private video(): TemplateResult {
    if (this.isBroken) return html`<p class="note">${t("document.noVideo")}</p>`;
    const fail = () => {
      this.isBroken = true;
    };
    return html`<video src=${videoAddress(this.chosen)} controls playsinline muted preload="metadata" @error=${fail}></video>`;
  }

  /** In a frame where that can be scrolled: Safari on tablets shows the first page only. */
  private pdf(): TemplateResult {
    const place = pdfAddress(this.chosen);
    const canFrame = matchMedia("(pointer: fine)").matches;
    return html`
      <p class="note">${t("document.mayHoldNames")}</p>
      <p><a class="button first" href=${place} target="_blank" rel="noopener">${t("document.open")}</a></p>
      ${canFrame ? html`<iframe src=${place} title=${t("document.pdf")}></iframe>` : ""}
    `;
  }

  private report(): TemplateResult | "" {
    if (!this.lines) return "";
    if (!this.lines.length) return html`<p class="note">${t("document.empty")}</p>`;
    return html`<div class="report">${this.lines.map(
      (line) =>
        html`<p data-in=${Math.min(DEEPEST, line.Depth)}>${line.Name ? html`<strong>${line.Name}</strong>` : ""} ${line.Value}</p>`,
    )}</div>`;
  }

  private async load(): Promise<void> {
    this.asked.abort();
    this.asked = new AbortController();
    const { signal } = this.asked;
    this.error = undefined;
    this.isBroken = false;
    this.lines = undefined;
    if (this.kind === "video") return;
    try {
      this.isStaff = (await session()).Role !== "student";
      if (this.isStaff && this.kind === "report") this.lines = await report(this.chosen, signal);
    } catch (error) {
      if (!(error instanceof DOMException)) this.error = error;
    }
  }
}

customElements.define("pb-document", DocumentScreen);
