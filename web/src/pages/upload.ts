// Uploading: what is picked or dropped goes to the server, pictures after a few words about them; what has arrived is
// looked through for names before students see it.

import { html, type TemplateResult } from "lit";
import { ServerError } from "../api/http.ts";
import { type Session, session } from "../api/session.ts";
import { changeStudy, restoreStudy, study } from "../api/studies.ts";
import { known, sendFile } from "../api/uploads.ts";
import { bar } from "../parts/bar.ts";
import { captions } from "../parts/captions.ts";
import { Part, start } from "../parts/page.ts";
import { uploadProgress } from "../parts/upload-progress.ts";
import { droppedFiles, type Picked, pickedOf } from "../uploading/picking.ts";
import { Queue } from "../uploading/queue.ts";
import { t } from "../words/index.ts";
import "../parts/study-review.ts";

const TO_REVIEW = "pacsberry.toReview"; // in the session's storage: studies that nobody has looked through yet

class UploadPage extends Part {
  static override properties = {
    isOver: { state: true },
    isLooking: { state: true },
    wordless: { state: true },
  };

  who!: Session;
  declare private isOver: boolean; // something is dragged over the page
  declare private isLooking: boolean; // folders are being read
  declare private wordless: Picked[]; // photographs and documents that wait for a few words
  private readonly toReview = new Set<string>(stored());
  private readonly queue = new Queue(
    {
      send: (picked, body, progress) => sendFile(picked.path ?? "instances", body, progress),
      known,
      prepare: hideBefore,
      wait: reachable,
    },
    () => this.moved(),
  );

  constructor() {
    super();
    this.isOver = false;
    this.isLooking = false;
    this.wordless = [];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("beforeunload", (event) => {
      if (this.queue.state !== "idle") event.preventDefault();
    });
    // A file that misses the place for it must not replace the page.
    for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
  }

  override render(): TemplateResult {
    document.title = `${t("app.upload")} · ${t("app.name")}`;
    return html`
      ${bar("upload", this.who)}
      <main class="upload">
        <h1>${t("app.upload")}</h1>
        ${this.who.MayDo.includes("store") ? this.body() : html`<p class="problem">${t("upload.notAllowed")}</p>`}
      </main>
    `;
  }

  private body(): TemplateResult {
    return html`
      <div
        class="drop ${this.isOver ? "over" : ""}"
        @dragover=${() => this.over(true)}
        @dragleave=${() => this.over(false)}
        @drop=${this.dropped}
      >
        <p>${t("upload.drop")}</p>
        <div class="inline">
          ${this.chooser("files", false)} ${this.chooser("folder", true)}
        </div>
        <p class="note">${t("upload.hidden")}</p>
      </div>
      ${this.isLooking ? html`<p role="status">${t("upload.looking")}</p>` : ""} ${captions(this.wordless, this.described, this.leaveOut)}
      ${uploadProgress(this.queue)} ${this.review()}
    `;
  }

  private chooser(what: "files" | "folder", isFolder: boolean): TemplateResult {
    return html`<label class="button ${isFolder ? "" : "first"}"
      >${t(isFolder ? "upload.folder" : "upload.files")}
      <input class="visually-hidden" type="file" name=${what} multiple ?webkitdirectory=${isFolder} @change=${this.chosen} />
    </label>`;
  }

  private review(): TemplateResult | "" {
    if (!this.toReview.size) return "";
    const done = (event: CustomEvent<string>) => this.reviewed(event.detail);
    return html`
      <h2>${t("review.title")}</h2>
      <p class="note">${t("review.note")}</p>
      <ul class="reviews" @reviewed=${done}>
        ${[...this.toReview].map(
          (id) =>
            html`<li><pb-study-review .study=${id} .arrived=${this.queue.finished} .isArriving=${this.queue.state !== "idle"}></pb-study-review></li>`,
        )}
      </ul>
    `;
  }

  private over(isOver: boolean): void {
    this.isOver = isOver;
  }

  private dropped(event: DragEvent): void {
    event.preventDefault();
    this.isOver = false;
    if (event.dataTransfer) void this.take(droppedFiles(event.dataTransfer));
  }

  private chosen(event: Event): void {
    const field = event.target as HTMLInputElement;
    const files = [...(field.files ?? [])];
    field.value = ""; // the same files may be picked again
    void this.take(files);
  }

  private async take(files: Iterable<File> | AsyncIterable<File>): Promise<void> {
    this.isLooking = true;
    try {
      for await (const picked of pickedOf(files)) {
        if (picked.kind === "picture" || picked.kind === "document")
          this.wordless = [...this.wordless, picked];
        else this.queue.add(picked);
      }
    } finally {
      this.isLooking = false;
    }
  }

  private readonly described = (all: Picked[]): void => {
    this.wordless = [];
    for (const one of all) this.queue.add(one);
  };

  private readonly leaveOut = (): void => {
    this.wordless = [];
  };

  private moved(): void {
    for (const one of this.queue.studies) this.toReview.add(one);
    this.keep();
    this.requestUpdate();
  }

  private reviewed(id: string): void {
    this.toReview.delete(id);
    this.queue.forget(id);
    this.keep();
    this.requestUpdate();
  }

  private keep(): void {
    sessionStorage.setItem(TO_REVIEW, JSON.stringify([...this.toReview]));
  }
}

function stored(): string[] {
  try {
    return JSON.parse(sessionStorage.getItem(TO_REVIEW) ?? "[]") as string[];
  } catch {
    return [];
  }
}

/** What comes to a study that students see is not shown before somebody has looked at it; what was deleted is had back. */
async function hideBefore(id: string): Promise<void> {
  try {
    const there = await study(id);
    if (there.IsShown) await changeStudy(id, { IsShown: false });
  } catch (error) {
    if (!(error instanceof ServerError && error.status === 404)) throw error;
    await restoreStudy(id).catch(() => {}); // it is new, mostly
  }
}

/** Wait, then try whether the server answers. */
async function reachable(milliseconds: number): Promise<void> {
  await new Promise((done) => setTimeout(done, milliseconds));
  await session().catch(() => {});
}

void start("pb-upload", UploadPage);
