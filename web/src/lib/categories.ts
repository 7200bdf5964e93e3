// The categories of events: their names, and the custom property that holds their hue in each theme.
export const CATEGORIES = ["authentication", "session", "iam", "configuration", "file", "web", "api", "other"] as const;
export type Category = (typeof CATEGORIES)[number];

export const CATEGORY_NAMES: Record<Category, string> = {
  authentication: "Sign-ins",
  session: "Sessions",
  iam: "Access",
  configuration: "Configuration",
  file: "Files",
  web: "Web",
  api: "API",
  other: "Other",
};

export const CATEGORY_MEANINGS: Record<Category, string> = {
  authentication: "Signing in and out",
  session: "Sessions of people and agents",
  iam: "Keys, roles, groups and members",
  configuration: "Settings of the organization",
  file: "Files, chats and exports",
  web: "Content viewed and edited",
  api: "Calls of the Compliance API",
  other: "What has no category",
};

export function categoryOf(name: string): Category {
  return CATEGORIES.find(known => known === name) ?? "other";
}

/** The kinds of actor: a word for a person to read. */
const KINDS: Record<string, { name: string; sign: string }> = {
  user_actor: { name: "person", sign: "person" },
  unauthenticated_user_actor: { name: "not signed in", sign: "question" },
  api_actor: { name: "API key", sign: "key" },
  admin_api_key_actor: { name: "admin key", sign: "key" },
  service_account_actor: { name: "service account", sign: "machine" },
  federated_identity_actor: { name: "federated identity", sign: "machine" },
  federated_actor: { name: "cloud identity", sign: "machine" },
  attested_device_actor: { name: "device", sign: "device" },
  scim_directory_sync_actor: { name: "directory", sign: "sync" },
  system_actor: { name: "system", sign: "machine" },
  anthropic_actor: { name: "Anthropic", sign: "vendor" },
};

export function actorKind(named: string | null): { name: string; sign: string } {
  const type = named ?? "";
  return KINDS[type] ?? { name: type.replace(/_actor$/, "").replaceAll("_", " ") || "unknown", sign: "question" };
}

/** Changes of access, keys, data or settings and worse: the catalogue's severities. */
export const PRIVILEGED = "event.severity >= 47";
