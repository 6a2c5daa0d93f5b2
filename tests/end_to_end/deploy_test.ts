import { join } from "node:path";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { testWith } from "../programs.ts";
import type { Daemon } from "../servers/daemon.ts";
import { nginxProgram, startNginx } from "../servers/nginx.ts";
import { assertEnded, withProgram } from "./program.ts";

/** Two of the lab's targets on two threads, and what thresholds may say of them. */
const LAB_PLAN = `name: deployed until served
target: { base_url: "\${CERTCTL_BASE}", token: "\${CERTCTL_TOKEN}", tls: { insecure_skip_verify: true } }
stack: embedded
workers: 2
scenarios:
  deploy:
    flow: deploy_loop
    rate: 4/s
    duration: 3s
    with:
      target_type: nginx
      targets:
        - url: \${NGINX_TARGET_URL}
          name: nginx
          install: { lab: { control: "\${CERTLOAD_LAB_CONTROL}", target: nginx } }
        - url: \${APACHE_TARGET_URL}
          name: apache
          install: { lab: { control: "\${CERTLOAD_LAB_CONTROL}", target: apache } }
      watch_after: 200ms
      hold: 100ms
    thresholds:
      - propagation p95 < 30s
      - wrong count == 0
      - never count == 0
      - reset_share < 1%
      - served p95 < 30s
`;

Deno.test("a run deploys to the lab's targets on several threads, none is lost, and thresholds name what it measures", async () => {
  await withProgram(["run", "plan.yaml"], { files: { "plan.yaml": LAB_PLAN } }, (finished) => {
    assertEnded(finished, 0);
    const { deploy } = finished.summary.phases.lifecycle;
    assertEquals([deploy.count, deploy.failed], [12, 0]);
    assertEquals(deploy.deployment_verdicts, { served: 12 });
    const targets = new Set(deploy.deployments.map(({ target }: { target: string }) => target));
    assertEquals([...targets].sort(), ["apache", "nginx"]);
    assert(deploy.deployments.every(({ by }: { by: string }) => by === "certload"));
    assertEquals(finished.summary.not_undone.count, 0);
    assertStringIncludes(finished.stdout, "12 deployments by certload");
  });
});

function nginxPlan({ port, folder }: Daemon): string {
  const at = (name: string): string => JSON.stringify(join(folder, name));
  const reload = [
    nginxProgram,
    "-p",
    folder,
    "-c",
    "nginx.conf",
    "-e",
    "error.log",
    "-s",
    "reload",
  ];
  return `name: deployed to nginx
target: { base_url: "\${CERTCTL_BASE}", token: "\${CERTCTL_TOKEN}", tls: { insecure_skip_verify: true } }
stack: embedded
scenarios:
  deploy:
    flow: deploy_loop
    rate: 2/s
    duration: 10m
    with:
      target_type: nginx
      targets:
        - url: https://127.0.0.1:${port}/
          install: { files: { fullchain: ${at("cert.pem")}, key: ${at("key.pem")}, reload: ${
    JSON.stringify(reload)
  } } }
      watch_after: 0s
`;
}

testWith("nginx")("a run that is interrupted gives a daemon its certificate back", async () => {
  const daemon = await startNginx();
  try {
    const path = join(daemon.folder, "cert.pem");
    const before = await Deno.readTextFile(path);
    const during = async (child: Deno.ChildProcess): Promise<void> => {
      for (let tried = 0; tried < 600; tried++) {
        if (await Deno.readTextFile(path) !== before) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      child.kill("SIGINT");
    };
    const files = { "plan.yaml": nginxPlan(daemon) };
    const args = ["run", "plan.yaml", "--allow-commands"];
    await withProgram(args, { files, during }, async ({ code, summary, stderr }) => {
      assertEquals(code, 105, stderr);
      const { deploy } = summary.phases.lifecycle;
      assert(deploy.count >= 1);
      assertEquals([deploy.failed, summary.not_undone.count], [0, 0]);
      assertEquals(await Deno.readTextFile(path), before);
    });
  } finally {
    await daemon.stop();
  }
});
