import { assert, assertEquals, assertMatch, assertRejects } from "../assert.ts";
import type { CertificateFault, Faults } from "../../src/lab/faults.ts";
import { exchange, type LabClient, withLab } from "./harness.ts";

const LIST = "/api/v1/certificates";

async function statusOf(client: LabClient, path: string): Promise<number> {
  const response = await client.fetch(path);
  await response.body?.cancel();
  return response.status;
}

Deno.test("a status fault answers with the status", async () => {
  await withLab({ faults: { rules: [{ answer: "status", status: 503 }] } }, async (client) => {
    assertEquals(await statusOf(client, LIST), 503);
  });
});

Deno.test("a share of the answers is wrong, and the rest is right", async () => {
  const draws = [0.1, 0.9, 0.2, 0.8];
  const faults: Faults = { rules: [{ share: 0.5, answer: "status" }] };
  await withLab({ faults, random: () => draws.shift()! }, async (client) => {
    const statuses: number[] = [];
    for (let call = 0; call < 4; call++) statuses.push(await statusOf(client, LIST));
    assertEquals(statuses, [500, 200, 500, 200]);
  });
});

Deno.test("a limited answer is certctl's: text, and Retry-After of a second", async () => {
  await withLab({ faults: { rules: [{ answer: "limited" }] } }, async ({ fetch }) => {
    const response = await fetch(LIST);
    assertEquals([response.status, response.headers.get("retry-after")], [429, "1"]);
    assertEquals(response.headers.get("content-type"), "text/plain; charset=utf-8");
    assertEquals(await response.text(), `{"error":"Rate limit exceeded"}\n`);
  });
});

Deno.test("the dashboard answers under a prefix, and the API elsewhere", async () => {
  const faults: Faults = { rules: [{ prefix: "/acme", answer: "html" }] };
  await withLab({ faults }, async ({ lab, fetch }) => {
    const response = await fetch(lab.addresses.acme["prof-test"]!);
    assertEquals(response.status, 200);
    assertMatch(await response.text(), /^<!doctype html>/);
    assertEquals((await (await fetch(LIST)).json()).total, 32);
  });
});

Deno.test("garbage, half an answer and a close are errors of the client's", async () => {
  for (const answer of ["garbage", "half", "close"] as const) {
    await withLab({ faults: { rules: [{ answer }] } }, async ({ fetch }) => {
      await assertRejects(async () => await (await fetch(LIST)).text(), Error);
    });
  }
});

Deno.test("a huge answer is as large as it was asked to be, and JSON", async () => {
  const faults: Faults = { rules: [{ answer: "huge", hugeBytes: 3_000_000 }] };
  await withLab({ faults }, async ({ fetch }) => {
    const text = await (await fetch(LIST)).text();
    assertEquals([text.length, JSON.parse(text)], [3_000_000, { data: [] }]);
  });
});

