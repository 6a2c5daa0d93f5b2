import { assertEquals, assertThrows } from "../assert.ts";
import {
  type Container,
  deploymentAccess,
  describeState,
  endpoints,
  parseContainers,
  readiness,
} from "../../src/stack/container.ts";
import { inspected, type InspectedOptions } from "./stand_in.ts";

function container(options: InspectedOptions): Container {
  return parseContainers(JSON.stringify([inspected(options)]))[0]!;
}

Deno.test("a container is read from what docker inspect prints", () => {
  const read = container({
    service: "nginx-target",
    health: "healthy",
    healthOutput: "fine\n",
    ports: { "443/tcp": "32770" },
    labels: { "certload.url": "NGINX_TARGET_URL" },
  });
  assertEquals(read.service, "nginx-target");
  assertEquals(read.health, "healthy");
  assertEquals(read.healthOutput, "fine");
  assertEquals(read.ports, { "443/tcp": 32770 });
  assertEquals(read.hostNetwork, false);
});

Deno.test("podman's older spelling of health is read too", () => {
  const entry = inspected({}) as { State: Record<string, unknown> };
  entry.State["Healthcheck"] = { Status: "starting", Log: null };
  assertEquals(parseContainers(JSON.stringify([entry]))[0]?.health, "starting");
});

Deno.test("an entry without labels, health or ports is read", () => {
  const bare = { Id: "0123456789abcdef", State: { Status: "created", ExitCode: 0 }, Config: {} };
  const [read] = parseContainers(JSON.stringify([bare]));
  assertEquals(read?.service, "0123456789ab");
  assertEquals(read?.health, "none");
  assertEquals(read?.ports, {});
});

Deno.test("what is no JSON is a SyntaxError", () => {
  assertThrows(() => parseContainers("Error: no such object"), SyntaxError);
});

Deno.test("readiness follows the health check where there is one", () => {
  assertEquals(readiness(container({ health: "healthy" })), "ready");
  assertEquals(readiness(container({ health: "starting" })), "waiting");
  assertEquals(readiness(container({ health: "unhealthy" })), "failed");
  assertEquals(readiness(container({})), "ready");
  assertEquals(readiness(container({ status: "created" })), "waiting");
  assertEquals(readiness(container({ status: "restarting" })), "waiting");
  assertEquals(readiness(container({ status: "dead" })), "failed");
});

Deno.test("a service that is to end is ready when it has ended well", () => {
  const labels = { "certload.once": "true" };
  assertEquals(readiness(container({ labels })), "waiting");
  assertEquals(readiness(container({ labels, status: "exited" })), "ready");
  assertEquals(readiness(container({ labels, status: "exited", exitCode: 2 })), "failed");
});

Deno.test("a server that has ended is a failure even with exit code 0", () => {
  assertEquals(readiness(container({ status: "exited", health: "starting" })), "failed");
});

Deno.test("states are described in words", () => {
  assertEquals(describeState(container({ status: "exited", exitCode: 3 })), "exited with code 3");
  assertEquals(describeState(container({ health: "unhealthy" })), "unhealthy");
  assertEquals(describeState(container({ status: "created" })), "created");
});

Deno.test("endpoints are the published ports under the names that the labels ask for", () => {
  const containers = [
    container({
      labels: { "certload.url": "CERTCTL_BASE", "certload.port": "8443" },
      ports: { "8443/tcp": "40001" },
    }),
    container({
      labels: {
        "certload.url": "F5_TARGET_URL",
        "certload.port": "443",
        "certload.host": "localhost",
      },
      ports: { "443/tcp": "40002", "8080/tcp": "40003" },
    }),
    container({ labels: { "certload.url": "UNPUBLISHED", "certload.port": "1" } }),
    container({}),
  ];
  assertEquals(endpoints(containers), {
    CERTCTL_BASE: "https://127.0.0.1:40001",
    F5_TARGET_URL: "https://localhost:40002",
  });
});

Deno.test("on the host's network a container's port is the host's", () => {
  const labels = { "certload.url": "CERTCTL_BASE", "certload.port": "18443" };
  assertEquals(endpoints([container({ labels, networkMode: "host" })]), {
    CERTCTL_BASE: "https://127.0.0.1:18443",
  });
});

const ACCESS = { certificates: "/run/certificates", engine: "podman" };

Deno.test("folder, command and further port of a service stand under the names that the labels ask for", () => {
  const containers = [
    container({
      labels: {
        "certload.folder": "NGINX_CERTIFICATES=nginx",
        "certload.command": "NGINX_RELOAD=nginx -s reload",
      },
    }),
    container({
      labels: { "certload.address": "HAPROXY_RUNTIME=9999" },
      ports: { "443/tcp": "40001", "9999/tcp": "40002" },
    }),
  ];
  assertEquals(deploymentAccess(containers, ACCESS), {
    NGINX_CERTIFICATES: "/run/certificates/nginx",
    NGINX_RELOAD: `podman exec ${containers[0]!.id} nginx -s reload`,
    HAPROXY_RUNTIME: "127.0.0.1:40002",
  });
});

Deno.test("labels that name no variable, and ports that are not published, give nothing", () => {
  const containers = [
    container({ labels: { "certload.folder": "nginx", "certload.command": "=nginx -s reload" } }),
    container({ labels: { "certload.folder": "lower=nginx", "certload.command": "EMPTY=" } }),
    container({ labels: { "certload.address": "HAPROXY_RUNTIME=9999" } }),
    container({}),
  ];
  assertEquals(deploymentAccess(containers, ACCESS), {});
});
