// The real program, started as a user would start it: in a folder of its own, on a port that the system chooses, its output
// read for what it prints.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** How long anything may take on a loaded machine. */
export const PATIENCE_MILLISECONDS = 300_000;

export function binary(): string {
  const path = process.env.CLAUDETRAIL_BINARY ?? new URL("../../target/debug/claudetrail", import.meta.url).pathname;
  if (!existsSync(path)) throw new Error(`there is no ${path}; make build makes it`);
  return path;
}

export interface Program {
  /** Waits until the output matches, and gives the match. */
  printed: (pattern: RegExp) => Promise<RegExpExecArray>;
  stop: () => Promise<void>;
}

export function start(...words: string[]): Program {
  const child = spawn(binary(), words, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const read = (bytes: Buffer) => {
    output += bytes.toString();
  };
  child.stdout.on("data", read);
  child.stderr.on("data", read);
  return {
    printed: pattern =>
      until(`${words[0]} to print ${pattern}`, () => {
        if (child.exitCode !== null) throw new Error(`claudetrail ${words.join(" ")} ended:\n${output}`);
        return pattern.exec(output) ?? undefined;
      }),
    stop: () => stopped(child),
  };
}

function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise(resolve => {
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
    // The second signal stops at once.
    setTimeout(() => child.kill("SIGTERM"), 5000).unref();
  });
}

export function run(words: string[], input = ""): string {
  return execFileSync(binary(), words, { input, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] }).trim();
}

export function oneTimeLink(folder: string): string {
  return run(["console", "link", "--data-dir", folder]);
}

/** Asks again until there is an answer. */
export async function until<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const end = Date.now() + PATIENCE_MILLISECONDS;
  while (Date.now() < end) {
    const found = await ask();
    if (found !== undefined) return found;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  throw new Error(`waited ${PATIENCE_MILLISECONDS / 1000} s for ${what}`);
}

export interface Folder {
  path: string;
  remove: () => void;
}

export function folder(): Folder {
  const path = mkdtempSync(join(tmpdir(), "claudetrail-browser-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export interface Trail {
  folder: string;
  /** Path of its configuration. */
  configuration: string;
  /** Address of the console, without a path. */
  console: string;
  /** Address of the simulated API. */
  feed: string;
  stop: () => Promise<void>;
}

export interface TrailOptions {
  /** Lines of the console's table of the configuration. */
  console?: string[];
  /** Further tables. */
  tables?: string;
  activitiesPerDay?: number;
  /** What is done with the configuration before the collector starts. */
  prepare?: (configuration: string) => void;
}

/** A simulated organization and a collector of its own, with a console. */
export async function trail(options: TrailOptions = {}): Promise<Trail> {
  const place = folder();
  const activities = String(options.activitiesPerDay ?? 600);
  const simulator = start("simulate", "--history", "2h", "--activities-per-day", activities, "--data-dir", place.path);
  const [feed] = await simulator.printed(/http:\/\/127\.0\.0\.1:\d+/);
  const configuration = join(place.path, "claudetrail.toml");
  writeFileSync(
    configuration,
    `[console]
listen = "127.0.0.1:0"
${options.console?.join("\n") ?? ""}

[[feed]]
name = "northwind"
base_url = "${feed}"
api_key = { value = "sk-ant-api01-simulator" }
poll_interval = "1s"
initial_lookback = "2h"
settle = "2s"
overlap_floor = "10s"

${options.tables ?? ""}`,
  );
  options.prepare?.(configuration);
  const collector = start("run", "--config", configuration, "--data-dir", place.path);
  const [, address = ""] = await collector.printed(/(http:\/\/127\.0\.0\.1:\d+)\/open\?token=/);
  return {
    folder: place.path,
    configuration,
    console: address,
    feed,
    stop: async () => {
      await collector.stop();
      await simulator.stop();
      place.remove();
    },
  };
}
