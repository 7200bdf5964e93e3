// Made by the build, see world.ts.
declare module "virtual:world" {
  export const width: number;
  export const height: number;
  /** Paths of SVG by ISO 3166-1 alpha-2 code. */
  export const outlines: Record<string, string>;
}
