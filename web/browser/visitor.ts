// Somebody at a screen: a fresh browser session, which keeps what went wrong in the page.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import axe from "axe-core";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { oneTimeLink, until } from "./program.ts";

/** The system's Chromium: named by CHROMIUM, or found on the path. */
function executable(): string {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of ["chromium", "chromium-browser", "google-chrome", "chrome"]) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // Not here.
      }
    }
  }
  throw new Error("there is no Chromium: install it, or name it in CHROMIUM");
}

let browser: Browser;

/** Starts the browser before the tests of a file and ends it after them. */
export function withBrowser() {
  beforeAll(async () => {
    // Root has no sandbox to go into, and a container's shared memory is often too small.
    const asRoot = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
    browser = await chromium.launch({
      executablePath: executable(),
      args: [...asRoot, "--disable-dev-shm-usage"],
    });
  });
  afterAll(() => browser.close());
}

export const DESKTOP = { width: 1280, height: 860 };
export const PHONE = { width: 390, height: 844 };

export interface Visitor {
  page: Page;
  context: BrowserContext;
  /** Errors of the console, exceptions and failed requests. */
  problems: string[];
  close: () => Promise<void>;
}

export async function visitor(
  options: { theme?: "light" | "dark"; size?: { width: number; height: number }; userAgent?: string } = {},
): Promise<Visitor> {
  const context = await browser.newContext({
    ...(options.userAgent ? { userAgent: options.userAgent } : {}),
    viewport: options.size ?? DESKTOP,
    colorScheme: options.theme ?? "light",
    locale: "en-GB",
    timezoneId: "Europe/Lisbon",
    reducedMotion: "reduce",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const problems: string[] = [];
  page.on("console", message => {
    if (message.type() === "error" || message.type() === "warning") problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", error => problems.push(`exception: ${error.stack ?? error.message}`));
  page.on("response", response => {
    if (response.status() >= 400) problems.push(`${response.status()} ${response.url()}`);
  });
  return { page, context, problems, close: () => context.close() };
}

/** A visitor who came in by a one-time link. */
export async function signedIn(of: { folder: string }, options: Parameters<typeof visitor>[0] = {}): Promise<Visitor> {
  const who = await visitor(options);
  await who.page.goto(oneTimeLink(of.folder));
  await who.page.locator(".frame").waitFor();
  return who;
}

/** Waits until everything that was asked for has been answered. */
export async function settled(page: Page) {
  await page.waitForFunction(
    () => document.querySelector("[aria-busy=true], .progress, [data-loading=true], [data-stale=true]") === null,
  );
}

/** Draws a range over the histogram, in shares of its width, and holds it: `page.mouse.up()` lets go. */
export async function brushed(page: Page, from: number, to: number) {
  const histogram = page.locator(".histogram .u-over");
  await until("a range over the histogram", async () => {
    // A plot is made anew for a new answer, and moves when something above it comes: a brush that missed it is drawn again.
    const plot = await histogram.boundingBox();
    if (!plot) return undefined;
    const y = plot.y + plot.height / 2;
    await page.mouse.move(plot.x + plot.width * from, y);
    await page.mouse.down();
    await page.mouse.move(plot.x + plot.width * to, y, { steps: 8 });
    const drawn = await page
      .waitForFunction(() => (document.querySelector(".histogram .u-select")?.clientWidth ?? 0) > 3, undefined, {
        timeout: 2000,
      })
      .catch(() => undefined);
    if (drawn) return true;
    await page.mouse.up();
    return undefined;
  });
}

/** What a reader with a disability would stumble over, as lines that name rule and element. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(document, {
      resultTypes: ["violations"],
    });
    return violations.map(({ id, help, nodes }) => ({
      id,
      help,
      nodes: nodes.map(node => `${node.target.join(" ")}: ${node.failureSummary ?? ""}`),
    }));
  });
  return found.flatMap(({ id, help, nodes }) => nodes.slice(0, 5).map(node => `${id} (${help}): ${node}`));
}
