// The first page: the studies, found as one types, a page at a time.

import { html, type TemplateResult } from "lit";
import type { Session } from "../api/session.ts";
import { modalities, type Study, studies, type Wanted } from "../api/studies.ts";
import { bar } from "../parts/bar.ts";
import { Managing } from "../parts/managing.ts";
import { needsSignIn, Part, problem, start } from "../parts/page.ts";
import { studyCard } from "../parts/study-card.ts";
import { type Key, t } from "../words/index.ts";

const SORTS: readonly Wanted["sort"][] = ["-date", "date", "-received", "name", "title"];
const TYPING_PAUSE = 200; // ms

class StudiesPage extends Part {
  static override properties = {
    found: { state: true },
    hasMore: { state: true },
    error: { state: true },
    known: { state: true },
  };

  who!: Session;
  declare found: Study[] | undefined;
  declare private hasMore: boolean;
  declare private error: unknown;
  declare private known: string[];
  private wanted: Wanted = wantedOf(location.search);
  private asking: AbortController | undefined;
  private pause = 0;
  private readonly managing = new Managing(this);

  constructor() {
    super();
    this.found = undefined;
    this.hasMore = false;
    this.error = undefined;
    this.known = [];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("popstate", () => {
      this.wanted = wantedOf(location.search);
      void this.load();
    });
    void this.load();
    modalities().then(
      (known) => {
        this.known = known;
      },
      () => {}, // the filter is then without a choice; what is wrong is told by the list
    );
  }

  override render(): TemplateResult {
    document.title = `${t("app.studies")} · ${t("app.name")}`;
    return html`
      ${bar("index", this.who)}
      <main>
        <h1 class="visually-hidden">${t("app.studies")}</h1>
        ${this.filters()} ${this.error ? problem(this.error, () => void this.load()) : ""}
        ${this.mayChange ? this.managing.bar() : ""} ${this.list()}
        <p class="note">${t("app.notForDiagnosis")}</p>
      </main>
    `;
  }

  private filters(): TemplateResult {
    const isStaff = this.who.MayDo.includes("read");
    const sorts = SORTS.filter((sort) => isStaff || sort !== "name");
    const { wanted } = this;
    return html`
      <form class="filters" role="search" @submit=${(event: Event) => event.preventDefault()}>
        <label class="search"
          >${t("studies.search")}
          <input type="search" name="text" autocomplete="off" .value=${wanted.text} @input=${this.typed} />
        </label>
        <label
          >${t("studies.modality")}
          <select name="modality" @change=${this.chosen}>
            <option value="">${t("studies.anyModality")}</option>
            ${this.known.map((one) => html`<option value=${one} ?selected=${one === wanted.modality}>${one}</option>`)}
          </select>
        </label>
        <label>${t("studies.from")}<input type="date" name="from" .value=${dashed(wanted.from)} @change=${this.chosen} /></label>
        <label>${t("studies.to")}<input type="date" name="to" .value=${dashed(wanted.to)} @change=${this.chosen} /></label>
        <label
          >${t("studies.sort")}
          <select name="sort" @change=${this.chosen}>
            ${sorts.map(
              (sort) =>
                html`<option value=${sort} ?selected=${sort === wanted.sort}>${t(`studies.sort.${sort}` as Key)}</option>`,
            )}
          </select>
        </label>
      </form>
    `;
  }

  private get mayChange(): boolean {
    return this.who.MayDo.includes("change");
  }

  private list(): TemplateResult | "" {
    if (!this.found) return "";
    if (!this.found.length) {
      const isFiltered = Object.values(this.wanted).some((value) => value && value !== "-date");
      const isStudent = this.who.Role === "student";
      return html`<p role="status">${isStudent && !isFiltered ? t("studies.noneShown") : t("studies.none")}</p>`;
    }
    return html`
      <ul class="cards">
        ${this.found.map((study) => studyCard(study, this.mayChange ? this.managing.menu(study) : ""))}
      </ul>
      ${this.hasMore ? html`<p class="more"><button @click=${this.more}>${t("studies.more")}</button></p>` : ""}
    `;
  }

  private typed(event: Event): void {
    this.wanted = { ...this.wanted, text: (event.target as HTMLInputElement).value };
    clearTimeout(this.pause);
    this.pause = window.setTimeout(() => this.search(), TYPING_PAUSE);
  }

  private chosen(event: Event): void {
    const field = event.target as HTMLInputElement | HTMLSelectElement;
    this.wanted = {
      ...this.wanted,
      [field.name]: field.type === "date" ? field.value.replaceAll("-", "") : field.value,
    };
    this.search();
  }

  private search(): void {
    history.replaceState(null, "", `${location.pathname}${queryOf(this.wanted)}`);
    void this.load();
  }

  private more(): void {
    void this.load(this.found ?? []);
  }

  /** Ask for the studies that follow those that are shown already; a newer question drops an older one. */
  private async load(before: Study[] = []): Promise<void> {
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    try {
      const page = await studies(this.wanted, before.length, asking.signal);
      this.found = [...before, ...page.Studies];
      this.hasMore = page.HasMore;
      this.error = undefined;
    } catch (error) {
      if (asking.signal.aborted) return;
      if (needsSignIn(error)) location.replace("sign-in.html");
      this.error = error;
    }
  }
}

/** What the address of the page asks for. */
export function wantedOf(search: string): Wanted {
  const given = new URLSearchParams(search);
  const text = (name: string) => given.get(name) ?? "";
  const sort = SORTS.find((one) => one === text("sort")) ?? "-date";
  return {
    text: text("text"),
    modality: text("modality"),
    label: text("label"),
    from: text("from"),
    to: text("to"),
    sort,
  };
}

/** The address that asks for it; '' for all studies. */
export function queryOf(wanted: Wanted): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(wanted)) {
    if (value && !(name === "sort" && value === "-date")) given.set(name, value);
  }
  return given.size ? `?${given}` : "";
}

function dashed(dicom: string): string {
  return dicom.replace(/^(\d{4})(\d{2})(\d{2})$/, "$1-$2-$3");
}

void start("pb-studies", StudiesPage);
