// The bar at the top of every page but the viewer: where one can go, and who is signed in.

import { html, type TemplateResult } from "lit";
import type { Action, Session } from "../api/session.ts";
import { signOut } from "../api/session.ts";
import { type Key, t } from "../words/index.ts";

export type PageName = "index" | "upload" | "admin" | "sign-in";

const PLACES: readonly { page: PageName; text: Key; needs: Action }[] = [
  { page: "index", text: "app.studies", needs: "look" },
  { page: "upload", text: "app.upload", needs: "store" },
  { page: "admin", text: "app.admin", needs: "administer" },
];

/** The bar of the page `current`; only places that the role may go to. */
export function bar(current: PageName, who: Session): TemplateResult {
  return html`
    <header class="bar">
      <a class="brand" href="index.html"><img src="berry.svg" width="28" height="28" alt="" />${t("app.name")}</a>
      <nav>
        ${PLACES.filter(({ needs }) => who.MayDo.includes(needs)).map(
          ({ page, text }) =>
            html`<a class="button" href="${page}.html" aria-current=${page === current ? "page" : "false"}>${t(text)}</a>`,
        )}
        ${who.AsksForPasswords ? account(current, who) : ""}
      </nav>
    </header>
  `;
}

function account(current: PageName, who: Session): TemplateResult {
  const state = current === "sign-in" ? "page" : "false";
  const place = html`<a class="button" href="sign-in.html" aria-current=${state}>${who.User || t("app.signIn")}</a>`;
  return who.User ? html`${place}<button @click=${() => leave()}>${t("app.signOut")}</button>` : place;
}

/** Sign out, here or everywhere. */
export async function leave(everywhere = false): Promise<void> {
  await signOut(everywhere);
  location.assign("index.html");
}
