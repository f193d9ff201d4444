// The last lines of the log, how much it says, and all of it as a file.

import { html, type TemplateResult } from "lit";
import { LEVELS, LOG, type LogLevel, log, logLevel, setLogLevel } from "../api/box.ts";
import { address } from "../api/http.ts";
import { Part, words } from "../parts/page.ts";
import { t } from "../words/index.ts";
import { panel } from "./panels.ts";

export class Log extends Part {
  static override properties = { text: { state: true }, level: { state: true }, problem: { state: true } };

  declare private text: string;
  declare private level: LogLevel;
  declare private problem: string;

  constructor() {
    super();
    this.text = "";
    this.level = "default";
    this.problem = "";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.load();
  }

  override render(): TemplateResult {
    const change = (event: Event) => {
      void this.load((event.target as HTMLSelectElement).value as LogLevel);
    };
    return panel(
      "admin.log",
      html`
        <div class="inline end">
          <label
            >${t("admin.level")}
            <select @change=${change}>
              ${LEVELS.map((one) => html`<option value=${one} .selected=${one === this.level}>${t(`level.${one}`)}</option>`)}
            </select>
          </label>
          <button @click=${() => void this.load()}>${t("admin.reload")}</button>
          <a class="button" href=${address(LOG)} download="pacsberry.log">${t("admin.downloadLog")}</a>
        </div>
        ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : ""}
        <pre class="log" tabindex="0" role="log" aria-label=${t("admin.log")}>${this.text || t("admin.emptyLog")}</pre>
      `,
    );
  }

  /** The newest lines are at the end. */
  protected override updated(): void {
    const lines = this.querySelector(".log");
    if (lines) lines.scrollTop = lines.scrollHeight;
  }

  private async load(level?: LogLevel): Promise<void> {
    try {
      if (level) await setLogLevel(level);
      this.level = await logLevel();
      this.text = await log();
      this.problem = "";
    } catch (error) {
      this.problem = words(error);
    }
  }
}

customElements.define("pb-log", Log);
