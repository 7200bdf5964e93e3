// One demo for all tests: started once, and used when its history is collected and can be searched.
import type { TestProject } from "vitest/node";
import { folder, oneTimeLink, start, until } from "./program.ts";

export interface Demo {
  folder: string;
  console: string;
  stories: Story[];
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
    provide("demo", { folder: place.path, console: origin, stories: (await ask("stories")) as Story[] });
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
