import { assertEquals } from "../assert.ts";
import {
  downCommand,
  inspectCommand,
  listCommand,
  logsCommand,
  parseComposeCommand,
  type Project,
  upCommand,
  versionCommand,
} from "../../src/stack/engine.ts";

function project(command: string): Project {
  const engine = parseComposeCommand(command)!;
  return { engine, name: "certload-1", files: ["/a.yml", "/b.yml"] };
}

Deno.test("a compose command names the engine behind it", () => {
  const engines = {
    "docker compose": "docker",
    "docker-compose": "docker",
    "podman compose": "podman",
    "nerdctl compose": "nerdctl",
    "/opt/bin/podman-compose": "podman",
    "  docker   compose ": "docker",
  };
  for (const [command, engine] of Object.entries(engines)) {
    assertEquals(parseComposeCommand(command)?.container, engine, command);
  }
  assertEquals(parseComposeCommand("  "), undefined);
});

Deno.test("docker compose v2 is called as a plugin of docker", () => {
  const v2 = project("docker compose");
  const files = ["-p", "certload-1", "-f", "/a.yml", "-f", "/b.yml"];
  assertEquals(versionCommand(v2.engine), ["docker", "compose", "version"]);
  assertEquals(upCommand(v2, { build: false }), ["docker", "compose", ...files, "up", "-d"]);
  assertEquals(
    upCommand(v2, { build: true }),
    ["docker", "compose", ...files, "up", "-d", "--build"],
  );
  assertEquals(
    downCommand(v2),
    ["docker", "compose", ...files, "down", "--volumes", "--timeout", "5"],
  );
});

Deno.test("docker-compose 1.29 and podman compose take the same words", () => {
  const after = (command: string): string[] =>
    downCommand(project(command)).slice(command.split(" ").length);
  assertEquals(after("docker-compose"), after("docker compose"));
  assertEquals(after("podman compose"), after("docker compose"));
  assertEquals(upCommand(project("podman compose"), { build: false }).slice(0, 2), [
    "podman",
    "compose",
  ]);
});

Deno.test("containers are found by the project's label, whatever the compose tool calls them", () => {
  const podman = project("podman compose");
  assertEquals(
    listCommand(podman).join(" "),
    "podman ps --all --quiet --filter label=com.docker.compose.project=certload-1",
  );
  assertEquals(inspectCommand(podman, ["a", "b"]), ["podman", "inspect", "a", "b"]);
  assertEquals(logsCommand(podman, "a", 20), ["podman", "logs", "--tail", "20", "a"]);
});
