// A real OpenID provider on loopback, for tests of the console's sign-in.
//
// It listens on a free port and prints it, reads the address that people are sent back to (one line on stdin), prints
// "ready", and ends when stdin does. Users: alice (group admins), bob (group staff), eve (no group), any password.
import http from "node:http";
import readline from "node:readline";
import Provider from "oidc-provider";

const users = {
  alice: { email: "alice@example.com", email_verified: true, name: "Alice", groups: ["admins", "staff"] },
  bob: { email: "bob@example.com", email_verified: true, name: "Bob", groups: ["staff"] },
  eve: { email: "eve@example.com", email_verified: true, name: "Eve", groups: [] },
};

function provider(issuer, redirectUri) {
  return new Provider(issuer, {
    clients: [
      {
        client_id: "console",
        client_secret: "console-secret",
        redirect_uris: [redirectUri],
        response_types: ["code"],
        grant_types: ["authorization_code"],
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
    scopes: ["openid", "email", "profile", "groups"],
    // By default the claims come from the userinfo end; "claims-in-token" puts them into the ID token.
    conformIdTokenClaims: process.argv[2] !== "claims-in-token",
    pkce: { required: () => true },
    cookies: { keys: ["a key of the test"] },
    findAccount: (_, id) => users[id] && { accountId: id, claims: () => ({ sub: id, ...users[id] }) },
    features: { devInteractions: { enabled: true } },
  });
}

const server = http.createServer();
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  console.log(port);
  const lines = readline.createInterface({ input: process.stdin });
  lines.once("line", redirectUri => {
    server.on("request", provider(`http://127.0.0.1:${port}`, redirectUri).callback());
    console.log("ready");
  });
  lines.on("close", () => process.exit(0));
});
