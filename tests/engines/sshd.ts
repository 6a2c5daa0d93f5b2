/** A real sshd on loopback in a folder of its own, and the names under which ssh finds it. */
import { join } from "node:path";
import { findProgram } from "../programs.ts";
import { freePort } from "../servers/daemon.ts";
import { run, startProcess, until } from "./process.ts";

export interface SshHosts extends AsyncDisposable {
  /** First on the PATH of whoever runs ssh: one that knows this folder's keys alone. */
  readonly bin: string;
}

/** All of these names lead to this host, with these variables there. Wants root: sshd logs in whoever it runs as. */
export async function startSshd(
  hosts: readonly string[],
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<SshHosts> {
  const at = (name: string): string => join(folder, name);
  const port = freePort();
  for (const key of ["host_key", "user_key"]) {
    await run([findProgram("ssh-keygen")!, "-q", "-t", "ed25519", "-N", "", "-f", at(key)]);
  }
  await Deno.copyFile(at("user_key.pub"), at("authorized_keys"));
  await Deno.writeTextFile(at("sshd_config"), serverConfiguration(folder, port, env));
  const names = hosts.join(" ");
  const key = (await Deno.readTextFile(at("host_key.pub"))).trim();
  await Deno.writeTextFile(at("known_hosts"), `certload-test ${key}\n`);
  await Deno.writeTextFile(at("ssh_config"), clientConfiguration(folder, names, port));
  await Deno.mkdir(at("bin"));
  const ssh = `#!/bin/sh\nexec ${findProgram("ssh")} -F '${at("ssh_config")}' "$@"\n`;
  await Deno.writeTextFile(join(at("bin"), "ssh"), ssh, { mode: 0o755 });
  // Where it gives up its rights; Debian's service makes it.
  if (Deno.uid() === 0) await Deno.mkdir("/run/sshd", { recursive: true, mode: 0o755 });
  const sshd = startProcess(
    [findProgram("sshd")!, "-D", "-e", "-f", at("sshd_config")],
    at("sshd.log"),
  );
  try {
    await until(
      "sshd",
      async () => (await run([join(at("bin"), "ssh"), hosts[0]!, "true"])).code === 0,
    );
  } catch (error) {
    await sshd.stop();
    throw new Error(`${error}\n${await Deno.readTextFile(at("sshd.log"))}`);
  }
  return { bin: at("bin"), [Symbol.asyncDispose]: () => sshd.stop() };
}

function serverConfiguration(
  folder: string,
  port: number,
  env: Readonly<Record<string, string>>,
): string {
  const set = Object.entries(env).map(([name, value]) => `SetEnv ${name}=${value}\n`).join("");
  return `${set}Port ${port}
ListenAddress 127.0.0.1
HostKey ${join(folder, "host_key")}
AuthorizedKeysFile ${join(folder, "authorized_keys")}
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
MaxStartups 100
`;
}

function clientConfiguration(folder: string, names: string, port: number): string {
  return `Host ${names}
  HostName 127.0.0.1
  Port ${port}
  IdentityFile ${join(folder, "user_key")}
  IdentitiesOnly yes
  HostKeyAlias certload-test
  UserKnownHostsFile ${join(folder, "known_hosts")}
  GlobalKnownHostsFile /dev/null
`;
}
