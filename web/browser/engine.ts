// A real Elasticsearch node for a test, started by the programs in dev/engines as the tests in Rust start theirs: one at a time on a
// machine, and gone when the test is.
import { execFile } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";

export interface Engine {
  url: string;
  stop: () => Promise<void>;
}

/** The exit status by which a setup says that this machine lacks what it takes. */
const UNAVAILABLE = 3;

const folder = new URL("../../dev/engines", import.meta.url).pathname;

/** The lock is held by the node itself, which inherits it. */
const START = `
mkdir -p "$1" && exec 8> "$1/running.lock"
if command -v flock > /dev/null; then flock 8; fi
exec "$2/elasticsearch/start" --owner "$3"`;

/** Nothing where this machine cannot run one, save where CI is set: there that is a failure. */
export async function engine(): Promise<Engine | undefined> {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const words = ["-c", START, "start", join(cache, "claudetrail/engines"), folder, String(process.pid)];
  const { status, stdout, stderr } = await run("bash", words);
  if (status === UNAVAILABLE && !process.env.CI) {
    console.warn(`SKIPPED, this test needs Elasticsearch: ${stderr.trim()}`);
    return undefined;
  }
  if (status !== 0) throw new Error(`Elasticsearch does not start: ${stderr}`);
  const { url, pid } = JSON.parse(stdout) as { url: string; pid: number };
  return {
    url,
    stop: async () => {
      await run(join(folder, "elasticsearch/stop"), [String(pid)]);
    },
  };
}

function run(program: string, words: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise(resolve => {
    execFile(program, words, (error, stdout, stderr) => {
      const status = error ? (typeof error.code === "number" ? error.code : 1) : 0;
      resolve({ status, stdout, stderr });
    });
  });
}
