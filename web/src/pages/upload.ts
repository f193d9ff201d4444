import { html, type TemplateResult } from "lit";
import type { Session } from "../api/session.ts";
import { bar } from "../parts/bar.ts";
import { Part, start } from "../parts/page.ts";

class EmptyPage extends Part {
  who!: Session;

  override render(): TemplateResult {
    return html`${bar("index", this.who)}<main></main>`;
  }
}

void start("pb-page", EmptyPage);
