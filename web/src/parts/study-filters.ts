// The form above the list of studies: words, and filters that are folded away on a telephone.

import { html, type TemplateResult } from "lit";
import type { Session } from "../api/session.ts";
import type { Wanted } from "../api/studies.ts";
import { type Key, t } from "../words/index.ts";
import { countFilters, SORTS } from "./wanted.ts";

/** What there is to choose from. */
export interface Choices {
  modalities: readonly string[];
  labels: readonly string[];
  isOpen: boolean; // not folded away
}

/** The page that has the list. */
export interface FilterEvents {
  typed(text: string): void;
  chosen(what: Partial<Wanted>): void;
}

/** Room for all filters in one line, as in the style sheet: they are not folded away there. */
export const WIDE = matchMedia("(min-width: 1000px)");

/** The form; `names` and labels are for staff. */
export function studyFilters(
  wanted: Wanted,
  choices: Choices,
  who: Session,
  events: FilterEvents,
): TemplateResult {
  const isStaff = who.MayDo.includes("read");
  const count = countFilters(wanted);
  const typed = (event: Event) => events.typed((event.target as HTMLInputElement).value);
  return html`
    <form class="filters" role="search" @submit=${(event: Event) => event.preventDefault()}>
      <label class="search"
        >${t("studies.search")}
        <input type="search" name="text" autocomplete="off" .value=${wanted.text} @input=${typed} />
      </label>
      <details class="menu" ?open=${choices.isOpen}>
        <summary class="button">${t("studies.filters")}${count ? ` · ${count}` : ""}</summary>
        <div class="filters">
          ${select("modality", t("studies.modality"), [["", t("studies.anyModality")], ...same(choices.modalities, wanted.modality)], wanted, events)}
          ${
            isStaff
              ? html`${select("label", t("studies.label"), [["", t("studies.anyLabel")], ...same(choices.labels, wanted.label)], wanted, events)}
                ${select(
                  "shown",
                  t("studies.students"),
                  [
                    ["", t("studies.allOfThem")],
                    ["1", t("studies.shown")],
                    ["0", t("studies.hidden")],
                  ],
                  wanted,
                  events,
                )}`
              : ""
          }
          ${day("from", t("studies.from"), wanted, events)} ${day("to", t("studies.to"), wanted, events)}
          ${select(
            "sort",
            t("studies.sort"),
            SORTS.filter((sort) => isStaff || sort !== "name").map((sort) => [
              sort,
              t(`studies.sort.${sort}` as Key),
            ]),
            wanted,
            events,
          )}
          ${count ? html`<button type="button" @click=${() => events.chosen(NO_FILTER)}>${t("studies.noFilter")}</button>` : ""}
        </div>
      </details>
    </form>
  `;
}

const NO_FILTER: Partial<Wanted> = { modality: "", label: "", shown: "", from: "", to: "" };

/** Values that are their own names; what the address asks for is among them, whether there is any or not. */
function same(values: readonly string[], wanted: string): [string, string][] {
  const all = wanted && !values.includes(wanted) ? [wanted, ...values] : values;
  return all.map((value) => [value, value]);
}

function select(
  name: keyof Wanted,
  label: string,
  options: (readonly [string, string])[],
  wanted: Wanted,
  events: FilterEvents,
): TemplateResult {
  const chosen = (event: Event) => events.chosen({ [name]: (event.target as HTMLSelectElement).value });
  return html`<label
    >${label}
    <select name=${name} @change=${chosen}>
      ${options.map(([value, text]) => html`<option value=${value} .selected=${value === wanted[name]}>${text}</option>`)}
    </select>
  </label>`;
}

function day(name: "from" | "to", label: string, wanted: Wanted, events: FilterEvents): TemplateResult {
  const chosen = (event: Event) =>
    events.chosen({ [name]: (event.target as HTMLInputElement).value.replaceAll("-", "") });
  const value = wanted[name].replace(/^(\d{4})(\d{2})(\d{2})$/, "$1-$2-$3");
  return html`<label>${label}<input type="date" name=${name} .value=${value} @change=${chosen} /></label>`;
}
