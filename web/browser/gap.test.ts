// A gap appears while the feed refuses to answer, and heals when it answers again; the screen says so all the while.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Trail, trail } from "./program.ts";
import { signedIn, withBrowser } from "./visitor.ts";

withBrowser();

let ours: Trail;
beforeAll(async () => {
  ours = await trail();
});
afterAll(() => ours.stop());

const faults = (plan: string) => fetch(`${ours.feed}/simulator/fault-plan`, { method: "PUT", body: plan });

test("a gap appears and heals", async () => {
  const who = await signedIn(ours);
  const { page } = who;
  const mark = page.locator(".live");
  await page.locator(".live[data-state=ok]").waitFor();
  await page.goto(`${ours.console}/events?from=now-15m&to=now&refresh=5`);
  const strip = page.locator(".coverage .strip");
  await strip.locator("[data-state=complete]").first().waitFor();
  expect(await strip.locator("[data-state=gap]").count()).toBe(0);

  expect((await faults(`[[fault]]\nkind = "unavailable"\n`)).ok).toBe(true);
  await page.locator(".live[data-state=failing]").waitFor();
  expect(await mark.innerText()).toContain("feed failing");
  await strip.locator("[data-state=gap]").first().waitFor();
  expect(await page.locator(".coverage-said").innerText()).toContain("gap");
  await page.getByRole("link", { name: "Trail", exact: true }).click();
  await page.locator(".problem").getByText("503").first().waitFor();

  expect((await faults("")).ok).toBe(true);
  await page.locator(".live[data-state=ok]").waitFor();
  await page.waitForFunction(() => document.querySelector(".problem") === null);
  await page.locator(".panel", { hasText: "northwind" }).getByText("none", { exact: true }).waitFor();
  await page.getByRole("link", { name: "Events", exact: true }).click();
  await strip.locator("[data-state=complete]").first().waitFor();
  await strip.locator("[data-state=gap]").first().waitFor({ state: "detached" });
  expect(who.problems).toEqual([]);
  await who.close();
});
