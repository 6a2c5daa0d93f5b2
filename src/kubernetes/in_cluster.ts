/** The access that every pod is given: its service account's token, the cluster's CA, and the API server's address. */
import { quoted } from "../terminal.ts";
import { certificatesOf } from "../plan/trust.ts";
import { type AccessHost, type ClusterAccess, type NoAccess, reasonOf } from "./access.ts";

const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
export const TOKEN_FILE = `${ACCOUNT}/token`;

export function inCluster({ env, readFile }: AccessHost): ClusterAccess | NoAccess {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = "443" } = env;
  if (!host) {
    return {
      refused: "No kubeconfig is named, and this is no pod (KUBERNETES_SERVICE_HOST is not set): " +
        "give the scenario `kubeconfig: PATH`, or set the variable that the plan takes for it " +
        "(KUBECONFIG in the shipped one)",
    };
  }
  const read = (name: string): string => readFile(`${ACCOUNT}/${name}`).trim();
  try {
    const caPem = certificatesOf(read("ca.crt"));
    if (caPem === undefined) return { refused: `No readable certificate in ${ACCOUNT}/ca.crt` };
    return {
      server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
      tls: { insecureSkipVerify: false, caPem },
      namespace: read("namespace") || "default",
      token: read("token"),
      tokenFile: TOKEN_FILE,
    };
  } catch (error) {
    return {
      refused: `Cannot read the pod's service account in ${quoted(ACCOUNT)}: ${reasonOf(error)}; ` +
        "give the pod `automountServiceAccountToken: true`, or the scenario a `kubeconfig`",
    };
  }
}
