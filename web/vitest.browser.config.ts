// Tests in a real browser against the real program. Files run side by side, each with its own browser; the demo is shared.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["browser/**/*.test.ts"],
    globalSetup: "./browser/demo.ts",
    pool: "forks",
    maxWorkers: 3,
    // A loaded machine is slow, not broken: what is waited for has bounds of its own.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
