// The table of tags beside the pictures, with a search; loaded when it is opened.  Follows the picture that is looked at.

import { html, type PropertyValues, type TemplateResult } from "lit";
import { type TagRow, type TagTable, tagTable } from "../api/documents.ts";
import { Part, problem } from "../parts/page.ts";
import { t } from "../words/index.ts";
import { indentOf, isItem, matching, readable } from "./tags.ts";

const SETTLE = 250; // ms that a picture is looked at before its tags are asked for

class TagPanel extends Part {
  static override properties = {
    instance: {},
    close: {},
    wanted: { state: true },
    table: { state: true },
    error: { state: true },
  };

  declare instance: string;
  declare close: () => void;
  declare private wanted: string;
  declare private table: TagTable | undefined;
  declare private error: unknown;
  private asked = new AbortController();
  private waiting = 0;

  constructor() {
    super();
    this.wanted = "";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
      event.stopPropagation(); // letters that are typed here are no keys of the viewer
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.waiting);
    this.asked.abort();
  }

  protected override willUpdate(changes: PropertyValues): void {
    if (!changes.has("instance")) return;
    clearTimeout(this.waiting);
    this.waiting = window.setTimeout(() => void this.load(), this.table ? SETTLE : 0);
  }

  override render(): TemplateResult {
    const rows = matching(this.table?.Rows ?? [], this.wanted);
    return html`<aside class="tags" aria-label=${t("viewer.tags")}>
      <header>
        <input type="search" aria-label=${t("tags.search")} placeholder=${t("tags.search")} autocomplete="off"
          @input=${(event: Event) => {
            this.wanted = (event.target as HTMLInputElement).value;
          }} />
        <button @click=${() => this.close()}>${t("tags.close")}</button>
      </header>
      ${this.error ? problem(this.error, () => void this.load()) : ""}
      ${this.table?.IsReduced ? html`<p class="note">${t("tags.reduced")}</p>` : ""}
      ${this.table && !rows.length ? html`<p class="note">${t("tags.none")}</p>` : ""}
      <dl>${rows.map(line)}</dl>
      ${this.table?.IsCut ? html`<p class="note">${t("tags.cut")}</p>` : ""}
    </aside>`;
  }

  private async load(): Promise<void> {
    this.asked.abort();
    this.asked = new AbortController();
    if (!this.instance) return;
    try {
      this.table = await tagTable(this.instance, this.asked.signal);
      this.error = undefined;
    } catch (error) {
      if (!(error instanceof DOMException)) this.error = error;
    }
  }
}

function line(row: TagRow): TemplateResult {
  if (isItem(row))
    return html`<div data-in=${indentOf(row)}><dt>${t("tags.item", { number: row.Value })}</dt><dd></dd></div>`;
  const value = row.Value || (row.VR !== "SQ" && row.Size ? t("tags.bytes", { count: row.Size }) : "");
  return html`<div data-in=${indentOf(row)}>
    <dt>${readable(row.Name) || t("tags.unknown")} <small>${row.Tag} ${row.VR}</small></dt>
    <dd>${value.replaceAll("\\", " \\ ")}</dd>
  </div>`;
}

customElements.define("pb-tags", TagPanel);
