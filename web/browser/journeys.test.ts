// The journeys that the console is for, walked as a reader would: with the mouse and the keyboard, by what stands on the screen.
import type { Page } from "playwright-core";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { until } from "./program.ts";
import { settled, signedIn, type Visitor, withBrowser } from "./visitor.ts";

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
  // A plot is made anew for a new answer, so the first look may find none.
  const plot = await until("the histogram", async () => {
    return (await page.locator(".histogram .u-over").boundingBox()) ?? undefined;
  });
  const y = plot.y + plot.height / 2;
  await page.mouse.move(plot.x + plot.width * 0.4, y);
  await page.mouse.down();
  await page.mouse.move(plot.x + plot.width * 0.8, y, { steps: 8 });
  await page.mouse.up();
  await page.waitForURL(/from=20/);
  const brushed = await total(page);
  expect(brushed).not.toBe(before);
  await page.getByRole("link", { name: "Events", exact: true }).click();
  await settled(page);
  const actors = page.locator(".facet", { has: page.getByRole("button", { name: "Actor", exact: true }) });
  await actors.locator(".facet-main").first().click();
  const chip = ".chip:has-text('anthropic.audit.actor.name')";
  await page.locator(chip).waitFor();
  const filtered = await total(page);
  expect(filtered).not.toBe(brushed);
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
  await page.goto(`${demo.console}/events?from=now-15m&to=now`);
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
});
