// The root: session, theme, zone, and the frame around the screen that the address names.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Screen } from "./lib/address.ts";
import { ApiError, api, signedOut } from "./lib/api.ts";
import { type App, AppContext, type Theme, useAddress, useKept, useSpan } from "./lib/app.ts";
import { capital } from "./lib/format.ts";
import type { Zone } from "./lib/time.ts";
import type { Field, Session } from "./lib/types.ts";
import { Frame } from "./parts/frame.tsx";
import { Problem } from "./parts/states.tsx";
import { AccessLogScreen } from "./screens/access-log.tsx";
import { ActorsScreen } from "./screens/actors.tsx";
import { AlertsScreen, RulesScreen } from "./screens/alerts.tsx";
import { EventsScreen } from "./screens/events.tsx";
import { OverviewScreen } from "./screens/overview.tsx";
import { SessionsScreen } from "./screens/sessions.tsx";
import { SignIn } from "./screens/sign-in.tsx";
import { TrailScreen } from "./screens/trail.tsx";

export function Root() {
  const [session, setSession] = useState<Session | undefined>();
  const [problem, setProblem] = useState<ApiError | undefined>();
  const [expired, setExpired] = useState(false);
  const [theme, setTheme] = useTheme();
  const enter = useCallback(async () => {
    try {
      setSession(await api.session());
      setProblem(undefined);
      setExpired(false);
    } catch (error) {
      setProblem(error instanceof ApiError ? error : new ApiError(0, "internal", String(error)));
    }
  }, []);
  useEffect(() => {
    void enter();
    const end = () => setExpired(true);
    signedOut.addEventListener("signed-out", end);
    return () => signedOut.removeEventListener("signed-out", end);
  }, [enter]);

  if (session) {
    return (
      <>
        <div inert={expired}>
          <Console session={session} theme={theme} setTheme={setTheme} />
        </div>
        {expired && <SignIn enter={enter} again={session.user} />}
      </>
    );
  }
  if (problem?.status === 401) return <SignIn enter={enter} />;
  if (problem) {
    return (
      <main className="alone">
        <h1 className="visually-hidden">ClaudeTrail</h1>
        <Problem error={problem} retry={enter} />
      </main>
    );
  }
  return <div className="alone" aria-busy="true" />;
}

/** The chosen theme, and `data-theme` on the document: "auto" follows the system as it changes. */
function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useKept<Theme>("theme", "auto");
  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const set = () => {
      const shown = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
      document.documentElement.dataset.theme = shown;
      dispatchEvent(new Event("theme-changed"));
    };
    set();
    dark.addEventListener("change", set);
    return () => dark.removeEventListener("change", set);
  }, [theme]);
  return [theme, setTheme];
}

function Console({ session, theme, setTheme }: { session: Session; theme: Theme; setTheme: (theme: Theme) => void }) {
  const [address, go] = useAddress();
  const [zone, setZone] = useKept<Zone>("zone", "local");
  const { span, now, refresh } = useSpan(address.range, zone, address.refresh);
  const [fields, setFields] = useState<Field[]>([]);
  const [said, say] = useMessage();
  useEffect(() => {
    api.fields().then(setFields, () => setFields([]));
  }, []);
  const app = useMemo<App>(
    () => ({ address, go, span, now, refresh, session, fields, zone, setZone, theme, setTheme, say }),
    [address, go, span, now, refresh, session, fields, zone, setZone, theme, setTheme, say],
  );
  useEffect(() => {
    const name = address.subject || capital(address.screen.replace("-", " "));
    document.title = `${address.query ? `${address.query} · ` : ""}${name} · ClaudeTrail`;
  }, [address.screen, address.subject, address.query]);
  return (
    <AppContext value={app}>
      <Frame>
        <ScreenOf screen={address.screen} />
      </Frame>
      <output className="said" data-shown={said !== ""}>
        {said}
      </output>
    </AppContext>
  );
}

function ScreenOf({ screen }: { screen: Screen }) {
  switch (screen) {
    case "overview":
      return <OverviewScreen />;
    case "events":
      return <EventsScreen />;
    case "actors":
      return <ActorsScreen />;
    case "alerts":
      return <AlertsScreen />;
    case "rules":
      return <RulesScreen />;
    case "trail":
      return <TrailScreen />;
    case "sessions":
      return <SessionsScreen />;
    case "access-log":
      return <AccessLogScreen />;
  }
}

function useMessage(): [string, (text: string) => void] {
  const [said, setSaid] = useState("");
  const timer = useRef(0);
  const say = useCallback((text: string) => {
    clearTimeout(timer.current);
    setSaid(text);
    timer.current = window.setTimeout(() => setSaid(""), 3000);
  }, []);
  return [said, say];
}
