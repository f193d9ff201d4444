// Asks the server: JSON in, JSON out, the session's proof with every change, errors as sentences for people.

/** The address everything of the server is below: pages are in its folder `app`. */
export const ROOT = new URL("../", globalThis.location?.href ?? "http://localhost/app/");

/** What the server refused, or that it cannot be reached (`status` 0). */
export class ServerError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

let proof = "";

/** Remember what proves that changes come from this page; `session.ts` learns it. */
export function keepProof(value: string): void {
  proof = value;
}

/** The address of a path of the server, for `src` and `href`. */
export function address(path: string): string {
  return new URL(path.replace(/^\//, ""), ROOT).href;
}

/** A JSON value. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await ask("GET", path, signal ? { signal } : {});
  return (await answer.json()) as T;
}

/** Change something with a JSON body; what the server answers. */
export async function send<T>(method: "POST" | "PUT" | "DELETE", path: string, body?: unknown): Promise<T> {
  const answer = await ask(method, path, body === undefined ? {} : { body: JSON.stringify(body) });
  const text = await answer.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** The headers that every request of a page carries. */
export function headers(): Record<string, string> {
  return { "X-Pacsberry": "page", "X-Pacsberry-Proof": proof };
}

/** One request; anything but success is a ServerError. */
export async function ask(method: string, path: string, more: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(address(path), { method, headers: headers(), credentials: "same-origin", ...more });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ServerError(0, "The server cannot be reached.");
  }
  if (!answer.ok) throw new ServerError(answer.status, await reason(answer));
  return answer;
}

async function reason(answer: Response): Promise<string> {
  try {
    const told = (await answer.json()) as { Details?: string; Message?: string };
    return told.Details || told.Message || `${answer.status}`;
  } catch {
    return `${answer.status} ${answer.statusText}`;
  }
}
