// Every screen, in both themes, on a desk and on a phone: no error in the console, nothing that axe objects to, nothing wider than
// the window. The pictures in the documentation are taken here.
import { copyFileSync, mkdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { DESKTOP, PHONE, settled, signedIn, type Visitor, violations, visitor, withBrowser } from "./visitor.ts";

const PICTURES = new URL("../../target/screenshots", import.meta.url).pathname;
/** Those that the documentation shows: copied to SCREENSHOTS when that is asked for. */
const DOCUMENTED = new Set([
  "overview-1280-light",
  "events-1280-light",
  "event-1280-dark",
  "actor-1280-light",
  "trail-1280-light",
  "events-390-dark",
]);
const demo = inject("demo");

const story = (number: number) => demo.stories.find(each => each.number === number)?.link ?? "/";

const SCREENS: [name: string, path: string][] = [
  ["overview", "/overview?from=now-7d&to=now"],
  // Without what the program itself asked, which would fill the picture.
  ["events", "/events?from=now-7d&to=now&f=-tags:claudetrail_own_request"],
  ["events-story", story(2)],
  ["event", `/events?q=event.action:admin_api_key_created&from=now-7d&to=now&event=${demo.event}`],
  ["event-around", `/events?q=event.action:admin_api_key_created&from=now-7d&to=now&tab=around&event=${demo.event}`],
  ["event-raw", `/events?q=event.action:admin_api_key_created&from=now-7d&to=now&tab=raw&event=${demo.event}`],
  ["events-nothing", "/events?q=event.action:nothing_like_it&from=now-15m&to=now"],
  ["events-wrong", "/events?q=event.acton:x"],
  ["actors", "/actors?from=now-30d&to=now"],
  ["actor", `/actors/${demo.intruder}?from=now-30d&to=now`],
  ["alerts", "/alerts"],
  ["rules", "/rules"],
  ["trail", "/trail"],
  ["sessions", "/sessions"],
  ["access-log", "/access-log"],
];

withBrowser();
mkdirSync(PICTURES, { recursive: true });

describe.each([
  ["1280", "light", DESKTOP],
  ["1280", "dark", DESKTOP],
  ["390", "light", PHONE],
  ["390", "dark", PHONE],
] as const)("%s pixels, %s", (width, theme, size) => {
  let who: Visitor;
  beforeAll(async () => {
    who = await signedIn(demo, { theme, size });
  });
  afterAll(() => who.close());

  test.each(SCREENS)("%s", async (name, path) => {
    const { page, problems } = who;
    problems.length = 0;
    // Paused, so that nothing is dimmed for a newer answer while it is looked at.
    await page.goto(`${demo.console}${path}${path.includes("?") ? "&" : "?"}live=0`);
    await page.locator("h1").first().waitFor({ state: "attached" });
    await settled(page);
    const picture = `${name}-${width}-${theme}`;
    await page.screenshot({ path: `${PICTURES}/${picture}.png` });
    if (process.env.SCREENSHOTS && DOCUMENTED.has(picture)) {
      copyFileSync(`${PICTURES}/${picture}.png`, `${process.env.SCREENSHOTS}/${picture}.png`);
    }
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    // A query with a mistake is answered with 400, and the browser says so by itself.
    const expected = name === "events-wrong" ? /400/ : /^$/;
    expect(problems.filter(problem => !expected.test(problem))).toEqual([]);
  });

  test.each([
    ["help", "?"],
    ["commands", "Control+k"],
    ["time", "t"],
    ["columns", "c"],
  ])("%s, opened by a key", async (name, key) => {
    const { page, problems } = who;
    problems.length = 0;
    await page.goto(`${demo.console}/events?from=now-7d&to=now&live=0`);
    await page.locator(".table-event").first().waitFor();
    await settled(page);
    await page.keyboard.press(key);
    await page.locator("dialog[open], .menu").first().waitFor();
    await page.screenshot({ path: `${PICTURES}/${name}-${width}-${theme}.png` });
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.querySelector("dialog[open], .menu") === null);
    expect(problems).toEqual([]);
  });

  test("the sign-in page", async () => {
    const stranger = await visitor({ theme, size });
    await stranger.page.goto(`${demo.console}/events`);
    await stranger.page.getByRole("heading", { name: "ClaudeTrail" }).waitFor();
    await stranger.page.screenshot({ path: `${PICTURES}/sign-in-${width}-${theme}.png` });
    expect(await violations(stranger.page)).toEqual([]);
    expect(stranger.problems.filter(problem => !problem.includes("401"))).toEqual([]);
    await stranger.close();
  });
});
