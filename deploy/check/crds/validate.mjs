// Reads documents (a JSON array) from stdin and prints what is wrong with each, as a JSON array of sentences.
// node validate.mjs FOLDER: where the packages of package.json are installed.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const PACKAGES = {
  "external-secrets.io": "external-secrets",
  "gateway.networking.k8s.io": "gateway-api",
  "keda.sh": "keda",
  "monitoring.coreos.com": "prometheus-operator",
  "postgresql.cnpg.io": "cloudnative-pg",
};
const folder = resolve(process.argv[2]);

// The schemas let unknown fields pass. What the validator never looks at is such a field.
function watched(value, path, seen) {
  if (value === null || typeof value !== "object") return value;
  seen.set(path, { keys: Object.keys(value), looked: new Set(), all: Array.isArray(value) });
  return new Proxy(value, {
    get(target, key) {
      if (typeof key === "symbol" || !Object.hasOwn(target, key)) return target[key];
      seen.get(path).looked.add(key);
      return watched(target[key], `${path}.${key}`, seen);
    },
    ownKeys(target) {
      seen.get(path).all = true;
      return Reflect.ownKeys(target);
    },
  });
}

async function wrongIn(document) {
  const { apiVersion, kind, metadata } = document;
  const what = `${kind} ${metadata.name}`;
  const group = apiVersion.split("/")[0];
  const file = join(folder, "node_modules/@kubernetes-models", PACKAGES[group] ?? "none", apiVersion, `${kind}.js`);
  if (!existsSync(file)) return [`?${kind} (${group})`];
  const model = (await import(pathToFileURL(file)))[kind];
  const seen = new Map();
  try {
    new model(document).validate();
    const validate = await validatorOf(file);
    validate(watched(document, kind, seen));
  } catch (error) {
    return [`${what}: ${error.message}`];
  }
  return [...seen].flatMap(([path, { keys, looked, all }]) =>
    all ? [] : keys.filter((key) => !looked.has(key)).map((key) => `${what}: nobody knows ${path}.${key}`),
  );
}

async function validatorOf(file) {
  const imported = readFileSync(file, "utf8").match(/import\{validate\}from"([^"]+)"/)[1];
  return (await import(pathToFileURL(resolve(file, "..", imported)))).validate;
}

const documents = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify((await Promise.all(documents.map(wrongIn))).flat()));
