// The first page: the studies, found as one types, a page at a time. Coming back leads to where one was.

import { html, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Session } from "../api/session.ts";
import {
  labels,
  MOST_LISTED,
  modalities,
  PAGE_SIZE,
  type Study,
  studies,
  type Wanted,
} from "../api/studies.ts";
import { bar } from "../parts/bar.ts";
import { Managing } from "../parts/managing.ts";
import { needsSignIn, Part, problem, start } from "../parts/page.ts";
import { studyCard } from "../parts/study-card.ts";
import { type Choices, studyFilters, WIDE } from "../parts/study-filters.ts";
import { countFilters, queryOf, wantedOf } from "../parts/wanted.ts";
import { t } from "../words/index.ts";

const TYPING_PAUSE = 200; // ms

/** Where one was in the list; kept in the history, where a reload and the back button find it. */
interface Place {
  count: number; // of studies that were listed
  study: string; // at the top of the screen; '' at the top of the page
}

class StudiesPage extends Part {
  static override properties = {
    found: { state: true },
    hasMore: { state: true },
    error: { state: true },
    choices: { state: true },
  };

  who!: Session;
  declare found: Study[] | undefined;
  declare private hasMore: boolean;
  declare private error: unknown;
  declare private choices: Choices;
  private wanted: Wanted = wantedOf(location.search);
  private asking: AbortController | undefined;
  private pause = 0;
  private guestLabel = "";
  private readonly managing = new Managing(this);

  constructor() {
    super();
    this.found = undefined;
    this.hasMore = false;
    this.error = undefined;
    this.choices = { modalities: [], labels: [], isOpen: WIDE.matches || countFilters(this.wanted) > 0 };
  }

  override connectedCallback(): void {
    super.connectedCallback();
    history.scrollRestoration = "manual";
    addEventListener("popstate", () => {
      this.wanted = wantedOf(location.search);
      void this.comeBack();
    });
    addEventListener("pagehide", () => this.keepPlace());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.keepPlace();
    });
    WIDE.addEventListener("change", () => {
      this.choices = { ...this.choices, isOpen: WIDE.matches };
    });
    void this.comeBack();
  }

  override render(): TemplateResult {
    document.title = `${t("app.studies")} · ${t("app.name")}`;
    const events = {
      typed: (text: string) => this.typed(text),
      chosen: (what: Partial<Wanted>) => this.search({ ...this.wanted, ...what }),
    };
    return html`
      ${bar("index", this.who)}
      <main>
        <h1 class="visually-hidden">${t("app.studies")}</h1>
        ${studyFilters(this.wanted, this.choices, this.who, events)}
        ${this.error ? problem(this.error, () => void this.load()) : ""}
        ${this.mayChange ? this.managing.bar() : ""} ${this.list()}
        <p class="note">${t("app.notForDiagnosis")}</p>
      </main>
    `;
  }

  get mayChange(): boolean {
    return this.who.MayDo.includes("change");
  }

  private list(): TemplateResult | "" {
    if (!this.found) return "";
    if (!this.found.length) {
      const isFiltered = this.wanted.text || countFilters(this.wanted);
      const isStudent = this.who.Role === "student";
      return html`<p role="status">${isStudent && !isFiltered ? t("studies.noneShown") : t("studies.none")}</p>`;
    }
    return html`
      <ul class="cards">
        ${repeat(
          this.found,
          (study) => study.ID,
          (study) => studyCard(study, this.mayChange ? this.managing.menu(study) : ""),
        )}
      </ul>
      ${this.hasMore ? html`<p class="more"><button @click=${() => void this.load(this.found)}>${t("studies.more")}</button></p>` : ""}
    `;
  }

  private typed(text: string): void {
    this.wanted = { ...this.wanted, text };
    clearTimeout(this.pause);
    this.pause = window.setTimeout(() => this.search(this.wanted), TYPING_PAUSE);
  }

  private search(wanted: Wanted): void {
    this.wanted = wanted;
    history.replaceState(null, "", `${location.pathname}${queryOf(wanted)}`);
    this.requestUpdate();
    void this.load();
  }

  private keepPlace(): void {
    if (document.body.hidden) return; // it is being left, and this was done
    const top = [...this.querySelectorAll<HTMLElement>(".cards > [data-study]")].find(
      (card) => card.getBoundingClientRect().bottom > 0,
    );
    const study = scrollY > 0 ? (top?.getAttribute("data-study") ?? "") : "";
    const place: Place = { count: this.found?.length ?? 0, study };
    history.replaceState(place, "");
  }

  private async comeBack(): Promise<void> {
    const place = history.state as Place | null;
    await this.load([], place?.count);
    if (place?.study) {
      await this.updateComplete;
      this.querySelector(`[data-study="${CSS.escape(place.study)}"]`)?.scrollIntoView();
    }
    await this.learnChoices();
  }

  /** What can be chosen in the filters; what is wrong is told by the list. */
  private async learnChoices(): Promise<void> {
    const isStaff = this.who.MayDo.includes("read");
    const [known, all] = await Promise.all([
      modalities().catch(() => []),
      isStaff ? labels().catch(() => []) : [],
    ]);
    const own = all.filter((label) => label !== this.guestLabel);
    this.choices = { ...this.choices, modalities: known, labels: own };
  }

  /** List all anew, as many as there are now. */
  reload(): void {
    void this.load([], this.found?.length);
    void this.learnChoices();
  }

  /** Ask for the studies behind those that are listed already, so that there are `least`; a newer question drops an older one. */
  private async load(before: Study[] = [], least = before.length + PAGE_SIZE): Promise<void> {
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    let all = before;
    try {
      for (;;) {
        const limit = Math.min(Math.max(least - all.length, PAGE_SIZE), MOST_LISTED);
        const page = await studies(this.wanted, all.length, limit, asking.signal);
        const known = new Set(all.map(({ ID }) => ID)); // what has come meanwhile moves the others on
        const more = page.Studies.filter(({ ID }) => !known.has(ID));
        all = [...all, ...more];
        this.guestLabel = page.GuestLabel ?? "";
        this.hasMore = page.HasMore;
        if (!page.HasMore || !more.length || all.length >= least) break;
      }
      this.found = all;
      this.error = undefined;
    } catch (error) {
      if (asking.signal.aborted) return;
      if (needsSignIn(error)) location.replace("sign-in.html");
      this.error = error;
    }
  }
}

void start("pb-studies", StudiesPage);
