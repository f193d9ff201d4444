// What a teacher does with the studies of a list: one by its menu, or several that are ticked; deletion with a way back.

import { html, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from "lit";
import { address } from "../api/http.ts";
import {
  archivePath,
  changeStudy,
  type DiscardedStudy,
  discarded,
  discardStudy,
  restoreStudy,
  type Study,
  setLabel,
  study,
} from "../api/studies.ts";
import { t } from "../words/index.ts";
import { words } from "./page.ts";
import { nameOf, personText } from "./study-card.ts";
import { LABEL, looksFirst, studyMenu } from "./study-menu.ts";

const MOST_IN_ZIP = 100; // studies; their identifiers stand in an address

/** The page whose list it is. */
export interface Listing extends ReactiveControllerHost {
  found: Study[] | undefined;
  readonly mayChange: boolean;
  reload(): void;
}

export class Managing implements ReactiveController {
  private readonly ticked = new Set<string>();
  private gone: Study[] = []; // deleted last
  private waiting: DiscardedStudy[] = []; // all that can be had back
  private message = "";

  constructor(private readonly page: Listing) {
    page.addController(this);
  }

  hostConnected(): void {
    if (this.page.mayChange) void this.learnDiscarded();
  }

  /** The menu of one study, with the box that ticks it. */
  menu(study: Study): TemplateResult {
    const tick = (event: Event) => this.tick([study], (event.target as HTMLInputElement).checked);
    return html`
      <div class="inline manage">
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

  /** What can be done with all that are ticked, what was done last, and what can be had back. */
  bar(): TemplateResult {
    const chosen = (this.page.found ?? []).filter((study) => this.ticked.has(study.ID));
    const last = this.gone.length
      ? html`<button @click=${() => void this.restore(this.gone)}>${t("manage.undo")}</button>`
      : "";
    return html`
      ${chosen.length ? this.actions(chosen) : ""}
      <p role="status" class="undo">${this.message} ${last}</p>
      ${this.waiting.length ? this.bin() : ""}
    `;
  }

  private actions(chosen: Study[]): TemplateResult {
    const listed = this.page.found ?? [];
    const change = (what: Parameters<typeof changeStudy>[1]) => () => void this.change(chosen, what);
    return html`<div class="bar chosen" role="group" aria-label=${t("manage.chosen", { count: chosen.length })}>
      <span>${t("manage.chosen", { count: chosen.length })}</span>
      ${chosen.length < listed.length ? html`<button @click=${() => this.tick(listed, true)}>${t("manage.all", { count: listed.length })}</button>` : ""}
      <button @click=${() => this.tick(listed, false)}>${t("manage.none")}</button>
      ${chosen.some((one) => !one.IsShown) ? html`<button @click=${change({ IsShown: true })}>${t("manage.showAll")}</button>` : ""}
      ${chosen.some((one) => one.IsShown) ? html`<button @click=${change({ IsShown: false })}>${t("manage.hideAll")}</button>` : ""}
      ${
        chosen.some((one) => !one.IsProtected)
          ? html`<button @click=${change({ IsProtected: true })}>${t("manage.protect")}</button>`
          : html`<button @click=${change({ IsProtected: false })}>${t("manage.unprotect")}</button>`
      }
      <form class="inline" @submit=${(event: SubmitEvent) => this.label(event, chosen)}>
        <input name="label" required pattern=${LABEL} size="10" autocapitalize="none" aria-label=${t("manage.label")} placeholder=${t("manage.label")} />
        <button>${t("manage.add")}</button>
      </form>
      ${chosen.length <= MOST_IN_ZIP ? html`<a class="button" href=${address(archivePath(chosen.map(({ ID }) => ID)))} download>${t("manage.download")}</a>` : ""}
      <button @click=${() => void this.discard(chosen)}>${t("manage.delete")}</button>
    </div>`;
  }

  /** What was deleted a moment ago, also on another page or device. */
  private bin(): TemplateResult {
    return html`<details class="bin">
      <summary class="button">${t("manage.bin", { count: this.waiting.length })}</summary>
      <ul class="plain">
        ${this.waiting.map(
          (one) => html`<li class="inline">
            <span>${nameOf(one)} ${personText(one.Patient?.PatientName ?? "")}
              <span class="note">${t("manage.goesIn", { minutes: Math.ceil(one.SecondsLeft / 60) })}</span></span>
            <button @click=${() => void this.restore([one])} aria-label="${t("manage.undo")}: ${nameOf(one)}">${t("manage.undo")}</button>
          </li>`,
        )}
      </ul>
    </details>`;
  }

  private tick(studies: readonly Study[], isOn: boolean): void {
    for (const { ID } of studies) isOn ? this.ticked.add(ID) : this.ticked.delete(ID);
    this.page.requestUpdate();
  }

  private async change(studies: Study[], what: Parameters<typeof changeStudy>[1]): Promise<void> {
    if (what.IsShown && looksFirst(studies)) return;
    await this.each(studies, async (one) => this.put(await changeStudy(one.ID, what)));
  }

  private label(event: SubmitEvent, studies: Study[]): void {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const label = `${new FormData(form).get("label") ?? ""}`;
    form.reset();
    void this.each(studies, async (one) => {
      await setLabel(one.ID, label, true);
      this.put(await study(one.ID));
    });
  }

  private async discard(studies: Study[]): Promise<void> {
    const gone: Study[] = [];
    await this.each(studies, async (one) => {
      await discardStudy(one.ID);
      gone.push(one);
      this.ticked.delete(one.ID);
      this.page.found = (this.page.found ?? []).filter(({ ID }) => ID !== one.ID);
    });
    this.gone = gone;
    if (gone.length) this.tell(t("manage.deleted", { count: gone.length }));
    await this.learnDiscarded();
  }

  private async restore(studies: readonly Study[]): Promise<void> {
    await this.each(studies, async (one) => {
      await restoreStudy(one.ID);
    });
    await this.learnDiscarded();
    this.page.reload();
  }

  private async learnDiscarded(): Promise<void> {
    this.waiting = await discarded().catch(() => []); // a server that keeps nothing says 404
    this.page.requestUpdate();
  }

  /** One after the other; the first problem is told and ends it. */
  private async each(studies: readonly Study[], act: (study: Study) => Promise<void>): Promise<void> {
    this.message = "";
    this.gone = [];
    try {
      for (const one of studies) await act(one);
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
