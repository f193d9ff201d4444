// What all pages have in common: an element that draws into the page itself (one style sheet for all), and the session.

import { html, LitElement, type TemplateResult } from "lit";
import { ServerError } from "../api/http.ts";
import { type Session, session } from "../api/session.ts";
import { t } from "../words/index.ts";

/** An element without a shadow: the style sheet of the page holds for it. */
export class Part extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}

/** Put an element on the page once it is known who is there; leads to signing in where that is needed. */
export async function start(name: string, page: CustomElementConstructor & { new (): Part }): Promise<void> {
  customElements.define(name, page);
  try {
    const who = await session();
    const element = document.createElement(name) as Part & { who: Session };
    element.who = who;
    document.body.append(element);
    guardReturn(who);
  } catch (error) {
    const problem = document.createElement("p");
    problem.className = "problem";
    problem.setAttribute("role", "alert");
    problem.textContent = words(error);
    document.body.append(problem);
  }
}

/** Show a page that the browser has kept to nobody but who left it: "back" after signing out would show names. */
function guardReturn(left: Session): void {
  let place = 0; // where it was scrolled to: nothing is left to scroll while it is hidden
  addEventListener("pagehide", () => {
    place = scrollY;
    document.body.hidden = true;
  });
  addEventListener("pageshow", async (event) => {
    if (!event.persisted) return;
    const now = await session().catch(() => undefined);
    if (now?.User === left.User && now.Role === left.Role) {
      document.body.hidden = false;
      scrollTo(0, place);
    } else location.reload();
  });
}

/** What went wrong, as a sentence. */
export function words(error: unknown): string {
  const status = error instanceof ServerError ? error.status : undefined;
  if (status === 0) return t("app.unreachable");
  if (status === 429 || status === 503) return t("app.busy");
  return t("app.failed", { reason: error instanceof Error ? error.message : `${error}` });
}

/** Whether only signing in helps. */
export function needsSignIn(error: unknown): boolean {
  return error instanceof ServerError && error.status === 401;
}

/** A problem and a way to try again. */
export function problem(error: unknown, again: () => void): TemplateResult {
  return html`<p class="problem" role="alert">${words(error)} <button @click=${again}>${t("app.again")}</button></p>`;
}
