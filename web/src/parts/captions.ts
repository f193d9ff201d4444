// What a teacher says about photographs and documents before they become DICOM: they say nothing by themselves.

import { html, type TemplateResult } from "lit";
import { type Caption, capturePath } from "../api/uploads.ts";
import type { Picked } from "../uploading/picking.ts";
import { t } from "../words/index.ts";

const MOST_LISTED = 20; // names of files

/** A form about the files that wait for it; `send` gets them with their addresses, `leaveOut` drops them. */
export function captions(
  waiting: readonly Picked[],
  send: (all: Picked[]) => void,
  leaveOut: () => void,
): TemplateResult | "" {
  if (!waiting.length) return "";
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    const text = (name: string) => `${given.get(name) ?? ""}`.trim();
    const caption = {
      batch: newBatch(),
      patient: text("patient"),
      title: text("title"),
      date: text("date").replaceAll("-", ""),
    };
    send(captioned(waiting, caption));
  };
  return html`
    <form class="form captions" @submit=${submit}>
      <h2>${t("captions.title", { count: waiting.length })}</h2>
      <p class="note">
        ${waiting
          .slice(0, MOST_LISTED)
          .map((one) => one.name)
          .join(" · ")}${waiting.length > MOST_LISTED ? " …" : ""}
      </p>
      <label>${t("manage.title")}<input name="title" maxlength="64" required autocomplete="off" /></label>
      <label>${t("captions.patient")}<input name="patient" maxlength="64" required autocomplete="off" /></label>
      <p class="note">${t("captions.note")}</p>
      <label>${t("captions.date")}<input name="date" type="date" .value=${today()} /></label>
      <div class="inline">
        <button class="first">${t("app.upload")}</button>
        <button type="button" @click=${leaveOut}>${t("captions.leaveOut")}</button>
      </div>
    </form>
  `;
}

/** The files with the addresses that they are sent to, numbered in the order of their names. */
export function captioned(waiting: readonly Picked[], caption: Caption): Picked[] {
  const sorted = [...waiting].sort((one, other) =>
    one.name.localeCompare(other.name, "en", { numeric: true }),
  );
  return sorted.map((picked, place) => ({ ...picked, path: capturePath(caption, place + 1) }));
}

/** A name that no other upload has; from what plain HTTP has, too. */
export function newBatch(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

/** The day of this device, which knows it better than a box without a battery. */
function today(): string {
  const now = new Date();
  return [now.getFullYear(), now.getMonth() + 1, now.getDate()]
    .map((part) => `${part}`.padStart(2, "0"))
    .join("-");
}
