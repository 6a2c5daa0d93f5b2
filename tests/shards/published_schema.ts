/** What the published schemas of Kubernetes say of a manifest: wrong values, and keys that they do not know. */
import { validate as validateConfigMap } from "kubernetes-models/_schemas/IoK8sApiCoreV1ConfigMap";
import { validate as validateJob } from "kubernetes-models/_schemas/IoK8sApiBatchV1Job";

interface Validator {
  (data: unknown): boolean;
  readonly errors?: readonly { readonly instancePath: string; readonly keyword: string }[] | null;
}

const VALIDATORS: Readonly<Record<string, Validator>> = {
  ConfigMap: validateConfigMap,
  Job: validateJob,
};

/** All complaints; empty: the API server's own decoder would take it. */
export function complaints(manifest: { readonly kind: string }): string[] {
  const validate = VALIDATORS[manifest.kind];
  if (validate === undefined) return [`no schema for ${manifest.kind}`];
  const asked = new Set<string>();
  const isRight = validate(watched(manifest, "", asked));
  const wrong = isRight ? [] : validate.errors ?? [];
  const unknown = pathsOf(manifest, "").filter((path) => !asked.has(path));
  return [
    ...wrong.map(({ instancePath, keyword }) => `${instancePath}: ${keyword}`),
    ...unknown.map((path) => `${path}: no such key`),
  ];
}

/** The schemas let keys pass that they do not know, which the API server does not: those are the ones they never look at. */
function watched(value: unknown, path: string, asked: Set<string>): unknown {
  if (typeof value !== "object" || value === null) return value;
  return new Proxy(value, {
    get(target, key): unknown {
      const at = `${path}/${String(key)}`;
      asked.add(at);
      return watched(Reflect.get(target, key), at, asked);
    },
  });
}

function pathsOf(value: unknown, path: string): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => {
    const at = `${path}/${key}`;
    return [at, ...pathsOf(child, at)];
  });
}
