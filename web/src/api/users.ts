// Who has an account, for admins.

import { get, send } from "./http.ts";

export type StaffRole = "teacher" | "admin";

export interface User {
  Name: string;
  Role: StaffRole;
  CanBeChanged: boolean; // false: it is set in the configuration
}

/** All accounts, without passwords. */
export function users(): Promise<User[]> {
  return get<User[]>("pacsberry/users");
}

/** Add an account, or change what is given of one; who has it is signed out. */
export async function putUser(name: string, what: { Password?: string; Role?: StaffRole }): Promise<void> {
  await send("PUT", path(name), what);
}

/** Remove an account. */
export async function removeUser(name: string): Promise<void> {
  await send("DELETE", path(name));
}

function path(name: string): string {
  return `pacsberry/users/${encodeURIComponent(name)}`;
}
