// Signing in: what the server offers, and nothing else. A session that ended is renewed over the screen it left.
import { type FormEvent, useEffect, useState } from "react";
import { ApiError, api } from "../lib/api.ts";
import type { SignInWays } from "../lib/types.ts";
import { Logo } from "../parts/icons.tsx";

export function SignIn({ enter, again }: { enter: () => Promise<void>; again?: string }) {
  const [ways, setWays] = useState<SignInWays | undefined>();
  const [problem, setProblem] = useState<ApiError | undefined>();
  const usedLink = new URLSearchParams(location.search).get("link") === "used";
  useEffect(() => {
    api.signInWays().then(setWays, (error: unknown) => setProblem(asError(error)));
  }, []);
  return (
    <main className="sign-in" data-over={again !== undefined}>
      <div className="sign-in-card">
        <h1>
          <Logo /> ClaudeTrail
        </h1>
        <p className="soft">
          {again ? `The session of ${again} has ended. Sign in to go on where you were.` : "Sign in to see the trail."}
        </p>
        {usedLink && (
          <p className="failure">
            That link has been used already or is too old. A link opens once, within 15 minutes.
          </p>
        )}
        {ways?.password && <PasswordForm enter={enter} user={again ?? ""} />}
        {ways?.oidc && (
          <a className="button primary" href="/login/oidc">
            Sign in with your organization
          </a>
        )}
        {ways?.link && (
          <div className="soft">
            <p>On the machine where ClaudeTrail runs, this prints a link that signs you in:</p>
            <pre>claudetrail console link</pre>
          </div>
        )}
        {problem && <Wrong error={problem} />}
      </div>
    </main>
  );
}

function asError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, "internal", String(error));
}

function Wrong({ error }: { error: ApiError }) {
  return (
    <div role="alert">
      <p className="failure">{error.message}</p>
      {error.hint && <p className="soft">{error.hint}</p>}
    </div>
  );
}

function PasswordForm({ enter, user: known }: { enter: () => Promise<void>; user: string }) {
  const [user, setUser] = useState(known);
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiError | undefined>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await api.login(user, password);
      if (location.pathname === "/login") history.replaceState(null, "", "/");
      await enter();
    } catch (error) {
      setProblem(asError(error));
      setPassword("");
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit}>
      <label>
        User
        <input value={user} autoComplete="username" required onChange={event => setUser(event.target.value)} />
      </label>
      <label>
        Password
        <input
          type="password"
          value={password}
          autoComplete="current-password"
          required
          onChange={event => setPassword(event.target.value)}
        />
      </label>
      {problem && <Wrong error={problem} />}
      <button type="submit" className="button primary" disabled={busy}>
        {busy ? "Signing in…" : "Sign in"}
      </button>
    </form>
  );
}
