// The client of the console's HTTP API: one function per call, cancellable, with errors that say what to do.
import type {
  Access,
  Actor,
  ActorSession,
  Actors,
  Attestation,
  ConsoleSession,
  CoverageAnswer,
  DeadLetters,
  EventAnswer,
  Field,
  FieldValue,
  FirstSeen,
  Neighbours,
  Range,
  SavedSearch,
  SearchAnswer,
  SearchRequest,
  Session,
  SignInWays,
  Story,
  Trail,
  TrailFigures,
  Verification,
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

function get<T>(path: string, of: Record<string, string> = {}, signal?: AbortSignal): Promise<T> {
  const search = parameters(of);
  return call<T>("GET", `${BASE}/${path}${search ? `?${search}` : ""}`, signal ? { signal } : {});
}

const post = <T>(path: string, body: unknown) => call<T>("POST", `${BASE}/${path}`, { body });
const id = encodeURIComponent;

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
  fields: async (signal?: AbortSignal) => (await get<{ fields: Field[] }>("fields", {}, signal)).fields,
  values: async (of: Range & { field: string; prefix: string; size: string }, signal?: AbortSignal) =>
    (await get<{ values: FieldValue[] }>("values", of, signal)).values,
  event: (event: string, signal?: AbortSignal) => get<EventAnswer>(`events/${id(event)}`, {}, signal),
  neighbours: (event: string, minutes: number, signal?: AbortSignal) =>
    get<Neighbours>(`events/${id(event)}/neighbours`, { minutes: String(minutes) }, signal),
  coverage: (from: string, to: string, signal?: AbortSignal) => get<CoverageAnswer>("coverage", { from, to }, signal),
  actors: (of: Range & Record<string, string>, signal?: AbortSignal) => get<Actors>("actors", { ...of }, signal),
  actor: (actor: string, of: Range, signal?: AbortSignal) => get<Actor>(`actors/${id(actor)}`, { ...of }, signal),
  actorSessions: (actor: string, of: Range, signal?: AbortSignal) =>
    get<{ sessions: ActorSession[]; more: boolean }>(`actors/${id(actor)}/sessions`, { ...of }, signal),
  firstSeen: ({ query: _, ...of }: Range, signal?: AbortSignal) => get<FirstSeen>("first-seen", of, signal),
  trail: (signal?: AbortSignal) => get<Trail>("trail", {}, signal),
  trailFigures: (signal?: AbortSignal) => get<TrailFigures>("trail/figures", {}, signal),
  verify: () => post<Verification>("trail/verify", {}),
  attest: () => post<Attestation>("trail/attestation", {}),
  deadLetters: (of: { sink: string; size: string }, signal?: AbortSignal) =>
    get<DeadLetters>("dead-letters", of, signal),
  retryDeadLetters: (sink: string, sequences?: number[]) =>
    post<{ delivered: number; already_there: number; refused: number; put_off: number; reason: string | null }>(
      "dead-letters/retry",
      { sink, ...(sequences ? { sequences } : {}) },
    ),
  dropDeadLetters: (sink: string, sequences: number[]) =>
    post<{ dropped: number }>("dead-letters/drop", { sink, sequences }),
  savedSearches: async (signal?: AbortSignal) =>
    (await get<{ saved_searches: SavedSearch[] }>("saved-searches", {}, signal)).saved_searches,
  saveSearch: (name: string, state: string) => post<SavedSearch>("saved-searches", { name, state }),
  deleteSearch: (search: number) => call<unknown>("DELETE", `${BASE}/saved-searches/${search}`),
  stories: (signal?: AbortSignal) => get<Story[]>("stories", {}, signal),
  sessions: async (signal?: AbortSignal) =>
    (await get<{ sessions: ConsoleSession[] }>("sessions", {}, signal)).sessions,
  endSession: (session: string) => call<unknown>("DELETE", `${BASE}/sessions/${id(session)}`),
  accessLog: async (of: Record<string, string>, signal?: AbortSignal) =>
    (await get<{ entries: Access[] }>("access-log", of, signal)).entries,
};

export function exportAddress(of: Range & { format: string; schema: string }): string {
  return `${BASE}/export?${parameters(of)}`;
}
