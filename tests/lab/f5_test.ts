import { startLab } from "../../src/lab/lab.ts";
import { assertEquals } from "../assert.ts";

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

Deno.test("the lab's F5 wants a login, and takes a moment for a transaction", async () => {
  const lab = await startLab();
  const client = Deno.createHttpClient({ caCerts: [lab.addresses.caPem] });
  const { origin } = new URL(lab.addresses.targets.f5);
  let token = "";
  const ask = async (method: string, path: string, given?: unknown): Promise<Answer> => {
    const response = await fetch(origin + path, {
      client,
      method,
      headers: token === "" ? {} : { "x-f5-auth-token": token },
      ...(given === undefined ? {} : { body: JSON.stringify(given) }),
    });
    const text = await response.text();
    return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : {} };
  };
  try {
    assertEquals((await ask("GET", "/healthz")).status, 200);
    assertEquals((await ask("POST", "/mgmt/tm/transaction", {})).status, 401);
    assertEquals((await ask("POST", "/mgmt/shared/authn/login", "no")).status, 400);
    assertEquals((await ask("POST", "/mgmt/shared/authn/login", { username: "a" })).status, 401);
    const login = { username: "a", password: "b" };
    token = ((await ask("POST", "/mgmt/shared/authn/login", login)).body["token"] as {
      token: string;
    }).token;
    const [one, two] = [
      (await ask("POST", "/mgmt/tm/transaction", {})).body,
      (await ask("POST", "/mgmt/tm/transaction", {})).body,
    ];
    assertEquals([one["state"], one["transId"] === two["transId"]], ["STARTED", false]);
    const path = `/mgmt/tm/transaction/${one["transId"]}`;
    assertEquals(
      (await ask("GET", `/mgmt/tm/transaction/${Number(two["transId"]) + 1}`)).status,
      404,
    );
    let state: unknown;
    while (state !== "COMPLETED") ({ body: { state } } = await ask("GET", path));
    assertEquals((await ask("DELETE", `/mgmt/shared/authz/tokens/${token}`)).status, 200);
    assertEquals((await ask("GET", "/mgmt/tm/ltm/pool")).status, 404);
  } finally {
    client.close();
    await lab.close();
  }
});
