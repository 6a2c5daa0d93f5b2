import { assertEquals, assertMatch } from "../../assert.ts";
import { ask, type LabClient, withLab } from "../harness.ts";

const TARGETS = "/api/v1/targets";

async function agent(client: LabClient): Promise<string> {
  const given = { name: "a1", hostname: "h1" };
  return (await ask(client, "POST /api/v1/agents", given)).body.id;
}

Deno.test("the lab's own TLS targets are deployment targets of their types", async () => {
  await withLab({ targets: { nginx: 2, f5: 3 } }, async (client) => {
    const { data, total } = (await ask(client, `GET ${TARGETS}?per_page=1`)).body;
    const listed = data.map(({ id, type, config }: Record<string, unknown>) => [id, type, config]);
    assertEquals(total, 7);
    assertEquals(listed[1], ["tgt-lt-nginx-2", "NGINX", { lab_target: "nginx-2" }]);
    assertEquals(listed[6], ["tgt-lt-f5-3", "F5", { lab_target: "f5-3" }]);
  });
});

Deno.test("a target is created, read, changed and deleted, its secrets never shown", async () => {
  await withLab({}, async (client) => {
    const agent_id = await agent(client);
    const config = { host: "127.0.0.1", password: "secret" };
    const given = { name: "t", type: "F5", agent_id, config };
    const { status, body: created } = await ask(client, `POST ${TARGETS}`, given);
    assertEquals(status, 201);
    assertMatch(created.id, /^target-\d{19}-\d+$/);
    assertEquals(created.config, { host: "127.0.0.1", password: "********" });
    assertEquals([created.enabled, created.test_status, created.source], [
      true,
      "untested",
      "database",
    ]);
    const path = `${TARGETS}/${created.id}`;
    assertEquals((await ask(client, `GET ${path}`)).body, created);
    const changed = await ask(client, `PUT ${path}`, { name: "u" });
    assertEquals([changed.status, changed.body.name, changed.body.type], [200, "u", "F5"]);
    assertEquals((await ask(client, `DELETE ${path}`)).status, 204);
    const gone = await ask(client, `GET ${path}`);
    assertEquals([gone.status, gone.body.message], [404, "Target not found"]);
    assertEquals((await ask(client, `PUT ${path}`, {})).status, 500);
    assertEquals((await ask(client, `DELETE ${path}`)).status, 500);
  });
});

Deno.test("what a target lacks is 400 in certctl's order, and an unknown type or a second of its name 500", async () => {
  await withLab({}, async (client) => {
    const agent_id = await agent(client);
    const good = { name: "t", type: "NGINX", agent_id };
    const cases = [
      ["{", 400, "Invalid request body"],
      [{ ...good, name: "" }, 400, "name is required"],
      [{ ...good, name: "n".repeat(256) }, 400, "name must be 255 characters or fewer"],
      [{ ...good, type: "" }, 400, "type is required"],
      [{ ...good, agent_id: "" }, 400, "agent_id is required"],
      [{ ...good, type: "Odd" }, 500, "Failed to create target"],
      [{ ...good, agent_id: "none" }, 400, "referenced agent does not exist: none"],
      [good, 201, undefined],
      [good, 500, "Failed to create target"],
    ] as const;
    for (const [given, status, message] of cases) {
      const answer = await ask(client, `POST ${TARGETS}`, given);
      assertEquals([answer.status, answer.body.message], [status, message]);
    }
    await ask(client, `DELETE /api/v1/agents/${agent_id}?force=true&reason=x`);
    const retired = await ask(client, `POST ${TARGETS}`, good);
    assertEquals(retired.body.message, `referenced agent does not exist: ${agent_id} (retired)`);
  });
});

Deno.test("a test of a target looks for its agent, and a failure is an answer of 200", async () => {
  await withLab({}, async (client) => {
    const agent_id = await agent(client);
    const { id } = (await ask(client, `POST ${TARGETS}`, { name: "t", type: "F5", agent_id })).body;
    const tested = await ask(client, `POST ${TARGETS}/${id}/test`);
    assertEquals([tested.status, tested.body.status], [200, "success"]);
    assertEquals((await ask(client, `GET ${TARGETS}/${id}`)).body.test_status, "success");
    const none = await ask(client, `POST ${TARGETS}/none/test`);
    assertEquals([none.status, none.body.status], [200, "failed"]);
  });
});
