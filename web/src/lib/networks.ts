// Addresses by network: the /24 of an address of the old kind, the /64 of a new one, which is what one place usually has.

/** The network of an address, as the query language writes it. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return `${address.split(".").slice(0, 3).join(".")}.0/24`;
  const [head = "", tail = ""] = address.split("::");
  const groups = head.split(":").filter(Boolean);
  const behind = tail.split(":").filter(Boolean);
  // What `::` stands for are zeros.
  const missing = address.includes("::") ? Array.from({ length: 8 - groups.length - behind.length }, () => "0") : [];
  const first = [...groups, ...missing, ...behind].slice(0, 4).map(group => Number.parseInt(group, 16).toString(16));
  return `${first.join(":").replace(/(?:(?:^|:)0)+$/, "")}::/64`;
}

/** Whether a text is a network or could be one: what follows the slash are digits. */
export function isNetwork(text: string): boolean {
  return /^(?:\d{1,3}(?:\.\d{1,3}){3}|[\da-f:]*:[\da-f:]*)\/\d{1,3}$/i.test(text);
}

export interface Network {
  network: string;
  count: number;
  addresses: number;
}

/** The networks of addresses, the busiest first. */
export function byNetwork(addresses: { value: string; count: number }[]): Network[] {
  const found = new Map<string, Network>();
  for (const { value, count } of addresses) {
    const network = networkOf(value);
    const known = found.get(network) ?? { network, count: 0, addresses: 0 };
    found.set(network, { network, count: known.count + count, addresses: known.addresses + 1 });
  }
  return [...found.values()].sort((one, other) => other.count - one.count);
}
