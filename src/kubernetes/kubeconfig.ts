/**
 * A kubeconfig's current context: its cluster and its user. What would start a program, change the identity or go another
 * way than straight to the server is refused in a sentence rather than left out.
 */
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { messageOf } from "../message_of.ts";
import type { TlsOptions } from "../plan/plan.ts";
import { certificatesOf } from "../plan/trust.ts";
import { foreign, quoted } from "../terminal.ts";
import { type ClusterAccess, type NoAccess, reasonOf } from "./access.ts";
import { NAMESPACE, NAMESPACE_WANTED } from "./names.ts";

const optionalText = z.string().nullish();

const clusterSchema = z.looseObject({
  server: z.string(),
  "certificate-authority": optionalText,
  "certificate-authority-data": optionalText,
  "insecure-skip-tls-verify": z.boolean().nullish(),
});
const userSchema = z.looseObject({
  "client-certificate": optionalText,
  "client-certificate-data": optionalText,
  "client-key": optionalText,
  "client-key-data": optionalText,
  token: optionalText,
  tokenFile: optionalText,
});
const contextSchema = z.looseObject({
  cluster: z.string(),
  user: optionalText,
  namespace: optionalText,
});

const named = <T extends z.ZodType>(
  key: string,
  of: T,
): z.ZodType<readonly { readonly name: string; readonly of: z.output<T> }[]> =>
  z.array(
    z.looseObject({ name: z.string(), [key]: of }).transform((entry) => ({
      name: entry.name as string,
      of: entry[key] as z.output<T>,
    })),
  ).nullish().transform((list) => list ?? []);

const schema = z.looseObject({
  "current-context": optionalText,
  clusters: named("cluster", clusterSchema),
  users: named("user", userSchema),
  contexts: named("context", contextSchema),
});

type Cluster = z.output<typeof clusterSchema>;
type User = z.output<typeof userSchema>;

/** A key of the cluster or the user that certload does not follow, and what to do instead. */
const NOT_FOLLOWED: readonly (readonly [of: "cluster" | "user", key: string, instead: string])[] = [
  [
    "user",
    "exec",
    "it starts a program for its credentials, and certload starts none: put a token or a client certificate into a kubeconfig of its own (kubectl create token, or the program's own output)",
  ],
  ["user", "auth-provider", "give the user a token or a client certificate"],
  ["user", "username", "API servers take no passwords: give the user a token"],
  ["user", "as", "give it the credentials of whom it stands for"],
  ["cluster", "proxy-url", "the time measured would be the proxy's: name the API server itself"],
  [
    "cluster",
    "tls-server-name",
    "name the server in `server` as its certificate does (a line of /etc/hosts)",
  ],
];

class Refusal extends Error {}

/** Never throws for what is in the text; `path` is the file's, from which relative paths in it lead. */
export function readKubeconfig(
  text: string,
  path: string,
  readFile: (path: string) => string,
): ClusterAccess | NoAccess {
  try {
    const locate = (file: string): string => resolve(dirname(path), file);
    return accessOf(text, { locate, read: (file) => readFile(locate(file)) });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { refused: `The kubeconfig ${quoted(path)} ${error.message}` };
  }
}

/** Files that a kubeconfig names. */
interface Files {
  readonly locate: (file: string) => string;
  readonly read: (file: string) => string;
}

function accessOf(text: string, files: Files): ClusterAccess {
  const config = parsed(text);
  const name = config["current-context"];
  if (!name) throw new Refusal("has no current-context: kubectl config use-context NAME sets it");
  const context = find(config.contexts, "context", name);
  const cluster = find(config.clusters, "cluster", context.cluster);
  const user = context.user ? find(config.users, "user", context.user) : {};
  for (const [of, key, instead] of NOT_FOLLOWED) {
    const value = (of === "user" ? user as User : cluster)[key];
    if (value) throw new Refusal(`has a ${of} with \`${key}\`: ${instead}`);
  }
  const namespace = context.namespace || "default";
  if (!NAMESPACE.test(namespace)) {
    throw new Refusal(`has the namespace ${quoted(namespace, 80)}: it ${NAMESPACE_WANTED}`);
  }
  const server = serverOf(cluster);
  const { token, tokenFile } = tokenOf(user as User, files);
  const tls = tlsOf(cluster, user as User, files);
  const isOpen = server.startsWith("http://");
  if (isOpen && (token !== undefined || tls.clientCertificate !== undefined)) {
    throw new Refusal(`has credentials for ${server}, which is not encrypted: use https://`);
  }
  return {
    server,
    tls,
    namespace,
    ...(token !== undefined && { token }),
    ...(tokenFile !== undefined && { tokenFile }),
  };
}

