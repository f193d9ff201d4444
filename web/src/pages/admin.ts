// The admin's page: how the box is, looked at anew every few seconds; accounts, and the log.

import { html, type TemplateResult } from "lit";
import "../admin/log.ts";
import "../admin/people.ts";
import { attention } from "../admin/attention.ts";
import { backupPanel, boxPanel, dicomPanel, machinePanel, storagePanel } from "../admin/panels.ts";
import { type Box, box, patientName, type Storage, storage } from "../api/box.ts";
import type { Session } from "../api/session.ts";
import { bar } from "../parts/bar.ts";
import { needsSignIn, Part, problem, start } from "../parts/page.ts";
import { t } from "../words/index.ts";

const PAUSE = 10_000; // ms between two looks

class AdminPage extends Part {
  static override properties = { storage: { state: true }, box: { state: true }, error: { state: true } };

  who!: Session;
  declare private storage: Storage | undefined;
  declare private box: Box | undefined;
  declare private error: unknown;
  private readonly names = new Map<string, string>(); // of patients that are next to go

  constructor() {
    super();
    this.storage = undefined;
    this.box = undefined;
    this.error = undefined;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (!this.mayLook) {
      if (!this.who.User) location.replace("sign-in.html");
      return;
    }
    void this.load();
    const look = () => {
      if (document.visibilityState === "visible") void this.load();
    };
    setInterval(look, PAUSE);
    document.addEventListener("visibilitychange", look);
  }

  override render(): TemplateResult {
    document.title = `${t("app.admin")} · ${t("app.name")}`;
    return html`
      ${bar("admin", this.who)}
      <main>
        <h1>${t("app.admin")}</h1>
        ${this.error ? problem(this.error, () => void this.load()) : ""}
        ${this.mayLook ? this.panels() : html`<p role="alert">${t("admin.onlyAdmins")}</p>`}
      </main>
    `;
  }

  private get mayLook(): boolean {
    return this.who.MayDo.includes("administer");
  }

  private panels(): TemplateResult | "" {
    const { storage, box, who } = this;
    if (!storage || !box) return "";
    const urgent = attention(storage, box, who, new Date());
    return html`
      ${
        urgent.length
          ? html`<section class="panel urgent" aria-labelledby="attention">
              <h2 id="attention">${t("admin.attention")}</h2>
              <ul>${urgent.map((sentence) => html`<li>${sentence}</li>`)}</ul>
            </section>`
          : html`<p role="status">${t("admin.allWell")}</p>`
      }
      <div class="panels">
        <div>${storagePanel(storage, this.names)} ${backupPanel(storage)} ${dicomPanel(box)}</div>
        <div>${machinePanel(box)} ${boxPanel(box)} <pb-people .who=${who}></pb-people></div>
      </div>
      <pb-log></pb-log>
    `;
  }

  private async load(): Promise<void> {
    try {
      [this.storage, this.box] = await Promise.all([storage(), box()]);
      this.error = undefined;
      await this.learnNames(this.storage.Recycling?.NextToGo.map(({ ID }) => ID) ?? []);
    } catch (error) {
      if (needsSignIn(error)) location.replace("sign-in.html");
      this.error = error;
    }
  }

  private async learnNames(ids: string[]): Promise<void> {
    for (const id of ids) {
      if (!this.names.has(id)) this.names.set(id, await patientName(id).catch(() => ""));
    }
    this.requestUpdate();
  }
}

void start("pb-admin", AdminPage);
