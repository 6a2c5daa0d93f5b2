/** The access that a plan names: a kubeconfig's, or that of the pod. */
import { readFileSync } from "node:fs";
import { env } from "node:process";
import { hide } from "../masking/mask.ts";
import { quoted } from "../terminal.ts";
import { type AccessHost, type ClusterAccess, type NoAccess, reasonOf } from "./access.ts";
import { inCluster } from "./in_cluster.ts";
import { readKubeconfig } from "./kubeconfig.ts";

const HOST: AccessHost = { readFile: (path) => readFileSync(path, "utf8"), env };

/**
 * By the file's current context or, where no file is named, as the pod that this runs in. What is secret of it is
 * hidden from now on in all that this thread says.
 */
export function clusterAccess(
  kubeconfig: string,
  host: AccessHost = HOST,
): ClusterAccess | NoAccess {
  const access = kubeconfig === "" ? inCluster(host) : accessOfFile(kubeconfig, host);
  if ("server" in access) hide([access.token, access.tls.clientCertificate?.keyPem]);
  return access;
}

function accessOfFile(path: string, host: AccessHost): ClusterAccess | NoAccess {
  let text: string;
  try {
    text = host.readFile(path);
  } catch (error) {
    return { refused: `Cannot read the kubeconfig ${quoted(path)}: ${reasonOf(error)}` };
  }
  return readKubeconfig(text, path, host.readFile);
}