function parsed(text: string): z.output<typeof schema> {
  let data: unknown;
  try {
    data = parse(text, { maxAliasCount: 100, logLevel: "error" });
  } catch (error) {
    throw new Refusal(`is not YAML: ${foreign(messageOf(error), 200)}`);
  }
  const config = schema.safeParse(data);
  if (config.success) return config.data;
  const [issue] = config.error.issues;
  throw new Refusal(
    `is not a kubeconfig: ${foreign(`${issue!.path.join(".") || "it"}: ${issue!.message}`, 200)}`,
  );
}

function find<T>(
  list: readonly { readonly name: string; readonly of: T }[],
  what: string,
  name: string,
): T {
  const found = list.find((each) => each.name === name);
  if (found !== undefined) return found.of;
  const known = list.map((each) => quoted(each.name, 60)).slice(0, 5).join(", ") || "none";
  throw new Refusal(`names the ${what} ${quoted(name, 60)}, and has ${known}`);
}

function serverOf({ server }: Cluster): string {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  const fits = url !== undefined && /^https?:$/.test(url.protocol) && url.username === "" &&
    url.password === "" && url.search === "" && url.hash === "";
  if (!fits) {
    throw new Refusal(`has the server ${quoted(server, 100)}: it must be an https:// URL`);
  }
  return url.href.replace(/\/+$/, "");
}

function tlsOf(cluster: Cluster, user: User, files: Files): TlsOptions {
  const authority = material(cluster, "certificate-authority", files);
  const caPem = authority === undefined ? undefined : certificatesOf(authority);
  if (authority !== undefined && caPem === undefined) {
    throw new Refusal("has a certificate-authority in which no certificate can be read");
  }
  const certificatePem = material(user, "client-certificate", files);
  const keyPem = material(user, "client-key", files);
  if ((certificatePem === undefined) !== (keyPem === undefined)) {
    const missing = keyPem === undefined ? "client-key" : "client-certificate";
    throw new Refusal(`has a user without \`${missing}\`, and with the other half`);
  }
  return {
    insecureSkipVerify: caPem === undefined && cluster["insecure-skip-tls-verify"] === true,
    ...(caPem !== undefined && { caPem }),
    ...(certificatePem !== undefined && keyPem !== undefined &&
      { clientCertificate: { certificatePem, keyPem } }),
  };
}

/** A PEM text: base64 in `KEY-data`, which wins as it does for kubectl, or the file that `KEY` names. */
function material(
  of: Readonly<Record<string, unknown>>,
  key: string,
  files: Files,
): string | undefined {
  const data = of[`${key}-data`] as string | null | undefined;
  if (data) {
    try {
      return new TextDecoder().decode(Uint8Array.fromBase64(data));
    } catch {
      throw new Refusal(`has a \`${key}-data\` that is not base64`);
    }
  }
  const file = of[key] as string | null | undefined;
  return file ? contents(key, file, files) : undefined;
}

function contents(key: string, file: string, files: Files): string {
  try {
    return files.read(file);
  } catch (error) {
    throw new Refusal(`names the file ${quoted(file)} as \`${key}\`: ${reasonOf(error)}`);
  }
}

/** A file wins over a token beside it, as it does for client-go, since it may be written anew. */
function tokenOf(
  { token, tokenFile }: User,
  files: Files,
): { readonly token?: string; readonly tokenFile?: string } {
  if (tokenFile) {
    const token = contents("tokenFile", tokenFile, files).trim();
    return { token, tokenFile: files.locate(tokenFile) };
  }
  return token ? { token } : {};
}
