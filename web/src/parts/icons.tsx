// The signs of the console, drawn on a 16-unit grid with one stroke. Decoration only: what they stand beside says the same.
const PATHS: Record<string, string> = {
  overview: "M2 2.5h5v6H2zM9 2.5h5v3.5H9zM9 8.5h5v5H9zM2 11h5v2.5H2z",
  events: "M2 3.5h2M2 8h2M2 12.5h2M6.5 3.5H14M6.5 8H14M6.5 12.5H14",
  actors:
    "M6 7.500a2.300 2.300 0 1 0 0-4.600 2.300 2.300 0 0 0 0 4.600zM1.800 13.200c.3-2.600 2-3.700 4.200-3.700s3.900 1.100 4.200 3.700M10.500 3.200a2.200 2.200 0 0 1 0 4.200M11.800 9.800c1.400.4 2.300 1.500 2.500 3.400",
  alerts: "M3.500 11.500h9l-1.200-1.800V7a3.300 3.300 0 0 0-6.600 0v2.700zM6.700 13.500h2.600",
  rules: "M8 1.800l5 1.900v4c0 3.300-2.200 5.300-5 6.500-2.800-1.200-5-3.200-5-6.500v-4zM5.700 8l1.700 1.700 3-3.200",
  trail: "M2 8h2.500M11.500 8H14M8 11.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM8 8h.01",
  search: "M7 11.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9zM10.500 10.500L14 14",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.800V8l2.200 1.500",
  refresh: "M13.500 8a5.500 5.500 0 1 1-1.700-4M13.500 2v3h-3",
  close: "M4 4l8 8M12 4l-8 8",
  down: "M4 6.500L8 10l4-3.500",
  left: "M9.500 4L6 8l3.500 4",
  right: "M6.500 4L10 8l-3.500 4",
  plus: "M8 3.500v9M3.500 8h9",
  minus: "M3.500 8h9",
  filter: "M2.500 3.500h11L9.500 8.500v4l-3 1v-5z",
  pause: "M5.500 3.500v9M10.500 3.500v9",
  play: "M5 3.500l7 4.500-7 4.500z",
  sun: "M8 10.800a2.800 2.800 0 1 0 0-5.600 2.800 2.800 0 0 0 0 5.600zM8 1.500v1.500M8 13v1.500M1.500 8H3M13 8h1.500M3.400 3.400l1.100 1.100M11.500 11.500l1.100 1.100M12.600 3.400l-1.100 1.100M4.500 11.500l-1.100 1.100",
  moon: "M13 9.500A5.500 5.500 0 0 1 6.500 3a5.500 5.500 0 1 0 6.500 6.500z",
  copy: "M5.500 5.500h8v8h-8zM3.500 10.500h-1v-8h8v1",
  link: "M6.500 9.500l3-3M7 4.500l1.300-1.300a3 3 0 0 1 4.400 4.400L11.500 9M9 11.500l-1.300 1.300a3 3 0 0 1-4.400-4.400L4.500 7",
  export: "M8 2v7.500M5 6.800L8 9.800l3-3M2.500 12v1.500h11V12",
  save: "M3.500 2.500h9v11L8 10.500l-4.500 3z",
  columns: "M2.500 3h11v10h-11zM6.200 3v10M9.800 3v10",
  person: "M8 7.500A2.500 2.500 0 1 0 8 2.500a2.500 2.500 0 0 0 0 5zM3 13.500c.4-2.800 2.300-4 5-4s4.600 1.200 5 4",
  key: "M5.500 10.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM8 8h6v2M11.500 8v1.500",
  machine: "M3 3.500h10v7H3zM6 13.500h4M8 10.500v3",
  device: "M5 2h6v12H5zM7.500 12h1",
  sync: "M3 6.500A5.200 5.200 0 0 1 12.500 5M13 9.500A5.200 5.200 0 0 1 3.500 11M12.500 2.500V5H10M3.500 13.500V11H6",
  vendor: "M8 2l1.500 4.500L14 8l-4.500 1.500L8 14l-1.500-4.500L2 8l4.500-1.500z",
  question: "M6 6a2 2 0 1 1 2.800 1.900c-.5.200-.8.600-.8 1.100v.5M8 12h.01",
  check: "M3.500 8.500l3 3 6-7",
  warning: "M8 2.500l6 11H2zM8 6.800v3M8 11.800h.01",
};

export function Icon({ name, size = 16 }: { name: string; size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name] ?? PATHS.question} />
    </svg>
  );
}

export function Logo() {
  return (
    <svg width="20" height="20" viewBox="0 0 32 32" aria-hidden="true" className="logo">
      <circle cx="16" cy="16" r="12" />
      <circle cx="16" cy="16" r="4.500" className="logo-dot" />
    </svg>
  );
}
