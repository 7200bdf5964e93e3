// The client of the console's HTTP API: one function per call, cancellable, with errors that say what to do.
import type {
  CoverageAnswer,
  EventAnswer,
  Field,
  FieldValue,
  SavedSearch,
  SearchAnswer,
  SearchRequest,
  Session,
  SignInWays,
  Trail,
} from "./types.ts";

export class ApiError extends Error {
  readonly status: number;
  readonly kind: string;
  readonly hint: string;
  /** 1-based column in the query, where the error is about one. */
  readonly column: number | undefined;

  constructor(status: number, kind: string, message: string, hint = "", column?: number) {
    super(message);
    this.status = status;
    this.kind = kind;
    this.hint = hint;
    this.column = column;
  }
}

/** Something was answered with 401: the session has ended. */
export const signedOut = new EventTarget();

let csrfToken = "";

async function failure(response: Response): Promise<ApiError> {
  const text = await response.text();
  try {
    const { error } = JSON.parse(text) as { error: { kind: string; message: string; hint?: string; column?: number } };
    return new ApiError(response.status, error.kind, error.message, error.hint ?? "", error.column);
  } catch {
    return new ApiError(response.status, "http", `the console answered ${response.status}`, text.slice(0, 200));
  }
}

async function send(path: string, options: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(
      0,
      "unreachable",
      "the console does not answer",
      "is claudetrail still running? This page tries again when you do",
    );
  }
  if (response.ok) return response;
  const error = await failure(response);
  if (response.status === 401 && path !== "/login") signedOut.dispatchEvent(new Event("signed-out"));
  throw error;
}

async function call<T>(
  method: string,
  path: string,
  options: { body?: unknown; signal?: AbortSignal } = {},
): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (options.body !== undefined) headers["content-type"] = "application/json";
  if (method !== "GET") headers["x-csrf-token"] = csrfToken;
  const response = await send(path, {
    method,
    headers,
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const text = await response.text();
  return (text ? JSON.parse(text) : {}) as T;
}

const BASE = "/api/v1";
const parameters = (values: Record<string, string>) => new URLSearchParams(values).toString();

export const api = {
  async session(): Promise<Session> {
    const session = await call<Session>("GET", `${BASE}/session`);
    csrfToken = session.csrf_token;
    return session;
  },
  signInWays: () => call<SignInWays>("GET", `${BASE}/sign-in`),
  login: (user: string, password: string) => call<unknown>("POST", "/login", { body: { user, password } }),
  logout: () => call<unknown>("POST", `${BASE}/logout`, { body: {} }),
  search: (body: SearchRequest, signal?: AbortSignal) =>
    call<SearchAnswer>("POST", `${BASE}/search`, { body, ...(signal ? { signal } : {}) }),
  fields: async (signal?: AbortSignal) =>
    (await call<{ fields: Field[] }>("GET", `${BASE}/fields`, signal ? { signal } : {})).fields,
  values: async (
    of: { field: string; prefix: string; query: string; from: string; to: string; size: string },
    signal?: AbortSignal,
  ) =>
    (await call<{ values: FieldValue[] }>("GET", `${BASE}/values?${parameters(of)}`, signal ? { signal } : {})).values,
  event: (id: string, signal?: AbortSignal) =>
    call<EventAnswer>("GET", `${BASE}/events/${encodeURIComponent(id)}`, signal ? { signal } : {}),
  coverage: (from: string, to: string, signal?: AbortSignal) =>
    call<CoverageAnswer>("GET", `${BASE}/coverage?${parameters({ from, to })}`, signal ? { signal } : {}),
  trail: (signal?: AbortSignal) => call<Trail>("GET", `${BASE}/trail`, signal ? { signal } : {}),
  savedSearches: async (signal?: AbortSignal) =>
    (await call<{ saved_searches: SavedSearch[] }>("GET", `${BASE}/saved-searches`, signal ? { signal } : {}))
      .saved_searches,
  saveSearch: (name: string, state: string) =>
    call<SavedSearch>("POST", `${BASE}/saved-searches`, { body: { name, state } }),
  deleteSearch: (id: number) => call<unknown>("DELETE", `${BASE}/saved-searches/${id}`),
};

export function exportAddress(of: { query: string; from: string; to: string; format: string; schema: string }): string {
  return `${BASE}/export?${parameters(of)}`;
}
