import { expect, test } from "vitest";
import { byNetwork, isNetwork, networkOf } from "./networks.ts";

test.each([
  ["203.0.113.77", "203.0.113.0/24"],
  ["2001:db8::1", "2001:db8::/64"],
  ["2001:db8:0:7::1", "2001:db8:0:7::/64"],
  ["2001:db8:1:0:5:6:7:8", "2001:db8:1::/64"],
  ["2001:0db8:0001:0002:3:4:5:6", "2001:db8:1:2::/64"],
  ["::1", "::/64"],
  ["fe80::", "fe80::/64"],
  ["0:0:0:5::", "0:0:0:5::/64"],
])("%s lies in %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
  expect(isNetwork(network)).toBe(true);
});

test.each(["203.0.113", "10.0.0.0/", "mara/24", "203.0.113.7"])("%s is no network", text => {
  expect(isNetwork(text)).toBe(false);
});

test("addresses are counted by network, the busiest first", () => {
  const addresses = [
    { value: "192.0.2.1", count: 2 },
    { value: "203.0.113.7", count: 3 },
    { value: "203.0.113.8", count: 4 },
  ];
  expect(byNetwork(addresses)).toEqual([
    { network: "203.0.113.0/24", count: 7, addresses: 2 },
    { network: "192.0.2.0/24", count: 2, addresses: 1 },
  ]);
});
