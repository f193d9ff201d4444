// Looking through one study before students see it: its pictures, and which names and numbers its tags hold.

import { html, type TemplateResult } from "lit";
import { ServerError } from "../api/http.ts";
import { changeStudy, discardStudy, namesOf, type Study, type StudyNames, study } from "../api/studies.ts";
import { dateText, type Key, t } from "../words/index.ts";
import { Part, words } from "./page.ts";
import { studyCard } from "./study-card.ts";

const KINDS = ["Person", "Number", "Place", "Text"] as const;
const CALM = 700; // ms without a new file before the study is asked for again

class StudyReview extends Part {
  static override properties = {
    study: { attribute: false },
    arrived: { attribute: false },
    isArriving: { attribute: false },
    entry: { state: true },
    names: { state: true },
    told: { state: true },
    hasLooked: { state: true },
  };

  declare study: string;
  declare arrived: number; // changes while files arrive: what is shown is old then
  declare isArriving: boolean; // nothing is shown before all of it can be looked at
  declare private entry: Study | undefined;
  declare private names: StudyNames | undefined;
  declare private told: string;
  declare private hasLooked: boolean;
  private pause = 0;
  private hasAsked = false;

  constructor() {
    super();
    this.study = "";
    this.arrived = 0;
    this.isArriving = false;
    this.entry = undefined;
    this.names = undefined;
    this.told = "";
    this.hasLooked = false;
  }

  override willUpdate(changed: Map<string, unknown>): void {
    if (!changed.has("arrived") && !changed.has("study")) return;
    clearTimeout(this.pause);
    this.pause = window.setTimeout(() => void this.load(), this.hasAsked ? CALM : 0);
    this.hasAsked = true;
  }

  override render(): TemplateResult {
    const { entry, names } = this;
    const problem = this.told ? html`<p class="problem" role="alert">${this.told}</p>` : "";
    if (!entry || !names) return html`${problem}`;
    return html`
      <ul class="cards">${studyCard(entry, "", "_blank")}</ul>
      ${problem}
      <div class="form">
        <label>${t("manage.title")}<input .value=${entry.Title} maxlength="200" @change=${this.rename} /></label>
        ${list(names)}
        <label class="tick"><input type="checkbox" .checked=${this.hasLooked} @change=${this.looked} />${t("review.looked")}</label>
        <div class="inline">
          <button class="first" ?disabled=${!this.hasLooked || this.isArriving} @click=${() => void this.decide(true)}>${t("manage.showAll")}</button>
          <button @click=${() => void this.decide(false)}>${t("review.keepHidden")}</button>
          <button @click=${() => void this.discard()}>${t("manage.delete")}</button>
        </div>
      </div>
    `;
  }

  private async load(): Promise<void> {
    await this.act(async () => {
      const before = this.names?.CountInstances;
      [this.entry, this.names] = await Promise.all([study(this.study), namesOf(this.study)]);
      if (before !== this.names.CountInstances) this.hasLooked = false; // not at what has come since
      this.told = "";
    });
  }

  private looked(event: Event): void {
    this.hasLooked = (event.target as HTMLInputElement).checked;
  }

  private rename(event: Event): void {
    const title = (event.target as HTMLInputElement).value;
    void this.act(async () => {
      this.entry = await changeStudy(this.study, { Title: title });
    });
  }

  private async decide(isShown: boolean): Promise<void> {
    await this.act(async () => {
      await changeStudy(this.study, { IsShown: isShown });
      this.leave();
    });
  }

  private async discard(): Promise<void> {
    await this.act(async () => {
      await discardStudy(this.study);
      this.leave();
    });
  }

  private leave(): void {
    this.dispatchEvent(new CustomEvent("reviewed", { detail: this.study, bubbles: true }));
  }

  private async act(what: () => Promise<void>): Promise<void> {
    try {
      await what();
    } catch (error) {
      if (error instanceof ServerError && error.status === 404)
        this.leave(); // it was deleted elsewhere
      else this.told = words(error);
    }
  }
}

/** The names by kind, what pictures say of themselves, and how much was looked at. */
function list(names: StudyNames): TemplateResult {
  return html`
    <section class="names">
      <h3>${names.Names.length ? t("review.names") : t("review.noNames")}</h3>
      ${KINDS.map((kind) => ofKind(names, kind))}
      ${names.HasBurnedIn ? html`<p class="problem">${t("review.burnedIn")}</p>` : ""}
      <p class="note">${t("review.counts", { looked: names.CountLookedAt, all: names.CountInstances })}</p>
    </section>
  `;
}

function ofKind(names: StudyNames, kind: (typeof KINDS)[number]): TemplateResult | "" {
  const some = names.Names.filter((one) => one.Kind === kind);
  if (!some.length) return "";
  return html`
    <h4>${t(`review.kind.${kind}` as Key)}</h4>
    <dl>${some.map((one) => html`<dt title=${one.Tag}>${spaced(one.Name)}</dt><dd>${one.Values.map((value) => (one.Name.endsWith("Date") ? dateText(value) : value)).join(" · ")}</dd>`)}</dl>
  `;
}

/** "PatientBirthDate" as words. */
export function spaced(keyword: string): string {
  return keyword.replace(/([a-z])([A-Z])/g, "$1 $2");
}

customElements.define("pb-study-review", StudyReview);
