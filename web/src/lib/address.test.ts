import { describe, expect, test } from "vitest";
import { type Address, formatAddress, onScreen, parseAddress, START } from "./address.ts";

function roundTrip(address: Address): Address {
  const [path = "", search = ""] = formatAddress(address).split("?");
  return parseAddress(path, search);
}

const cases: [string, Partial<Address>][] = [
  ["nothing asked", {}],
  ["a query with signs of its own", { screen: "events", query: 'a+b & "c d" = 100% #x' }],
  [
    "filters of every kind",
    {
      screen: "events",
      filters: [
        { field: "user.email", values: ["ana@example.com", "b|c\\d"], negate: true, enabled: true },
        { field: "", values: ["event.severity >= 47 and x:y"], negate: false, enabled: false },
        { field: "url", values: ["https://example.com/?a=1&b=-~2"], negate: false, enabled: true },
      ],
    },
  ],
  [
    "one actor and the choices of a screen",
    { screen: "actors", subject: "user_01/x y", options: { kind: "user_actor", find: "ana & co" } },
  ],
  ["an absolute range", { range: { from: "2026-11-25T04:23:22Z", to: "2026-11-25T06:14:03Z" } }],
  [
    "the open event, columns, sort and the rest",
    {
      screen: "events",
      event: "activity_01x",
      tab: "raw",
      columns: ["message", "source.ip"],
      sort: { field: "event.severity", direction: "asc" },
      group: "minute",
      compare: true,
      refresh: 30,
      live: false,
    },
  ],
];

describe("the address bar", () => {
  test.each(cases)("gives back %s", (_, change) => {
    const address = { ...START, ...change };
    expect(roundTrip(address)).toEqual(address);
  });

  test("reads a link that the program prints", () => {
    const found = parseAddress(
      "/events",
      "q=event.action:(org_sso_toggled+or+x)&from=2026-11-16T05:53:21Z&to=2026-11-16T08:13:22Z",
    );
    expect(found.query).toBe("event.action:(org_sso_toggled or x)");
    expect(found.range).toEqual({ from: "2026-11-16T05:53:21Z", to: "2026-11-16T08:13:22Z" });
  });

  test("shows the overview for a screen that does not exist", () => {
    expect(parseAddress("/nowhere", "").screen).toBe("overview");
  });

  test("takes the question along to another screen, but not the open event", () => {
    const moved = onScreen(
      { ...START, screen: "events", query: "lisbon", event: "activity_01x", tab: "raw" },
      "overview",
    );
    expect(moved).toMatchObject({ screen: "overview", query: "lisbon", event: "", tab: "" });
  });
});
