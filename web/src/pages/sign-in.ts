// Signing in; on a box where nobody has an account yet the first one, with the code that the server's start tells; and
// for who is signed in, a password of one's own.

import { html, type TemplateResult } from "lit";
import { ServerError } from "../api/http.ts";
import { changePassword, type Session, setUp, signIn } from "../api/session.ts";
import { bar, leave } from "../parts/bar.ts";
import { Part, start, words } from "../parts/page.ts";
import { t } from "../words/index.ts";

const SHORTEST_PASSWORD = 8; // characters, of a password chosen on a page; the server holds it

class SignInPage extends Part {
  static override properties = {
    who: { attribute: false },
    told: { state: true },
    done: { state: true },
    isBusy: { state: true },
  };

  declare who: Session;
  declare private told: string;
  declare private done: boolean; // whether a password has been changed
  declare private isBusy: boolean;

  constructor() {
    super();
    this.told = "";
    this.done = false;
    this.isBusy = false;
  }

  override render(): TemplateResult {
    document.title = `${t("app.signIn")} · ${t("app.name")}`;
    const isFirst = this.who.NeedsSetUp;
    if (!this.who.AsksForPasswords) {
      return html`${bar("sign-in", this.who)}<main class="narrow"><h1>${t("app.signIn")}</h1><p>${t("signIn.open")}</p></main>`;
    }
    if (this.who.User) return this.account();
    return html`
      ${bar("sign-in", this.who)}
      <main class="narrow">
        <h1>${isFirst ? t("signIn.first") : t("app.signIn")}</h1>
        <p class="note">${isFirst ? t("signIn.firstNote") : t("signIn.note")}</p>
        <form class="form" @submit=${this.submit}>
          ${isFirst ? this.field("code", t("signIn.code"), "text", "one-time-code") : ""}
          ${this.field("name", t("signIn.name"), "text", "username")}
          ${this.field("password", t("signIn.password"), "password", isFirst ? "new-password" : "current-password")}
          ${isFirst ? html`<p class="note">${t("admin.shortest", { count: SHORTEST_PASSWORD })}</p>` : ""}
          ${this.told ? html`<p class="problem" role="alert">${this.told}</p>` : ""}
          <button class="first" ?disabled=${this.isBusy}>${isFirst ? t("signIn.make") : t("app.signIn")}</button>
        </form>
        <details class="note">
          <summary>${t("signIn.which")}</summary>
          <p>${t("signIn.whichBox")}</p>
          <p>${t("signIn.whichServer")} <code>pacsberry user set-password NAME</code></p>
        </details>
      </main>
    `;
  }

  private account(): TemplateResult {
    document.title = `${this.who.User} · ${t("app.name")}`;
    return html`
      ${bar("sign-in", this.who)}
      <main class="narrow">
        <h1>${this.who.User}</h1>
        <form class="form" @submit=${this.change}>
          ${this.field("present", t("account.present"), "password", "current-password")}
          ${this.field("wanted", t("account.wanted"), "password", "new-password")}
          <p class="note">${t("admin.shortest", { count: SHORTEST_PASSWORD })}</p>
          ${this.told ? html`<p class="problem" role="alert">${this.told}</p>` : ""}
          ${this.done ? html`<p role="status">${t("account.done")}</p>` : ""}
          <button class="first" ?disabled=${this.isBusy}>${t("account.change")}</button>
        </form>
        <p class="note">${t("account.everywhereNote")}</p>
        <p><button @click=${() => leave(true)}>${t("account.everywhere")}</button></p>
      </main>
    `;
  }

  private async change(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const given = new FormData(form);
    this.isBusy = true;
    this.told = "";
    this.done = false;
    try {
      this.who = await changePassword(`${given.get("present") ?? ""}`, `${given.get("wanted") ?? ""}`);
      this.done = true;
      form.reset();
    } catch (error) {
      const isWrong = error instanceof ServerError && error.status === 401;
      this.told = isWrong ? t("signIn.wrong") : words(error);
    } finally {
      this.isBusy = false;
    }
  }

  private field(name: string, label: string, type: string, autocomplete: string): TemplateResult {
    return html`<label
      >${label}
      <input name=${name} type=${type} autocomplete=${autocomplete} autocapitalize="none" spellcheck="false" required />
    </label>`;
  }

  private async submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    const text = (name: string) => `${given.get(name) ?? ""}`;
    this.isBusy = true;
    this.told = "";
    try {
      if (this.who.NeedsSetUp) await setUp(text("code"), text("name"), text("password"));
      else await signIn(text("name"), text("password"));
      location.assign("index.html");
    } catch (error) {
      this.told = reason(error);
    } finally {
      this.isBusy = false;
    }
  }
}

function reason(error: unknown): string {
  const status = error instanceof ServerError ? error.status : 0;
  if (status === 401) return t("signIn.wrong");
  return status === 403 ? t("signIn.wrongCode") : words(error);
}

void start("pb-sign-in", SignInPage);
