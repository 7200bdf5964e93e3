// The journeys that the console is for, walked as a reader would: with the mouse and the keyboard, by what stands on the screen.
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { brushed, settled, signedIn, type Visitor, violations, withBrowser } from "./visitor.ts";

const demo = inject("demo");
withBrowser();

let who: Visitor;
beforeEach(async () => {
  who = await signedIn(demo);
});
afterEach(async () => {
  const { problems } = who;
  await who.close();
  expect(problems).toEqual([]);
});

const rows = (page: Page) => page.locator(".table-event");
const total = async (page: Page) => {
  await settled(page);
  return page.locator(".total strong").innerText();
};

async function lastWeek(page: Page) {
  await page.keyboard.press("t");
  await page.getByRole("button", { name: "Last 7 days" }).click();
  await settled(page);
}

async function ask(page: Page, query: string) {
  await page.keyboard.press("/");
  await page.keyboard.type(query);
  await page.keyboard.press("Enter");
  // The field keeps the focus for a second thought; Escape leaves it.
  await page.keyboard.press("Escape");
  await settled(page);
}

test("find who created an admin key last week", async () => {
  const { page } = who;
  const text = demo.stories.find(story => story.number === 1)?.text ?? "";
  const intruder = /; (\S+) got in/.exec(text)?.[1] ?? "?";
  const address = /made from (\S+),/.exec(text)?.[1] ?? "?";
  await lastWeek(page);
  await page.keyboard.press("g");
  await page.keyboard.press("e");
  await ask(page, `event.action:admin_api_key_created and source.ip:${address}`);
  expect(await rows(page).count()).toBe(1);
  expect(await rows(page).first().innerText()).toContain("created");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  const drawer = page.getByRole("complementary", { name: "Event" });
  await drawer.getByText("All fields").waitFor();
  expect(await drawer.locator(".essentials").innerText()).toContain(intruder);
  expect(await drawer.locator(".essentials").innerText()).toContain(address);
  await drawer.getByRole("button", { name: "Raw record" }).click();
  const raw = JSON.parse(await drawer.locator("pre.raw").innerText()) as { type: string };
  expect(raw.type).toBe("admin_api_key_created");
  await page.keyboard.press("Escape");
  await drawer.waitFor({ state: "detached" });
});

test("brush, filter, share the link, open it in a new session", async () => {
  const { page } = who;
  await lastWeek(page);
  const before = await total(page);
  await brushed(page, 0.4, 0.8);
  await page.mouse.up();
  await page.waitForURL(/from=20/);
  const narrow = await total(page);
  expect(narrow).not.toBe(before);
  await page.getByRole("link", { name: "Events", exact: true }).click();
  await settled(page);
  const actors = page.locator(".facet", { has: page.getByRole("button", { name: "Actor", exact: true }) });
  await actors.locator(".facet-main").first().click();
  const chip = ".chip:has-text('anthropic.audit.actor.name')";
  await page.locator(chip).waitFor();
  const filtered = await total(page);
  expect(filtered).not.toBe(narrow);
  await page.getByRole("button", { name: "Copy", exact: true }).click();
  await page.getByRole("button", { name: "Link", exact: true }).click();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const colleague = await signedIn(demo);
  await colleague.page.goto(link);
  await colleague.page.locator(chip).waitFor();
  expect(await total(colleague.page)).toBe(filtered);
  expect(await rows(colleague.page).first().innerText()).toBe(await rows(page).first().innerText());
  await colleague.close();
});

test("new events come in by themselves, and wait while the screen is paused", async () => {
  const { page } = who;
  const events = (text: string) => Number(text.replaceAll(",", ""));
  // From a fixed moment: nothing leaves the range, so that its count can only grow.
  const from = new Date(Date.now() - 15 * 60_000).toISOString();
  await page.goto(`${demo.console}/events?from=${from}&to=now`);
  const first = events(await total(page));
  const grown = (than: number) =>
    page.waitForFunction(
      least => Number(document.querySelector(".total strong")?.textContent?.replaceAll(",", "")) > least,
      than,
    );
  await grown(first);
  await page.getByRole("button", { name: /live/ }).click();
  await page.waitForURL(/live=0/);
  const paused = events(await total(page));
  await page.locator(".new-events").waitFor();
  expect(events(await total(page))).toBe(paused);
  await page.locator(".new-events").click();
  await grown(paused);
  // What came and does not belong on the screen does not wait for it.
  const counted = page.waitForResponse(answer => answer.request().postData()?.includes("event.sequence >=") ?? false);
  await page.goto(`${demo.console}/events?q=event.action:nothing_is_called_so&from=${from}&to=now&live=0`);
  const { aggregations } = (await (await counted).json()) as { aggregations: { news: { doc_count: number } } };
  expect(aggregations.news.doc_count).toBe(0);
  expect(await page.locator(".new-events").count()).toBe(0);
});

