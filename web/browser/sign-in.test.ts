// Signing in: a one-time link that opens once, a name and a password, a wrong one, and a session that ends by itself.
import { afterAll, beforeAll, expect, test } from "vitest";
import { oneTimeLink, run, type Trail, trail } from "./program.ts";
import { visitor, withBrowser } from "./visitor.ts";

withBrowser();

const PASSWORD = "correct horse battery staple";

let ours: Trail;
beforeAll(async () => {
  ours = await trail({ console: ['session_lifetime = "1m"'] });
  run(["console", "add-user", "mara", "--role", "viewer", "--data-dir", ours.folder], `${PASSWORD}\n`);
});
afterAll(() => ours.stop());

test("a wrong password is refused, the right one comes in, and the session ends", async () => {
  const who = await visitor();
  const { page } = who;
  await page.goto(`${ours.console}/events?q=event.outcome:*`);
  await page.getByLabel("User").fill("mara");
  await page.getByLabel("Password").fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page
    .getByRole("alert")
    .getByText(/password/)
    .waitFor();
  expect(await page.getByLabel("Password").inputValue()).toBe("");

  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator(".frame").waitFor();
  expect(page.url()).toContain("q=event.outcome:*");
  await page.locator(".table-event").first().waitFor();

  // A screen that stands still asks for nothing by itself, and learns of the end too.
  await page.getByRole("button", { name: /^live/ }).click();
  // The session lasts a minute; what was on the screen stays there, and the reader goes on where they were.
  await page.getByText(/session of mara has ended/).waitFor({ timeout: 90_000 });
  expect(await page.locator(".table-event").count()).toBeGreaterThan(0);
  expect(await page.getByLabel("User").inputValue()).toBe("mara");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText(/session of mara has ended/).waitFor({ state: "detached" });
  expect(page.url()).toContain("q=event.outcome:*");
  // Whoever came back is live again.
  await page.getByRole("button", { name: /^paused/ }).click();
  await page.getByRole("button", { name: /^live/ }).waitFor();
  expect(who.problems.filter(problem => !problem.includes("401"))).toEqual([]);
  await who.close();
});

test("a link opens once", async () => {
  const link = oneTimeLink(ours.folder);
  const first = await visitor();
  await first.page.goto(link);
  await first.page.locator(".frame").waitFor();
  await first.page.getByRole("button", { name: "You: " }).click();
  await first.page.getByRole("button", { name: "Sign out" }).click();
  await first.page.getByLabel("Password").waitFor();
  const second = await visitor();
  await second.page.goto(link);
  await second.page.getByText(/been used already/).waitFor();
  await Promise.all([first.close(), second.close()]);
});
