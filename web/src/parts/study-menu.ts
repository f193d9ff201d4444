// What a teacher decides about one study: its title, whether students see it, labels, protection, download, deletion.

import { html, type TemplateResult } from "lit";
import { address } from "../api/http.ts";
import { archivePath, changeStudy, type Study, setLabel, study as studyOf } from "../api/studies.ts";
import { unseen } from "../uploading/unseen.ts";
import { t } from "../words/index.ts";
import { words } from "./page.ts";

export const LABEL = "[A-Za-z0-9_\\-]{1,64}"; // what a label is made of

/** The page that shows the study. */
export interface MenuEvents {
  changed(study: Study): void;
  failed(message: string): void;
  discard(study: Study): void;
}

/** A fold-out menu. */
export function studyMenu(study: Study, events: MenuEvents): TemplateResult {
  const change = async (what: Parameters<typeof changeStudy>[1]) => {
    if (what.IsShown && looksFirst([study])) return;
    await told(events, async () => events.changed(await changeStudy(study.ID, what)));
  };
  const rename = (event: Event) => void change({ Title: (event.target as HTMLInputElement).value });
  return html`
    <details class="menu">
      <summary class="button">${t("manage.menu")}</summary>
      <div class="form">
        <label
          >${t("manage.title")}
          <input .value=${study.Title} maxlength="200" @change=${rename} />
        </label>
        ${tick(t("manage.show"), study.IsShown ?? false, (isOn) => void change({ IsShown: isOn }))}
        ${tick(t("manage.protect"), study.IsProtected ?? false, (isOn) => void change({ IsProtected: isOn }))}
        ${labelling(study, events)}
        <a class="button" href="upload.html?review=${study.ID}">${t("manage.review")}</a>
        <a class="button" href=${address(archivePath([study.ID]))} download>${t("manage.download")}</a>
        <button @click=${() => events.discard(study)}>${t("manage.delete")}</button>
      </div>
    </details>
  `;
}

/** What came from this device is looked through before it is shown: whether the page is left for that. */
export function looksFirst(studies: readonly Study[]): boolean {
  const all = unseen();
  const some = studies.filter(({ ID }) => all.has(ID));
  if (some.length) location.assign(`upload.html?review=${some.map(({ ID }) => ID).join(",")}`);
  return some.length > 0;
}

function tick(text: string, isOn: boolean, change: (isOn: boolean) => void): TemplateResult {
  const changed = (event: Event) => change((event.target as HTMLInputElement).checked);
  return html`<label class="tick"><input type="checkbox" .checked=${isOn} @change=${changed} />${text}</label>`;
}

function labelling(study: Study, events: MenuEvents): TemplateResult {
  const set = async (label: string, isOn: boolean) => {
    await told(events, async () => {
      await setLabel(study.ID, label, isOn);
      events.changed(await studyOf(study.ID));
    });
  };
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const label = `${new FormData(form).get("label") ?? ""}`;
    form.reset();
    void set(label, true);
  };
  return html`
    <div class="strip">
      ${(study.Labels ?? []).map(
        (label) =>
          html`<button @click=${() => void set(label, false)} aria-label=${t("manage.removeLabel", { label })}>${label} ×</button>`,
      )}
    </div>
    <form class="inline" @submit=${add}>
      <input name="label" required pattern=${LABEL} autocapitalize="none" aria-label=${t("manage.label")} placeholder=${t("manage.label")} />
      <button>${t("manage.add")}</button>
    </form>
  `;
}

async function told(events: MenuEvents, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    events.failed(words(error));
  }
}