test("what reading the feed leaves in it is left out with a click, and the demo's people work whatever the hour", async () => {
  const { page } = who;
  const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
  // What is younger may still come.
  await page.goto(`${demo.console}/events?from=${ago(900)}&to=${ago(10)}&live=0`);
  const before = Number(await total(page));
  const leaveOut = page.getByRole("button", { name: /^Leave out \d+ own requests?$/ });
  const own = Number(/\d+/.exec(await leaveOut.innerText())?.[0]);
  expect(own).toBeGreaterThan(0);
  await leaveOut.click();
  await page.locator(".chip:has-text('claudetrail_own_request')").waitFor();
  await leaveOut.waitFor({ state: "detached" });
  const others = Number(await total(page));
  expect(others).toBe(before - own);
  expect(others).toBeGreaterThan(0);
});

test("follow an actor: from an event to what they did, to the key they made, to what the key did", async () => {
  const { page } = who;
  const text = demo.stories.find(story => story.number === 1)?.text ?? "";
  const intruder = /; (\S+) got in/.exec(text)?.[1] ?? "?";
  await page.goto(`${demo.console}/events?q=event.action:admin_api_key_created&from=now-7d&to=now&live=0`);
  await rows(page)
    .filter({ hasText: intruder.split("@")[0] ?? "" })
    .locator(".sentence")
    .first()
    .click();
  await page.locator(".essentials").getByRole("link", { name: intruder }).click();
  await page.getByRole("heading", { level: 1, name: intruder }).waitFor();
  await page.locator(".calendar-week button").first().waitFor();
  await page.locator(".bursts li").first().waitFor();
  const keys = page.locator(".panel", { hasText: "Keys they made" });
  await keys.getByRole("link", { name: /event/ }).first().click();
  await page.waitForURL(url => !url.pathname.includes(intruder) && url.pathname.startsWith("/actors/"));
  await settled(page);
  const name = await page.getByRole("heading", { level: 1 }).innerText();
  await page.getByRole("link", { name: /^Events of/ }).click();
  await rows(page).first().waitFor();
  await settled(page);
  for (const row of await rows(page).all()) {
    expect(await row.locator(".cell-anthropic-audit-actor-name .mark").getAttribute("data-value")).toBe(name.trim());
  }
  await page.goBack();
  await page.getByRole("heading", { level: 1, name }).waitFor();
});

test("the six stories of the demo are a list of links, each to events", async () => {
  const { page } = who;
  const stories = page.locator(".stories a");
  await stories.first().waitFor();
  expect(await stories.count()).toBe(6);
  for (const story of demo.stories) {
    await page.goto(`${demo.console}/overview?live=0`);
    await page.locator(".stories a", { hasText: story.title }).click();
    await rows(page).first().waitFor();
    expect(page.url()).toContain("/events?q=");
  }
});

test("what happened around an event, and the event taken along", async () => {
  const { page } = who;
  await page.goto(`${demo.console}/events?q=event.action:admin_api_key_created&from=now-7d&to=now&live=0`);
  await rows(page).first().locator(".sentence").click();
  const drawer = page.getByRole("complementary", { name: "Event" });
  await drawer.getByText("Why is this here?").waitFor();
  await drawer.getByRole("button", { name: "Around it" }).click();
  await drawer.locator(".around-event").first().waitFor();
  expect(page.url()).toContain("tab=around");
  const id = new URL(page.url()).searchParams.get("event");
  await drawer.getByRole("button", { name: "Copy this event" }).click();
  await drawer.getByRole("button", { name: "Query", exact: true }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`event.id:${id}`);
});

test("a search is saved, found again, and dropped", async () => {
  const { page } = who;
  await page.goto(`${demo.console}/events?q=event.outcome:failure&from=now-30d&to=now&live=0`);
  await page.getByRole("button", { name: "Saved searches" }).click();
  await page.getByLabel("Name of the search").fill("What failed");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("button", { name: /^What failed/ }).waitFor();
  await page.goto(`${demo.console}/overview?live=0`);
  await page.locator(".frame").waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("What failed");
  await page.getByRole("option", { name: "Saved search What failed" }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/q=event.outcome:failure/);
  await page.getByRole("button", { name: "Saved searches" }).click();
  await page.getByRole("button", { name: "Delete What failed" }).click();
  await page.getByRole("button", { name: /^What failed/ }).waitFor({ state: "detached" });
});

test("what is on the screen is exported", async () => {
  const { page } = who;
  await page.goto(`${demo.console}/events?q=event.action:admin_api_key_created&from=now-7d&to=now&live=0`);
  const shown = Number(await total(page));
  await page.getByRole("button", { name: "Export" }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "ECS documents, NDJSON" }).click(),
  ]);
  const lines = readFileSync(await download.path(), "utf8")
    .trim()
    .split("\n");
  expect(lines.length).toBe(shown);
  expect(lines.every(line => line.includes("admin_api_key_created"))).toBe(true);
});

