// The frame stays while the screens change below it: navigation, query, time, chips, histogram, coverage.
import { type ReactNode, useRef, useState } from "react";
import { onScreen, type Screen } from "../lib/address.ts";
import { docCount } from "../lib/aggregations.ts";
import { api } from "../lib/api.ts";
import { useApp } from "../lib/app.ts";
import { count } from "../lib/format.ts";
import { type Headline, OWN_REQUESTS, useHeadline } from "../lib/headline.ts";
import { useShortcuts } from "../lib/keyboard.ts";
import { useLive } from "../lib/live.ts";
import { filterQuery } from "../lib/query-text.ts";
import { Chips } from "./chips.tsx";
import { CommandPalette } from "./command-palette.tsx";
import { CoverageStrip } from "./coverage-strip.tsx";
import { GoLink } from "./go-link.tsx";
import { HelpSheet } from "./help-sheet.tsx";
import { Histogram } from "./histogram.tsx";
import { Icon, Logo } from "./icons.tsx";
import { LiveMark } from "./live-mark.tsx";
import { Menu } from "./menu.tsx";
import { QueryBar } from "./query-bar.tsx";
import { RefreshPicker, TimePicker } from "./time-picker.tsx";

const NAVIGATION: { screen: Screen; name: string; key: string }[] = [
  { screen: "overview", name: "Overview", key: "g o" },
  { screen: "events", name: "Events", key: "g e" },
  { screen: "actors", name: "Actors", key: "g a" },
  { screen: "alerts", name: "Alerts", key: "g l" },
  { screen: "rules", name: "Rules", key: "g r" },
  { screen: "trail", name: "Trail", key: "g t" },
];

/** Screens that are about events in a range; the others have heads of their own. */
const ASKING = new Set<Screen>(["overview", "events", "actors"]);

export function Frame({ children }: { children: ReactNode }) {
  const app = useApp();
  const { address, go } = app;
  const [overlay, setOverlay] = useState<"" | "help" | "palette">("");
  const [timeSignal, setTimeSignal] = useState(0);
  const query = useRef<HTMLInputElement>(null);
  const live = useLive(app);
  useShortcuts([
    ...NAVIGATION.map(({ screen, name, key }) => ({
      keys: key,
      meaning: `Go to ${name}`,
      run: () => go(onScreen(address, screen)),
    })),
    { keys: "/", meaning: "Query", run: () => query.current?.focus() },
    { keys: "t", meaning: "Time range", run: () => setTimeSignal(value => value + 1) },
    { keys: "r", meaning: "Refresh", run: app.refresh },
    { keys: "?", meaning: "This help", run: () => setOverlay("help") },
    { keys: "mod+k", meaning: "Commands", run: () => setOverlay("palette"), inFields: true },
  ]);
  const asking = ASKING.has(address.screen);
  return (
    <div className="frame">
      <a className="skip" href="#screen">
        Skip to the screen
      </a>
      <header className="top">
        <ScreenLink screen="overview" className="brand">
          <Logo />
          <span>ClaudeTrail</span>
        </ScreenLink>
        <nav aria-label="Screens" className="nav">
          {NAVIGATION.map(({ screen, name }) => (
            <ScreenLink key={screen} screen={screen}>
              <Icon name={screen} />
              <span>{name}</span>
            </ScreenLink>
          ))}
        </nav>
        <div className="top-right">
          <button
            type="button"
            className="quiet palette-button"
            onClick={() => setOverlay("palette")}
            title="Commands (⌘K)"
          >
            <Icon name="search" />
            <kbd>⌘K</kbd>
            <span className="visually-hidden">Commands</span>
          </button>
          <LiveMark live={live} />
          <ThemeButton />
          <YouMenu help={() => setOverlay("help")} />
        </div>
      </header>
      {asking && <Question query={query} timeSignal={timeSignal} pending={live.pending} />}
      <main id="screen" tabIndex={-1} className={`screen screen-${address.screen}`}>
        {children}
      </main>
      {overlay === "help" && <HelpSheet close={() => setOverlay("")} />}
      {overlay === "palette" && <CommandPalette close={() => setOverlay("")} help={() => setOverlay("help")} />}
    </div>
  );
}

