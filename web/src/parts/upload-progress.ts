// How far an upload is: all together, what is on its way, and what was refused with the reason.

import { html, type TemplateResult } from "lit";
import type { Moving, Queue, Refused } from "../uploading/queue.ts";
import { sizeText, t } from "../words/index.ts";

const MOST_LISTED = 200; // refused files; a folder of photographs has thousands

/** Nothing before something was picked. */
export function uploadProgress(queue: Queue): TemplateResult | "" {
  if (!queue.files) return "";
  const { state } = queue;
  return html`
    <section class="progress" aria-label=${t("upload.progress")}>
      <div class="inline">
        <p role="status">
          <strong>${t(`upload.state.${state}`)}</strong>
          ${t("upload.counts", { done: queue.finished, all: queue.files })} · ${sizeText(queue.sent)} / ${sizeText(queue.bytes)}
        </p>
        ${button(queue)}
      </div>
      <progress max=${Math.max(1, queue.bytes)} .value=${queue.sent} aria-label=${t("upload.progress")}></progress>
      ${queue.problem ? html`<p class="problem" role="alert">${queue.problem}</p>` : ""}
      <ul class="moving">
        ${[...queue.moving.values()].map(moving)}
      </ul>
      <p class="note">
        ${[
          t("upload.stored", { count: queue.stored }),
          queue.known ? t("upload.known", { count: queue.known }) : "",
          queue.refused.length ? t("upload.refused", { count: queue.refused.length }) : "",
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
      ${refusals(queue.refused)}
    </section>
  `;
}

function button(queue: Queue): TemplateResult | "" {
  if (queue.state === "idle") return "";
  return queue.state === "paused"
    ? html`<button class="first" @click=${() => queue.resume()}>${t("upload.resume")}</button>`
    : html`<button @click=${() => queue.pause()}>${t("upload.pause")}</button>`;
}

function moving(one: Moving): TemplateResult {
  return html`<li>
    <span class="name">${one.name}</span>
    <progress max=${Math.max(1, one.size)} .value=${one.sent} aria-label=${one.name}></progress>
  </li>`;
}

function refusals(refused: readonly Refused[]): TemplateResult | "" {
  if (!refused.length) return "";
  return html`
    <details>
      <summary class="button">${t("upload.refused", { count: refused.length })}</summary>
      <ul class="refused">
        ${refused.slice(0, MOST_LISTED).map((one) => html`<li><span class="name">${one.name}</span> <span class="note">${reasonText(one.reason)}</span></li>`)}
      </ul>
      ${refused.length > MOST_LISTED ? html`<p class="note">${t("upload.more", { count: refused.length - MOST_LISTED })}</p>` : ""}
    </details>
  `;
}

function reasonText(reason: string): string {
  if (reason === "empty") return t("upload.empty");
  return reason === "nothing" ? t("upload.nothing") : reason;
}
