// Who is at the page, and what that role may do.

import { get, keepProof, send } from "./http.ts";

export type Action = "look" | "read" | "store" | "change" | "delete" | "send" | "administer";

export interface Session {
  User: string;
  Role: "student" | "teacher" | "admin";
  MayDo: Action[];
  Proof: string;
  AsksForPasswords: boolean;
  NeedsSetUp: boolean;
}

/** The session; asked for once by each page. */
export async function session(): Promise<Session> {
  return kept(await get<Session>("pacsberry/session"));
}

/** Sign in; ServerError 401 for a wrong name or password. */
export async function signIn(name: string, password: string): Promise<Session> {
  return kept(await send<Session>("POST", "pacsberry/session", { Name: name, Password: password }));
}

/** Choose another password; ServerError 401 for a wrong present one. Other browsers are signed out. */
export async function changePassword(present: string, wanted: string): Promise<Session> {
  return kept(await send<Session>("PUT", "pacsberry/session", { Password: present, NewPassword: wanted }));
}

/** Sign out, here or in all browsers. */
export async function signOut(everywhere = false): Promise<void> {
  await send("DELETE", "pacsberry/session", { Everywhere: everywhere });
  keepProof("");
}

/** Make the first account, with the code that the server's start has told. */
export async function setUp(code: string, name: string, password: string): Promise<Session> {
  return kept(
    await send<Session>("POST", "pacsberry/set-up", { Code: code, Name: name, Password: password }),
  );
}

function kept(told: Session): Session {
  keepProof(told.Proof);
  return told;
}
