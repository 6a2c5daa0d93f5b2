/** Options of flows that deploy: targets, how a certificate is installed on each, and how each is watched. */
import { z } from "zod";
import { NAMESPACE, NAMESPACE_WANTED, SECRET_NAME } from "../kubernetes/names.ts";
import { baseUrl, httpUrl } from "../plan/url.ts";
import { durationAboveZero } from "../plan/units.ts";

/** A program and its arguments. No shell: a text is parted at its blanks, and nothing in it means anything else. */
const command = z.codec(
  z.union([
    z.string().regex(/\S/, "must name a program"),
    z.array(z.string()).min(1).refine(([program]) => program !== "", "must name a program"),
  ], { error: "must be a command: a text that is parted at its blanks, or a list of texts" }),
  z.array(z.string()),
  {
    decode: (given) => typeof given === "string" ? given.trim().split(/\s+/) : given,
    encode: (argv) => argv,
  },
);

const path = z.string().min(1, "must be a path");

const files = z.strictObject({
  cert: path.optional().describe("Gets the leaf certificate"),
  chain: path.optional().describe("Gets the certificates after the leaf"),
  fullchain: path.optional().describe("Gets leaf and chain: what nginx and Apache read"),
  key: path.optional().describe("Gets the private key; mode 0600"),
  pem: path.optional().describe("Gets leaf, chain and key: what HAProxy reads; mode 0600"),
  reload: command.optional().describe(
    "Then run, without a shell; wants --allow-commands. A text is parted at its blanks",
  ),
  reload_timeout: durationAboveZero().prefault("30s").describe("The command is ended after this"),
}).refine(({ key, pem }) => key !== undefined || pem !== undefined, {
  error: "needs `key` or `pem`: the new certificate has a new key",
}).refine(({ cert, fullchain, pem }) => (cert ?? fullchain ?? pem) !== undefined, {
  error: "needs one of `cert`, `fullchain` and `pem`",
}).refine(({ cert, chain, fullchain, key, pem }) => {
  const paths = [cert, chain, fullchain, key, pem].filter((given) => given !== undefined);
  return new Set(paths).size === paths.length;
}, { error: "has one file twice: what is written last would be all that is in it" });

const haproxy = z.strictObject({
  socket: z.string().min(1).describe(
    "Of the runtime API, level admin: a path, or host:port where it has a TCP listener",
  ),
  certificate: z.string().regex(/^[\x21-\x7e]+$/, "must be a name without blanks").describe(
    "Its name in HAProxy, which is the path of its file there",
  ),
  file: path.optional().describe(
    "The same file as seen from here, to bring the former certificate back; default: certificate",
  ),
});

const lab = z.strictObject({
  control: baseUrl().describe("The lab's control endpoint"),
  target: z.string().min(1).describe("nginx, nginx-2, apache, ..."),
});

const kubernetes = z.strictObject({
  kubeconfig: z.string().default("").describe("A file; empty: as the pod that this runs in"),
  namespace: z.string().regex(NAMESPACE, NAMESPACE_WANTED).optional().describe(
    "Of the Secret; the context's if left out",
  ),
  secret: z.string().regex(SECRET_NAME, "must be a Secret's name: small letters, digits, - and .")
    .describe("Its name; of type kubernetes.io/tls"),
});

const ways = ["files", "haproxy", "lab", "kubernetes"] as const;

const installation = z.strictObject({
  files: files.optional().describe("Files, and a command that makes the daemon read them"),
  haproxy: haproxy.optional().describe("HAProxy's runtime API: no file, no reload"),
  lab: lab.optional().describe("A target of `certload lab`"),
  kubernetes: kubernetes.optional().describe("A TLS Secret, by server-side apply"),
}).refine((given) => ways.filter((way) => given[way] !== undefined).length === 1, {
  error: `needs one of ${ways.map((way) => `\`${way}\``).join(", ")}`,
});

export type Installation = z.output<typeof installation>;
export type FilesOptions = z.output<typeof files>;
export type HaproxyOptions = z.output<typeof haproxy>;
export type LabOptions = z.output<typeof lab>;
export type KubernetesOptions = z.output<typeof kubernetes>;

const ADDRESS = /^(\[[0-9A-Fa-f:.]+\]|[^\s:[\]/]+):(\d{1,5})$/;

export const target = z.strictObject({
  name: z.string().min(1).optional().describe("In messages and reports; default: its address"),
  url: httpUrl("https").describe(
    "Where it serves: its host name is sent as SNI, its path asked for on kept connections",
  ),
  connect_to: z.string().regex(ADDRESS, "must be host:port").optional().describe(
    "host:port to connect to in place of the URL's",
  ),
  install: installation.optional().describe(
    "How certload installs a certificate; not with agent: external",
  ),
});

export type TargetOptions = z.output<typeof target>;

export interface HostPort {
  readonly hostname: string;
  readonly port: number;
}

/** The parts of `host:port`, of which the pattern above holds. */
export function hostPort(text: string): HostPort {
  const [, host = "", port = ""] = ADDRESS.exec(text) ?? [];
  return { hostname: host.replace(/^\[|\]$/g, ""), port: Number(port) };
}

/** Where an installation puts its certificate, each place once as messages name it. */
export function placesOf({ files, haproxy, lab, kubernetes }: Installation): readonly string[] {
  if (files !== undefined) {
    const { cert, chain, fullchain, key, pem } = files;
    return [cert, chain, fullchain, key, pem].filter((path) => path !== undefined);
  }
  if (haproxy !== undefined) return [`${haproxy.certificate} in ${haproxy.socket}`];
  if (lab !== undefined) return [`${lab.target} of ${lab.control}`];
  if (kubernetes === undefined) return [];
  const { kubeconfig, namespace, secret } = kubernetes;
  return [`Secret ${namespace ?? ""}/${secret} of ${kubeconfig || "the pod's cluster"}`];
}

/** Commands that installing runs on this host, each once. */
export function commandsOf(targets: readonly TargetOptions[]): readonly (readonly string[])[] {
  const commands = new Map<string, readonly string[]>();
  for (const { install } of targets) {
    const reload = install?.files?.reload;
    if (reload !== undefined) commands.set(JSON.stringify(reload), reload);
  }
  return [...commands.values()];
}
