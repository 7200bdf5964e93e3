// The console over a cluster instead of the search index: the same screens, asked of a real Elasticsearch that the trail is
// delivered to, set up as the guide says.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Engine, engine } from "./engine.ts";
import { run, type Trail, trail } from "./program.ts";
import { settled, signedIn, violations, withBrowser } from "./visitor.ts";

withBrowser();

let cluster: Engine | undefined;
let ours: Trail | undefined;

beforeAll(async () => {
  cluster = await engine();
  if (!cluster) return;
  const tables = `[search]
sink = "siem"

[[sink]]
name = "siem"
hosts = ["${cluster.url}"]
proxy = "direct"
`;
  ours = await trail({
    tables,
    activitiesPerDay: 20_000,
    prepare: configuration => run(["setup", "elasticsearch", "--sink", "siem", "--config", configuration]),
  });
});
afterAll(async () => {
  await ours?.stop();
  await cluster?.stop();
});

const events = async (page: Page) => Number((await page.locator(".total strong").innerText()).replaceAll(",", ""));

/** The screen has its answers, and nothing on it is wrong. */
async function looked(page: Page) {
  await page.locator("h1").first().waitFor({ state: "attached" });
  await settled(page);
  expect(await violations(page)).toEqual([]);
}

test("Overview, Events, Actors and Trail, answered by a cluster", async () => {
  if (!ours) return;
  const who = await signedIn(ours);
  const { page } = who;

  // New events are announced once the cluster finds them: the first comes by itself, and so do the others.
  await page.goto(`${ours.console}/events?from=now-24h&to=now`);
  await page.locator(".table-event").first().waitFor();
  const before = await events(page);
  await page.waitForFunction(
    least => Number(document.querySelector(".total strong")?.textContent?.replaceAll(",", "")) > least,
    before,
  );

  // Up to a moment that nothing new falls before.
  const end = new Date(Date.now() - 600_000).toISOString();
  await page.goto(`${ours.console}/overview?from=now-24h&to=${end}&live=0`);
  await page.locator(".where ol li").first().waitFor();
  await looked(page);
  const all = await events(page);
  expect(all).toBeGreaterThan(100);
  // Hours of the week are spelled out for a cluster: all of them together are everything.
  const busy = await page.locator(".hours button:not([aria-label$=' 0 events'])").all();
  const labels = await Promise.all(busy.map(async cell => (await cell.getAttribute("aria-label"))?.slice(0, 9)));
  for (const label of labels)
    await page.locator(`.hours button[aria-label^="${label}"]`).click({ modifiers: ["Shift"] });
  await page.locator(".chip", { hasText: "@timestamp" }).waitFor();
  await settled(page);
  expect(await events(page)).toBe(all);
  await page.getByRole("button", { name: /^Remove @timestamp/ }).click();

  await page.getByRole("link", { name: "Events", exact: true }).click();
  await page.keyboard.press("/");
  await page.keyboard.type("not event.action:compliance_api_accessed");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await looked(page);
  const asked = await events(page);
  expect(asked).toBeLessThan(all);
  const addresses = page.locator(".facet", { has: page.getByRole("button", { name: "Address", exact: true }) });
  await addresses.getByRole("button", { name: "Address", exact: true }).click();
  const network = addresses.locator(".facet-main").first();
  const [, value = "", counted = ""] =
    /source\.ip: (\S+) · ([\d,]+)/.exec((await network.getAttribute("title")) ?? "") ?? [];
  expect(value).toMatch(/\/(24|64)$/);
  await network.click();
  await page.locator(".chip", { hasText: value }).waitFor();
  await settled(page);
  expect(await events(page)).toBe(Number(counted.replaceAll(",", "")));
  const drawer = page.getByRole("complementary", { name: "Event" });
  // At night an event may have happened alone: one of the newest has something around it.
  let around = 0;
  for (let row = 0; row < 12 && around === 0; row += 1) {
    await page.locator(".table-event .sentence").nth(row).click();
    await drawer.getByText("Why is this here?").waitFor();
    await drawer.getByRole("button", { name: "Around it" }).click();
    await drawer.locator(".around").nth(2).waitFor();
    around = await drawer.locator(".around-event").count();
    if (around > 0) await looked(page);
    await page.keyboard.press("Escape");
  }
  expect(around).toBeGreaterThan(0);

  await page.getByRole("link", { name: "Actors", exact: true }).click();
  await page.locator(".actor-row").first().waitFor();
  await looked(page);
  const name = await page.locator(".actor-row .actor-name b").first().innerText();
  await page.locator(".actor-row").first().click();
  await page.locator(".calendar-week button").first().waitFor();
  expect(await page.getByRole("heading", { level: 1 }).innerText()).toContain(name.split("…")[0]);
  await looked(page);

  await page.getByRole("link", { name: "Trail", exact: true }).click();
  await page.locator(".sink", { hasText: "siem" }).getByText("none", { exact: true }).waitFor();
  await looked(page);
  expect(who.problems).toEqual([]);
  await who.close();
});
