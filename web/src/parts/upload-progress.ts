// How far an upload is: all together, what is on its way, and what was refused with the reason.

import { html, type TemplateResult } from "lit";
import type { Moving, Problem, Queue, Reason, Refused } from "../uploading/queue.ts";
import { type Key, sizeText, t } from "../words/index.ts";

const MOST_LISTED = 200; // refused files; a folder of photographs has thousands

/** Nothing before something was picked; `resume` goes on after a pause. */
export function uploadProgress(queue: Queue, resume: () => void): TemplateResult | "" {
  if (!queue.files) return "";
  const { state } = queue;
  return html`
    <section class="progress" aria-label=${t("upload.progress")}>
      <div class="inline">
        <p role="status">
          <strong>${t(`upload.state.${state}`)}</strong>
          ${t("upload.counts", { done: queue.finished, all: queue.files })} · ${sizeText(queue.sent)} / ${sizeText(queue.bytes)}
        </p>
        ${button(queue, resume)}
      </div>
      <progress max=${Math.max(1, queue.bytes)} .value=${queue.sent} aria-label=${t("upload.progress")}></progress>
      ${queue.problem ? problem(queue.problem) : ""}
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

function button(queue: Queue, resume: () => void): TemplateResult | "" {
  if (queue.state === "idle") return "";
  return queue.state === "paused"
    ? html`<button class="first" @click=${resume}>${t("upload.resume")}</button>`
    : html`<button @click=${() => queue.pause()}>${t("upload.pause")}</button>`;
}

/** Why it has paused by itself; who is not signed in any more signs in beside this page, which keeps what it has to send. */
function problem({ status, details }: Problem): TemplateResult {
  const text =
    status === 401 || status === 403 ? "upload.signInAgain" : status === 507 ? "upload.noRoom" : "";
  const link = html`<a class="button" href="sign-in.html" target="_blank">${t("app.signIn")}</a>`;
  return html`<p class="problem" role="alert">
    ${text ? t(text) : details} ${text === "upload.signInAgain" ? link : ""}
  </p>`;
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
        ${refused.slice(0, MOST_LISTED).map((one) => html`<li><span class="name">${one.name}</span> <span class="note">${reasonText(one)}</span></li>`)}
      </ul>
      ${refused.length > MOST_LISTED ? html`<p class="note">${t("upload.more", { count: refused.length - MOST_LISTED })}</p>` : ""}
    </details>
  `;
}

const REASONS: Record<Exclude<Reason, "">, Key> = {
  empty: "upload.empty",
  nothing: "upload.nothing",
  heic: "upload.heic",
  strange: "upload.strange",
  large: "upload.large",
};

function reasonText({ reason, details }: Refused): string {
  return reason ? [t(REASONS[reason]), details && `(${details})`].filter(Boolean).join(" ") : details;
}
