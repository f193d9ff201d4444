// Uploading: what is picked or dropped goes to the server, pictures after a few words about them; what has arrived is
// looked through for names before students see it.

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { ServerError } from "../api/http.ts";
import { type Session, session } from "../api/session.ts";
import { changeStudy, study } from "../api/studies.ts";
import { known, sendFile } from "../api/uploads.ts";
import { bar } from "../parts/bar.ts";
import { captions } from "../parts/captions.ts";
import { Part, start, words } from "../parts/page.ts";
import { uploadProgress } from "../parts/upload-progress.ts";
import { droppedFiles, type Picked, pickedOf } from "../uploading/picking.ts";
import { Queue } from "../uploading/queue.ts";
import { dropUnseen, keepUnseen, unseen } from "../uploading/unseen.ts";
import { t } from "../words/index.ts";
import "../parts/study-review.ts";

const UNSENT = "pacsberry.unsent"; // in the session's storage: how many files were still to be sent
const MOST_REVIEWED = 10; // studies at once; each asks for all of its tags

class UploadPage extends Part {
  static override properties = {
    isOver: { state: true },
    isLooking: { state: true },
    wordless: { state: true },
    problem: { state: true },
    lost: { state: true },
  };

  who!: Session;
  declare private isOver: boolean; // something is dragged over the page
  declare private isLooking: number; // folders and ZIPs that are being read
  declare private wordless: Picked[]; // photographs and documents that wait for a few words
  declare private problem: string;
  declare private lost: number; // files that were not sent when the page was left
  private readonly toReview = unseen();
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
    this.isLooking = 0;
    this.wordless = [];
    this.problem = "";
    this.lost = Number(sessionStorage.getItem(UNSENT) ?? 0);
    const wanted = new URLSearchParams(location.search).get("review");
    if (wanted) {
      this.toReview.clear(); // those come again with the page itself
      for (const one of wanted.split(",")) this.toReview.add(one);
    }
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
          ${this.chooser("files")} ${this.chooser("photos")} ${this.chooser("folder")}
        </div>
        <p class="note">${t("upload.hidden")}</p>
      </div>
      ${this.lost ? html`<p class="problem" role="alert">${t("upload.unsent", { count: this.lost })}</p>` : ""}
      ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : ""}
      ${this.isLooking ? html`<p role="status">${t("upload.looking")}</p>` : ""} ${captions(this.wordless, this.described, this.leaveOut)}
      ${uploadProgress(this.queue, () => void this.resume())} ${this.review()}
    `;
  }

  /** Photographs have a button of their own: asked for JPEG, an iPad makes it of the HEIC that its camera writes. */
  private chooser(what: "files" | "photos" | "folder"): TemplateResult {
    return html`<label class="button ${what === "files" ? "first" : ""}"
      >${t(`upload.${what}`)}
      <input
        class="visually-hidden"
        type="file"
        name=${what}
        accept=${what === "photos" ? "image/jpeg,image/png" : nothing}
        multiple
        ?webkitdirectory=${what === "folder"}
        @change=${this.chosen}
      />
    </label>`;
  }

  private review(): TemplateResult | "" {
    if (!this.toReview.size) return "";
    const done = (event: CustomEvent<string>) => this.reviewed(event.detail);
    const all = [...this.toReview];
    return html`
      <h2>${t("review.title")}</h2>
      <p class="note">${t("review.note")}</p>
      <ul class="reviews" @reviewed=${done}>
        ${repeat(
          all.slice(0, MOST_REVIEWED),
          (id) => id,
          (id) =>
            html`<li><pb-study-review .study=${id} .arrived=${this.queue.arrivals.get(id) ?? 0} .isArriving=${this.queue.state !== "idle"}></pb-study-review></li>`,
        )}
      </ul>
      ${all.length > MOST_REVIEWED ? html`<p>${t("review.more", { count: all.length - MOST_REVIEWED })}</p>` : ""}
      ${all.length > 1 ? html`<p><button @click=${this.later}>${t("review.later")}</button></p>` : ""}
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
    this.isLooking += 1;
    this.lost = 0;
    this.problem = "";
    try {
      for await (const picked of pickedOf(files)) {
        if (picked.kind === "picture" || picked.kind === "document")
          this.wordless = [...this.wordless, picked];
        else this.queue.add(picked);
      }
    } catch (error) {
      this.problem = words(error); // a folder that cannot be read
    } finally {
      this.isLooking -= 1;
    }
  }

  private readonly described = (all: Picked[]): void => {
    this.wordless = [];
    for (const one of all) this.queue.add(one);
  };

  private readonly leaveOut = (): void => {
    this.wordless = [];
  };

  /** Go on after a pause; who has signed in anew meanwhile has another proof. */
  private async resume(): Promise<void> {
    await session().catch(() => {});
    this.queue.resume();
  }

  private moved(): void {
    for (const one of this.queue.studies) this.toReview.add(one);
    this.keep();
    this.requestUpdate();
  }

  private readonly later = (): void => {
    for (const id of this.toReview) this.queue.forget(id);
    this.toReview.clear();
    this.requestUpdate();
  };

  private reviewed(id: string): void {
    this.toReview.delete(id);
    this.queue.forget(id);
    dropUnseen(id);
    this.requestUpdate();
  }

  private keep(): void {
    keepUnseen(this.queue.studies);
    const unsent = this.queue.state === "idle" ? 0 : this.queue.files - this.queue.finished;
    sessionStorage.setItem(UNSENT, `${unsent}`);
  }
}

/** What comes to a study that students see is not shown before somebody has looked at it. */
async function hideBefore(id: string): Promise<void> {
  try {
    const there = await study(id);
    if (there.IsShown) await changeStudy(id, { IsShown: false });
  } catch (error) {
    if (!(error instanceof ServerError && error.status === 404)) throw error; // it is new, mostly
  }
}

/** Wait, then try whether the server answers. */
async function reachable(milliseconds: number): Promise<void> {
  await new Promise((done) => setTimeout(done, milliseconds));
  await session().catch(() => {});
}

void start("pb-upload", UploadPage);
