// The build: one page, one style sheet, hashed names under assets/, nothing inline, no request to another host.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { world } from "./world.ts";

// The console answers only to its own name, so the development server speaks to it under that.
const server = { target: process.env.CLAUDETRAIL_CONSOLE ?? "http://127.0.0.1:8321", changeOrigin: true };

export default defineConfig({
  plugins: [react(), world()],
  build: { target: "es2022", outDir: "dist/app", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { "/api": server, "/login": server, "/open": server } },
  test: { include: ["src/**/*.test.ts"] },
});