/** What is asked, over what range, how much that is, and how complete the trail is there. */
function Question(props: { query: React.RefObject<HTMLInputElement | null>; timeSignal: number; pending: number }) {
  const app = useApp();
  const headline = useHeadline(app);
  const { data, error, loading, stale } = headline.now;
  return (
    <section className="question" aria-label="Question">
      <div className="question-row">
        <QueryBar input={props.query} error={error} />
        <TimePicker signal={props.timeSignal} />
        <RefreshPicker />
      </div>
      {loading && <div className="progress" role="progressbar" aria-label="Searching" />}
      <div className="question-chips">
        <Chips />
        <OwnRequests headline={headline} />
        <p className="total" aria-live="polite">
          {props.pending > 0 && (
            <button type="button" className="new-events" onClick={app.refresh}>
              {count(props.pending)} new
            </button>
          )}
          {data && (
            <>
              <strong data-stale={stale}>{count(data.total)}</strong> {data.total === 1 ? "event" : "events"}{" "}
              <span className="faint">· {data.took_ms} ms</span>
            </>
          )}
        </p>
      </div>
      <Histogram headline={headline} />
      <CoverageStrip span={app.span} />
    </section>
  );
}

/** Reading the feed is recorded in the feed: where few people work, most of it is that, and one click leaves it out. */
function OwnRequests({ headline }: { headline: Headline }) {
  const { address, go } = useApp();
  const { data } = headline.now;
  const own = docCount(data?.aggregations, "own");
  if (own === 0 || own === data?.total) return null;
  return (
    <button
      type="button"
      className="link own-requests"
      title="ClaudeTrail's own reading of the feed is recorded in the feed, and kept in the trail"
      onClick={() => {
        // A chip that was switched off is replaced.
        const others = address.filters.filter(item => filterQuery(item) !== filterQuery(OWN_REQUESTS));
        go({ filters: [...others, { ...OWN_REQUESTS, negate: true }] });
      }}
    >
      Leave out {count(own)} own {own === 1 ? "request" : "requests"}
    </button>
  );
}

export function ScreenLink(props: { screen: Screen; className?: string; children: ReactNode }) {
  const { address } = useApp();
  const here = address.screen === props.screen && !props.className;
  return (
    <GoLink to={onScreen(address, props.screen)} className={props.className} current={here}>
      {props.children}
    </GoLink>
  );
}

function ThemeButton() {
  const { theme, setTheme } = useApp();
  const dark = document.documentElement.dataset.theme === "dark";
  return (
    <button
      type="button"
      className="quiet theme-button"
      title={`Theme: ${theme === "auto" ? "as the system" : theme}`}
      aria-label={dark ? "Light theme" : "Dark theme"}
      onClick={() => setTheme(dark ? "light" : "dark")}
    >
      <Icon name={dark ? "sun" : "moon"} />
    </button>
  );
}

function YouMenu({ help }: { help: () => void }) {
  const { session, zone, setZone, setTheme, theme } = useApp();
  return (
    <Menu
      className="quiet you"
      align="right"
      name={`You: ${session.user}`}
      label={
        <>
          <Icon name="person" />
          <span className="you-name">{session.user}</span>
          <Icon name="down" size={12} />
        </>
      }
    >
      {close => (
        <div className="menu-list">
          <p className="menu-head">
            {session.user} <span className="faint">· {session.role}</span>
          </p>
          <fieldset className="choice">
            <legend>Times in</legend>
            {(["local", "utc"] as const).map(each => (
              <button key={each} type="button" aria-pressed={zone === each} onClick={() => setZone(each)}>
                {each === "local" ? "Local" : "UTC"}
              </button>
            ))}
          </fieldset>
          <fieldset className="choice">
            <legend>Theme</legend>
            {(["auto", "light", "dark"] as const).map(each => (
              <button key={each} type="button" aria-pressed={theme === each} onClick={() => setTheme(each)}>
                {each === "auto" ? "System" : each === "light" ? "Light" : "Dark"}
              </button>
            ))}
          </fieldset>
          <hr />
          <button
            type="button"
            onClick={() => {
              close();
              help();
            }}
          >
            Keyboard and query help
          </button>
          <ScreenButton screen="sessions" name="Sessions of the console" close={close} />
          {session.role === "admin" && <ScreenButton screen="access-log" name="Access log" close={close} />}
          <SignOut />
          <p className="menu-foot faint">
            ClaudeTrail {session.version} · {session.backend === "embedded" ? "embedded index" : session.backend}
          </p>
        </div>
      )}
    </Menu>
  );
}

function ScreenButton({ screen, name, close }: { screen: Screen; name: string; close: () => void }) {
  const { address, go } = useApp();
  return (
    <button
      type="button"
      onClick={() => {
        close();
        go(onScreen(address, screen));
      }}
    >
      {name}
    </button>
  );
}

function SignOut() {
  return (
    <button
      type="button"
      onClick={async () => {
        await api.logout().catch(() => undefined);
        location.assign("/");
      }}
    >
      Sign out
    </button>
  );
}
