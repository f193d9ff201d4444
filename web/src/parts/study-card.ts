// One study in a list: thumbnail, what it is, and its series to open.

import { html, type TemplateResult } from "lit";
import { address } from "../api/http.ts";
import { modalitiesOf, type SeriesEntry, type Study } from "../api/studies.ts";
import { dateText, t } from "../words/index.ts";

/** The address of the viewer for a study, or for one of its series. */
export function viewerAddress(study: Study, series?: SeriesEntry): string {
  const place = series ? `#series=${series.ID}` : "";
  return `viewer.html?study=${study.ID}${place}`;
}

/** What a study is called: its title, else its description, else that it has none. */
export function nameOf(study: Study): string {
  return study.Title || study.Description || t("studies.untitled");
}

/** The name of a person as it is read: "DOE^JANE" is "DOE, JANE". */
export function personText(name: string): string {
  const [family = "", given = "", ...more] = (name.split("=")[0] ?? "").split("^");
  return [family, [given, ...more].filter(Boolean).join(" ")].filter(Boolean).join(", ");
}

/** A list item; `target` is where its pictures are opened. */
export function studyCard(study: Study, menu: TemplateResult | "" = "", target = "_self"): TemplateResult {
  const first = study.Series.find((series) => !NO_PICTURES.has(series.Modality));
  return html`
    <li class="card" data-study=${study.ID}>
      ${first ? thumbnail(first) : html`<span class="thumbnail" aria-hidden="true">${study.Series[0]?.Modality}</span>`}
      <div>
        <a class="open" href=${viewerAddress(study)} target=${target}>${nameOf(study)}</a>
        <div class="note">
          ${[study.Title && study.Description, dateText(study.Date), modalitiesOf(study).join(", ")].filter(Boolean).join(" · ")}
        </div>
        ${study.Patient ? html`<div>${personText(study.Patient.PatientName)} <span class="note">${study.Patient.PatientID}</span></div>` : ""}
        ${state(study)}
        <div class="strip">${study.Series.map((series) => seriesLink(study, series, target))}</div>
      </div>
      ${menu}
    </li>
  `;
}

const NO_PICTURES = new Set(["SR", "PR", "KO", "DOC", "REG", "SEG", "RTSTRUCT", "RTPLAN"]);

function thumbnail(series: SeriesEntry): TemplateResult {
  const hide = (event: Event) => (event.target as HTMLElement).removeAttribute("src");
  const source = address(`pacsberry/series/${series.ID}/thumbnail`);
  return html`<img class="thumbnail" src=${source} alt="" loading="lazy" decoding="async" width="96" height="96" @error=${hide} />`;
}

function seriesLink(study: Study, series: SeriesEntry, target: string): TemplateResult {
  const name = series.Description || t("studies.series", { number: series.Number || "?" });
  const count = t("studies.count", { count: series.CountInstances });
  return html`<a class="button" href=${viewerAddress(study, series)} target=${target} title="${name}, ${count}">${series.Modality} ${series.CountInstances}</a>`;
}

function state(study: Study): TemplateResult | "" {
  if (study.IsShown === undefined) return "";
  return html`<span class="tag ${study.IsShown ? "on" : ""}">${study.IsShown ? t("studies.shown") : t("studies.hidden")}</span>
    ${study.IsProtected ? html`<span class="tag">${t("studies.kept")}</span>` : ""}
    ${(study.Labels ?? []).map((label) => html`<span class="tag">${label}</span> `)}`;
}
