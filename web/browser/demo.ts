// One demo for all tests: started once, and used when its history is collected and can be searched.
import type { TestProject } from "vitest/node";
import { folder, oneTimeLink, start, until } from "./program.ts";

export interface Demo {
  folder: string;
  console: string;
  stories: Story[];
  /** The event of the first story that matters, and who did it. */
  event: string;
  intruder: string;
}

export interface Story {
  number: number;
  title: string;
  text: string;
  from: string;
  to: string;
  link: string;
}

declare module "vitest" {
  export interface ProvidedContext {
    demo: Demo;
  }
}

export default async function setup({ provide }: TestProject) {
  const place = folder();
  // A small company is indexed in seconds by a quick build; pictures are better of a larger one.
  const activities = process.env.ACTIVITIES_PER_DAY ?? "400";
  const demo = start("demo", "--data-dir", place.path, "--activities-per-day", activities);
  const stop = async () => {
    await demo.stop();
    place.remove();
  };
  try {
    await demo.printed(/● live/);
    const link = oneTimeLink(place.path);
    const { origin } = new URL(link);
    const opened = await fetch(link, { redirect: "manual" });
    const cookie = opened.headers.get("set-cookie")?.split(";")[0] ?? "";
    const ask = async (path: string) => (await fetch(`${origin}/api/v1/${path}`, { headers: { cookie } })).json();
    await until("the search index to be level with the ledger", async () => {
      const { ledger, search } = (await ask("trail")) as {
        ledger: { sequence: number };
        search: { sequence: number | null };
      };
      return ledger.sequence - (search.sequence ?? 0) < 100 ? true : undefined;
    });
    const stories = (await ask("stories")) as Story[];
    const made = await searched(origin, cookie, stories[0]);
    provide("demo", { folder: place.path, console: origin, stories, ...made });
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

/** The making of the admin key that the first story tells of. */
async function searched(origin: string, cookie: string, story: Story | undefined) {
  const session = (await (await fetch(`${origin}/api/v1/session`, { headers: { cookie } })).json()) as {
    csrf_token: string;
  };
  const answer = await fetch(`${origin}/api/v1/search`, {
    method: "POST",
    headers: { cookie, "content-type": "application/json", "x-csrf-token": session.csrf_token },
    body: JSON.stringify({
      query: "event.action:admin_api_key_created",
      filters: [],
      from: story?.from,
      to: story?.to,
      size: 1,
    }),
  });
  const { hits } = (await answer.json()) as {
    hits: { id: string; document: { anthropic: { audit: { actor: { id: string } } } } }[];
  };
  const hit = hits[0];
  if (!hit) throw new Error("the first story made no admin key");
  return { event: hit.id, intruder: hit.document.anthropic.audit.actor.id };
}
