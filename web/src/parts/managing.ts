// What a teacher does with the studies of a list: one by its menu, or several that are ticked; deletion with a way back.

import { html, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from "lit";
import { changeStudy, discardStudy, restoreStudy, type Study } from "../api/studies.ts";
import { t } from "../words/index.ts";
import { words } from "./page.ts";
import { nameOf } from "./study-card.ts";
import { studyMenu } from "./study-menu.ts";

/** The page whose list it is. */
export interface Listing extends ReactiveControllerHost {
  found: Study[] | undefined;
}

export class Managing implements ReactiveController {
  private readonly ticked = new Set<string>();
  private gone: Study[] = []; // deleted last, with their places in the list
  private message = "";

  constructor(private readonly page: Listing) {
    page.addController(this);
  }

  hostConnected(): void {}

  /** The menu of one study, with the box that ticks it. */
  menu(study: Study): TemplateResult {
    const tick = (event: Event) => {
      if ((event.target as HTMLInputElement).checked) this.ticked.add(study.ID);
      else this.ticked.delete(study.ID);
      this.page.requestUpdate();
    };
    return html`
      <div class="inline">
        <label class="tick">
          <input type="checkbox" .checked=${this.ticked.has(study.ID)} @change=${tick} />
          <span class="visually-hidden">${t("manage.select", { name: nameOf(study) })}</span>
        </label>
        ${studyMenu(study, {
          changed: (changed) => this.put(changed),
          failed: (message) => this.tell(message),
          discard: (one) => void this.discard([one]),
        })}
      </div>
    `;
  }

  /** What can be done with all that are ticked, and what was done last. */
  bar(): TemplateResult {
    const chosen = (this.page.found ?? []).filter((study) => this.ticked.has(study.ID));
    return html`
      ${
        chosen.length
          ? html`<div class="bar chosen" role="group" aria-label=${t("manage.chosen", { count: chosen.length })}>
              <span>${t("manage.chosen", { count: chosen.length })}</span>
              <button @click=${() => void this.change(chosen, { IsShown: true })}>${t("manage.showAll")}</button>
              <button @click=${() => void this.change(chosen, { IsShown: false })}>${t("manage.hideAll")}</button>
              <button @click=${() => void this.change(chosen, { IsProtected: true })}>${t("manage.protect")}</button>
              <button @click=${() => void this.discard(chosen)}>${t("manage.delete")}</button>
            </div>`
          : ""
      }
      <p role="status" class="undo">
        ${this.message} ${this.gone.length ? html`<button @click=${() => void this.undo()}>${t("manage.undo")}</button>` : ""}
      </p>
    `;
  }

  private async change(studies: Study[], what: Parameters<typeof changeStudy>[1]): Promise<void> {
    await this.each(studies, async (study) => this.put(await changeStudy(study.ID, what)));
  }

  private async discard(studies: Study[]): Promise<void> {
    const gone: Study[] = [];
    await this.each(studies, async (study) => {
      await discardStudy(study.ID);
      gone.push(study);
      this.ticked.delete(study.ID);
      this.page.found = (this.page.found ?? []).filter((one) => one.ID !== study.ID);
    });
    this.gone = gone;
    if (gone.length) this.tell(t("manage.deleted", { count: gone.length }));
  }

  private async undo(): Promise<void> {
    const back = this.gone;
    this.gone = [];
    this.message = "";
    await this.each(back, async (study) => {
      this.page.found = [await restoreStudy(study.ID), ...(this.page.found ?? [])];
    });
    this.page.requestUpdate();
  }

  /** One after the other; the first problem is told and ends it. */
  private async each(studies: Study[], act: (study: Study) => Promise<void>): Promise<void> {
    try {
      for (const study of studies) await act(study);
    } catch (error) {
      this.tell(words(error));
    }
  }

  private put(changed: Study): void {
    this.page.found = (this.page.found ?? []).map((one) => (one.ID === changed.ID ? changed : one));
  }

  private tell(message: string): void {
    this.message = message;
    this.page.requestUpdate();
  }
}