test("a session is ended from the list, and its screen asks to sign in", async () => {
  const { page } = who;
  // Other tests sign in and out meanwhile: this one is known by its browser.
  const other = await signedIn(demo, { userAgent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/999.0" });
  await page.goto(`${demo.console}/sessions`);
  const row = page.locator("tbody tr", { has: page.locator('[title*="Firefox/999.0"]') });
  await row.getByRole("button", { name: "End" }).click();
  await row.waitFor({ state: "detached" });
  await other.page.getByText(/session of .* has ended/).waitFor();
  await other.close();
});

test("rows are as dense as the reader likes them, and stay so", async () => {
  const { page } = who;
  await page.goto(`${demo.console}/events?from=now-7d&to=now&live=0`);
  await rows(page).first().waitFor();
  const height = async () => (await rows(page).first().boundingBox())?.height ?? 0;
  const before = await height();
  await page.keyboard.press("d");
  await page.locator(".table[data-density=compact]").waitFor();
  expect(await height()).toBeLessThan(before);
  await page.reload();
  await page.locator(".table[data-density=compact]").waitFor();
  await page.keyboard.press("c");
  await page.getByRole("button", { name: "Comfortable" }).click();
  await page.locator(".table[data-density=comfortable]").waitFor();
  expect(await height()).toBe(before);
});

test("times and addresses have facets of their own, each row a filter that counts what it says", async () => {
  const { page } = who;
  await page.goto(`${demo.console}/events?from=now-7d&to=now/d&live=0`);
  await rows(page).first().waitFor();
  const all = Number((await total(page)).replaceAll(",", ""));
  const facet = (name: string) => page.locator(".facet", { has: page.getByRole("button", { name, exact: true }) });
  const open = async (name: string) => facet(name).getByRole("button", { name, exact: true }).click();
  const take = async (name: string, modifiers: "Alt"[] = []) => {
    const row = facet(name).locator(".facet-main").first();
    await row.waitFor();
    await settled(page);
    const [, value = "", count = ""] = /: (.+) · ([\d,]+)\. /.exec((await row.getAttribute("title")) ?? "") ?? [];
    await row.click({ modifiers });
    await page.locator(".chip").waitFor();
    const left = Number((await total(page)).replaceAll(",", ""));
    const counted = Number(count.replaceAll(",", ""));
    expect(left).toBe(modifiers.length ? all - counted : counted);
    const link = page.url();
    await page.locator(".chip-close").click();
    await page.locator(".chip").waitFor({ state: "detached" });
    return { value, link };
  };
  await open("Time");
  expect((await take("Time")).value).toMatch(/^\[20\S+Z TO 20\S+Z}$/);
  await facet("Time").getByRole("button", { name: "Week", exact: true }).click();
  expect((await take("Time")).value).toBe("Mon Europe/Lisbon");
  await open("First fetched");
  expect((await take("First fetched", ["Alt"])).value).toMatch(/now/);
  await open("Address");
  expect((await take("Address")).value).toMatch(/\/(24|64)$/);
  const { link } = await take("Address", ["Alt"]);
  expect(link).toMatch(/f=-source\.ip:\S+\/(24|64)/);
  await facet("Address").getByPlaceholder("Search inside").fill("203.0.0.0/8");
  await facet("Address").locator(".facet-main", { hasText: "203.0.0.0/8" }).waitFor();
  await facet("Address").getByRole("button", { name: "Addresses", exact: true }).click();
  await facet("Address").getByPlaceholder("Search inside").fill("");
  expect((await take("Address")).value).not.toContain("/");
  // What is dimmed for a newer answer has less contrast.
  await settled(page);
  expect(await violations(page)).toEqual([]);
});

test("an hour of the week is a filter, and a link of it means the same elsewhere", async () => {
  const { page } = who;
  // Whole days: nothing leaves the range meanwhile.
  await page.goto(`${demo.console}/overview?from=now-14d/d&to=now/d&live=0`);
  const cell = page.locator(".hours button[aria-label^='Tue 10:00']");
  await cell.waitFor();
  await settled(page);
  const counted = /, ([\d,]+) events/.exec((await cell.getAttribute("aria-label")) ?? "")?.[1];
  await cell.click();
  await page.locator(".chip", { hasText: "Tue 10h Europe/Lisbon" }).waitFor();
  expect(await total(page)).toBe(counted);
  expect(await cell.getAttribute("aria-pressed")).toBe("true");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Shift+Enter");
  await page.locator(".chip", { hasText: "Tue 10h Europe/Lisbon or Tue 11h Europe/Lisbon" }).waitFor();
  const both = await total(page);
  const colleague = await signedIn(demo);
  await colleague.page.goto(page.url());
  await colleague.page.locator(".chip", { hasText: "Tue 11h" }).waitFor();
  expect(await total(colleague.page)).toBe(both);
  await colleague.close();
});