Deno.test("silence lasts until the faults change", async () => {
  await withLab({ faults: { rules: [{ answer: "silence" }] } }, async (client) => {
    const { api, caPem } = client.lab.addresses;
    const silent = exchange(api, caPem, "GET /health HTTP/1.1\r\n\r\n");
    while (client.lab.counts().api.requests === 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await client.lab.setFaults({});
    assertEquals(await silent.catch(() => ""), "");
    assertEquals(await statusOf(client, LIST), 200);
  });
});

Deno.test("a latency is waited before the answer", async () => {
  const faults: Faults = { rules: [{ latencyMs: 60 }] };
  await withLab({ faults }, async (client) => {
    const startedMs = performance.now();
    assertEquals(await statusOf(client, LIST), 200);
    assert(performance.now() - startedMs >= 59);
  });
});

Deno.test("in a stall nothing is answered, and afterwards everything", async () => {
  await withLab({}, async (client) => {
    const startedMs = performance.now();
    await client.lab.setFaults({ stalls: [{ durationMs: 80 }] });
    const statuses = await Promise.all([1, 2, 3].map(() => statusOf(client, "/health")));
    assertEquals(statuses, [200, 200, 200]);
    assert(performance.now() - startedMs >= 75);
  });
});

Deno.test("a stall of one server leaves the others running", async () => {
  await withLab({ faults: { stalls: [{ server: "f5", durationMs: 60_000 }] } }, async (client) => {
    assertEquals(await statusOf(client, "/health"), 200);
  });
});

Deno.test("a wrong certificate is refused by a client that trusts the lab's CA", async () => {
  await withLab({}, async (client) => {
    const { lab } = client;
    const { nginx } = lab.addresses.targets;
    for (const fault of ["wrong_name", "expired", "unknown_ca", "self_signed"] as const) {
      await lab.setFaults({ certificates: { nginx: fault satisfies CertificateFault } });
      const error = await assertRejects(() => client.fetch(nginx), TypeError);
      assertMatch(`${(error as Error).message} ${(error as Error).cause}`, /certificate/i, fault);
    }
    await lab.setFaults({});
    assertEquals(await statusOf(client, nginx), 200);
  });
});

Deno.test("a renewed certificate is as good as the one before, and another", async () => {
  await withLab({}, async (client) => {
    const { lab } = client;
    const { nginx } = lab.addresses.targets;
    const before = await fingerprint(nginx, lab.addresses.caPem);
    await lab.setFaults({ certificates: { nginx: "renewed" } });
    const renewed = await fingerprint(nginx, lab.addresses.caPem);
    await lab.setFaults({});
    assert(before !== renewed);
    assertEquals(await fingerprint(nginx, lab.addresses.caPem), before);
  });
});

async function fingerprint(url: string, ca: string): Promise<string> {
  const { connect } = await import("node:tls");
  const { hostname, port } = new URL(url);
  const options = { host: hostname, port: Number(port), ca, servername: "localhost" };
  return await new Promise((resolve, reject) => {
    const socket = connect(options, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

Deno.test("a server that is down refuses connections, and comes back on the same port", async () => {
  await withLab({}, async (client) => {
    const { nginx } = client.lab.addresses.targets;
    const { hostname, port } = new URL(nginx);
    await client.lab.setFaults({ down: ["nginx"] });
    const connect = (): Promise<Deno.TcpConn> => Deno.connect({ hostname, port: Number(port) });
    await assertRejects(connect, Deno.errors.ConnectionRefused);
    await client.lab.setFaults({});
    assertEquals(await statusOf(client, nginx), 200);
  });
});

const JSON_TYPE = { "content-type": "application/json" };

Deno.test("faults are set and read over the control endpoint, and counts are read", async () => {
  await withLab({}, async (client) => {
    const { control } = client.lab.addresses;
    const faults: Faults = { rules: [{ server: "api", answer: "status", status: 502 }] };
    const body = JSON.stringify(faults);
    const set = await fetch(`${control}/lab/faults`, { method: "POST", headers: JSON_TYPE, body });
    assertEquals([set.status, await set.json()], [200, faults]);
    assertEquals(await statusOf(client, LIST), 502);
    assertEquals(await (await fetch(`${control}/lab/faults`)).json(), faults);
    const counts = await (await fetch(`${control}/lab/counts`)).json();
    assertEquals(counts.api.requests, 1);
  });
});

Deno.test("faults that are none are refused with what is wrong, and change nothing", async () => {
  await withLab({}, async (client) => {
    const { control } = client.lab.addresses;
    for (const body of ["{", `{"rulez":[]}`, `{"rules":[{"share":2}]}`, `{"down":["iis"]}`]) {
      const response = await fetch(`${control}/lab/faults`, {
        method: "POST",
        headers: JSON_TYPE,
        body,
      });
      assertEquals(response.status, 400);
      assertMatch((await response.json()).error, /^Cannot set faults/);
    }
    assertEquals(await statusOf(client, LIST), 200);
  });
});

Deno.test("what is no certificate to install is told with each field that is wrong, and faults with theirs", async () => {
  await withLab({}, async ({ lab: { addresses: { control } } }) => {
    const errorOf = async (method: string, path: string, body: string): Promise<string> => {
      const response = await fetch(`${control}${path}`, { method, headers: JSON_TYPE, body });
      assertEquals(response.status, 400);
      return (await response.json()).error;
    };
    const install = "Cannot install a certificate on nginx";
    const path = "/lab/targets/nginx/certificate";
    assertMatch(
      await errorOf("PUT", path, '{"key_pem":7}'),
      new RegExp(`^${install}: certificate_pem: .*; key_pem: `),
    );
    assertMatch(
      await errorOf("PUT", path, "{"),
      new RegExp(`^${install} as the body is no JSON: `),
    );
    const faults = await errorOf("POST", "/lab/faults", '{"rules":[{"share":2}],"downs":[]}');
    assertMatch(faults, /^Cannot set faults: rules\.0\.share: [^;]+; Unrecognized key: "downs"$/);
  });
});

Deno.test("the control endpoint refuses what a page in a browser can send", async () => {
  await withLab({}, async ({ lab }) => {
    const { hostname, port } = new URL(lab.addresses.control);
    const status = async (head: string, body = '{"down":["f5"]}'): Promise<string> => {
      const conn = await Deno.connect({ hostname, port: Number(port) });
      const request = `POST /lab/faults HTTP/1.1\r\n${head}Connection: close\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`;
      await conn.write(new TextEncoder().encode(request));
      return (await new Response(conn.readable).text()).slice(9, 12);
    };
    const host = `Host: 127.0.0.1:${port}\r\n`;
    const type = "Content-Type: application/json\r\n";
    assertEquals(await status(`${host}${type}Origin: http://evil.example\r\n`), "403");
    assertEquals(await status(`${host}${type}Origin: null\r\n`), "403");
    assertEquals(await status(`${host}${type}Sec-Fetch-Site: cross-site\r\n`), "403");
    assertEquals(await status(`${host}${type}Sec-Fetch-Site: same-site\r\n`), "403");
    assertEquals(await status(`Host: evil.example:${port}\r\n${type}`), "403");
    assertEquals(await status(`Host: localhost.evil.example\r\n${type}`), "403");
    assertEquals(await status(type), "403");
    assertEquals(await status(host), "415");
    assertEquals(await status(`${host}Content-Type: text/plain\r\n`), "415");
    assertEquals(lab.counts().f5.connections, 0);
    const f5 = new URL(lab.addresses.targets.f5);
    (await Deno.connect({ hostname: f5.hostname, port: Number(f5.port) })).close();
    for (const right of [host, `Host: localhost:${port}\r\n`, `Host: [::1]:${port}\r\n`]) {
      assertEquals(
        await status(`${right}Content-Type: Application/JSON; charset=utf-8\r\n`),
        "200",
      );
    }
    assertEquals(await status(`${host}${type}Sec-Fetch-Site: none\r\n`, "{}"), "200");
  });
});
