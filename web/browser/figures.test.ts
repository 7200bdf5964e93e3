// What the first load weighs, and how long it takes until a reader can act: measured with a cold cache on loopback, held to the
// promise where it does not depend on the machine, and printed for docs/reference/performance.md.
import { expect, inject, test } from "vitest";
import { brushed, settled, signedIn, withBrowser } from "./visitor.ts";

const MOST_BYTES = 400_000;
const ROUNDS = 3;

const demo = inject("demo");
withBrowser();

interface Figures {
  bytes: number;
  requests: number;
  firstPaint: number;
  interactive: number;
  numbers: number;
}

async function load(): Promise<Figures> {
  const who = await signedIn(demo);
  const page = await who.context.newPage();
  const session = await who.context.newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.clearBrowserCache");
  const figures = { bytes: 0, requests: 0 };
  // Bytes as they came over the wire, heads of answers included.
  session.on("Network.loadingFinished", ({ encodedDataLength }) => {
    figures.bytes += encodedDataLength;
    figures.requests += 1;
  });
  await page.goto(`${demo.console}/overview?live=0`);
  const now = (selector: string) =>
    page
      .waitForFunction(which => document.querySelector(which) && performance.now(), selector, { polling: "raf" })
      .then(handle => handle.jsonValue() as Promise<number>);
  // The query field is there with its handlers as soon as the frame is: React puts both in the page at once.
  const [interactive, numbers] = await Promise.all([now(".query-box input"), now(".total strong")]);
  await page.locator(".world path").first().waitFor();
  const firstPaint = await page.evaluate(
    () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN,
  );
  await who.close();
  return { ...figures, firstPaint, interactive, numbers };
}

interface Clock {
  took: Promise<number>;
}

/** From letting go of the mouse to the numbers of the brushed range, milliseconds. */
async function brush(): Promise<number> {
  const who = await signedIn(demo);
  const { page } = who;
  await page.goto(`${demo.console}/events?from=now-30d&to=now&live=0`);
  await settled(page);
  await brushed(page, 0.5, 0.75);
  // The clock runs in the page, from the very event: it listens before the button is let go.
  await page.evaluate(() => {
    const shown = document.querySelector<HTMLElement>(".total")?.innerText;
    const page = window as unknown as Clock;
    page.took = new Promise(resolve => {
      const started = () => {
        const start = performance.now();
        const look = () => {
          const total = document.querySelector<HTMLElement>(".total");
          const done = total?.innerText !== shown && total?.querySelector("[data-stale=true]") === null;
          if (done) resolve(performance.now() - start);
          else requestAnimationFrame(look);
        };
        look();
      };
      addEventListener("mouseup", started, { once: true, capture: true });
    });
  });
  await page.mouse.up();
  await page.waitForURL(/from=20/);
  const milliseconds = await page.evaluate(() => (window as unknown as Clock).took);
  await who.close();
  return milliseconds;
}

test("a brush gives new numbers", async () => {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await brush());
  const median = rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
  console.info(`from a brush to new numbers, median of ${ROUNDS}: ${Math.round(median)} ms`);
  expect(median).toBeGreaterThan(0);
});

test("the first load is light", async () => {
  const rounds: Figures[] = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await load());
  const median = (of: keyof Figures) =>
    Math.round(rounds.map(round => round[of]).sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0);
  console.info(
    `first load of the overview, median of ${ROUNDS}: ${median("bytes")} bytes in ${median("requests")} requests, ` +
      `first paint after ${median("firstPaint")} ms, interactive after ${median("interactive")} ms, ` +
      `first numbers after ${median("numbers")} ms`,
  );
  expect(median("bytes")).toBeLessThan(MOST_BYTES);
  // The map is part of it, and was there: the page had all that it needs.
  expect(median("requests")).toBeGreaterThan(5);
});
