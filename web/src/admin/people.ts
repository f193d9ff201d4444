// Accounts: who is there, roles, passwords, new ones. Students need none.

import { html, type TemplateResult } from "lit";
import type { Session } from "../api/session.ts";
import { putUser, removeUser, type StaffRole, type User, users } from "../api/users.ts";
import { needsSignIn, Part, words } from "../parts/page.ts";
import { t } from "../words/index.ts";
import { panel } from "./panels.ts";

const ROLES: readonly StaffRole[] = ["teacher", "admin"];
const SHORTEST_PASSWORD = 8; // characters; the server holds it

export class People extends Part {
  static override properties = {
    who: { attribute: false },
    known: { state: true },
    told: { state: true },
    problem: { state: true },
    leaving: { state: true },
  };

  declare who: Session;
  declare private known: User[];
  declare private told: string;
  declare private problem: string;
  declare private leaving: string; // who is to be removed, when that is confirmed

  constructor() {
    super();
    this.known = [];
    this.told = "";
    this.problem = "";
    this.leaving = "";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.who.AsksForPasswords) void this.act(async () => {}, "");
  }

  override render(): TemplateResult {
    if (!this.who.AsksForPasswords) return panel("admin.people", html`<p>${t("admin.noAccounts")}</p>`);
    return panel(
      "admin.people",
      html`
        <ul class="plain people">${this.known.map((user) => this.person(user))}</ul>
        <p role="status">${this.told}</p>
        ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : ""} ${this.adding()}
      `,
    );
  }

  private person(user: User): TemplateResult {
    const { Name: name } = user;
    const role = (event: Event) => {
      const Role = (event.target as HTMLSelectElement).value as StaffRole;
      void this.act(() => putUser(name, { Role }), t("admin.changed", { name }));
    };
    if (!user.CanBeChanged) {
      return html`<li><b>${name}</b> <span class="tag">${t(`role.${user.Role}`)}</span> <span class="note">${t("admin.fixed")}</span></li>`;
    }
    const isLastAdmin =
      user.Role === "admin" && this.known.filter(({ Role }) => Role === "admin").length === 1;
    return html`
      <li>
        <b>${name}</b>
        ${
          isLastAdmin
            ? html`<span class="tag">${t("role.admin")}</span> <span class="note">${t("admin.lastAdmin")}</span>`
            : html`<select aria-label=${t("admin.roleOf", { name })} @change=${role}>
                ${ROLES.map((one) => html`<option value=${one} .selected=${one === user.Role}>${t(`role.${one}`)}</option>`)}
              </select>`
        }
        <details class="menu">
          <summary class="button">${t("admin.newPassword")}</summary>
          <form class="inline" @submit=${(event: SubmitEvent) => this.setPassword(event, name)}>
            <input name="username" autocomplete="username" .value=${name} hidden />
            ${password(t("admin.newPasswordOf", { name }))}
            <button>${t("admin.save")}</button>
          </form>
        </details>
        ${name === this.who.User || isLastAdmin ? "" : this.removal(name)}
      </li>
    `;
  }

  /** A second tap removes: there is no way back. */
  private removal(name: string): TemplateResult {
    const ask = () => {
      this.leaving = name;
    };
    const remove = () => void this.act(() => removeUser(name), t("admin.removed", { name }));
    return this.leaving === name
      ? html`<button class="danger" @click=${remove}>${t("admin.reallyRemove", { name })}</button>`
      : html`<button aria-label=${t("admin.removeUser", { name })} @click=${ask}>${t("admin.remove")}</button>`;
  }

  private adding(): TemplateResult {
    return html`
      <details class="menu">
        <summary class="button">${t("admin.add")}</summary>
        <form class="form" @submit=${this.add}>
          <label>${t("signIn.name")}<input name="name" required maxlength="64" autocomplete="off" autocapitalize="none" /></label>
          <label>${t("signIn.password")}${password("")}</label>
          <label
            >${t("admin.role")}
            <select name="role">${ROLES.map((one) => html`<option value=${one}>${t(`role.${one}`)}</option>`)}</select>
          </label>
          <button class="first">${t("signIn.make")}</button>
        </form>
      </details>
    `;
  }

  private add(event: SubmitEvent): void {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const given = new FormData(form);
    const text = (field: string) => `${given.get(field) ?? ""}`;
    const name = text("name").trim();
    if (this.known.some((user) => user.Name === name)) {
      this.problem = t("admin.taken", { name });
      return;
    }
    const made = { Password: text("password"), Role: text("role") as StaffRole };
    void this.act(() => putUser(name, made), t("admin.added", { name }), form);
  }

  private setPassword(event: SubmitEvent, name: string): void {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const Password = `${new FormData(form).get("password") ?? ""}`;
    void this.act(() => putUser(name, { Password }), t("admin.passwordSet", { name }), form);
  }

  /** Change something, then show how it is; a form that did it is emptied and folded. */
  private async act(change: () => Promise<void>, told: string, form?: HTMLFormElement): Promise<void> {
    this.told = "";
    this.problem = "";
    this.leaving = "";
    try {
      await change();
      form?.reset();
      form?.closest("details")?.removeAttribute("open");
      this.told = told;
    } catch (error) {
      this.problem = words(error);
    }
    try {
      this.known = await users();
    } catch (error) {
      if (needsSignIn(error)) location.replace("sign-in.html"); // who changes the own account is signed out
      this.problem ||= words(error);
    }
  }
}

function password(label: string): TemplateResult {
  return html`<input
    name="password"
    type="password"
    autocomplete="new-password"
    required
    minlength=${SHORTEST_PASSWORD}
    placeholder=${t("admin.shortest", { count: SHORTEST_PASSWORD })}
    aria-label=${label || t("signIn.password")}
  />`;
}

customElements.define("pb-people", People);
