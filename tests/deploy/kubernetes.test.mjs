// The Kubernetes example, against the schemas of Kubernetes and against the program that it starts.

import Ajv from "ajv/dist/2020.js";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";

const folder = new URL("../../deploy/kubernetes/", import.meta.url);
const schemas = new URL("../../.tools/kubernetes/", import.meta.url);

/** All objects of all files, each with its file. */
const objects = readdirSync(folder).filter(file => file.endsWith(".yaml")).flatMap(file =>
  parseAllDocuments(readFileSync(new URL(file, folder), "utf8"), { uniqueKeys: true }).map(document => {
    assert.deepEqual(document.errors, [], file);
    return { file, object: document.toJS() };
  }));

const read = name => JSON.parse(readFileSync(new URL(name, schemas), "utf8"));
const ajv = new Ajv({ strict: false, allErrors: true, formats: { int32: true, int64: true, double: true, "date-time": true, byte: true, "int-or-string": true } });
ajv.addSchema({ ...read("_definitions.json"), $id: "/api/_definitions.json" });

/** What is wrong with an object, in the words of its schema. */
function mistakes({ kind, apiVersion, ...rest }) {
  const name = `${kind}-${apiVersion.replace("/", "-")}.json`.toLowerCase();
  const $id = `/api/${name}`;
  const validate = ajv.getSchema($id) ?? ajv.compile({ ...read(name), $id });
  return validate({ kind, apiVersion, ...rest }) ? [] : validate.errors.map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`);
}

test("every object is one of Kubernetes", () => {
  assert.ok(objects.length >= 12);
  for (const { file, object } of objects) assert.deepEqual(mistakes(object), [], `${file}: ${object.kind} ${object.metadata.name}`);
});

test("a key that does not exist is found", () => {
  const { object } = objects.find(({ object }) => object.kind === "Deployment");
  assert.notDeepEqual(mistakes({ ...object, spec: { ...object.spec, replica: 3 } }), []);
});

const workloads = objects.map(({ object }) => object).filter(({ kind }) => ["Deployment", "StatefulSet"].includes(kind));
const variable = (container, name) => container.env.find(one => one.name === name)?.value;

test("every pod is probed, may change nothing, and has time to go", () => {
  assert.equal(workloads.length, 6);
  for (const { metadata: { name }, spec: { selector, template } } of workloads) {
    assert.deepEqual(selector.matchLabels, template.metadata.labels, name);
    assert.equal(template.spec.securityContext.runAsNonRoot, true, name);
    for (const container of template.spec.containers) {
      assert.equal(container.securityContext.readOnlyRootFilesystem, true, name);
      assert.deepEqual(container.securityContext.capabilities, { drop: ["ALL"] }, name);
      for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) {
        const { port } = container[probe].httpGet;
        assert.ok(container.ports.some(one => one.name === port), `${name}: ${probe} asks ${port}`);
      }
      assert.ok(container.resources.limits.memory, name);
      if (name === "nats") continue;
      const role = name.toUpperCase();
      const [lameDuck, drain] = ["LAME_DUCK_MS", "DRAIN_TIMEOUT_MS"].map(key => Number(variable(container, `GROUPLOOP_${role}__${key}`)));
      // Not ready is noticed within two probes.
      assert.ok(lameDuck >= 2 * 1000 * container.readinessProbe.periodSeconds, name);
      assert.ok(template.spec.terminationGracePeriodSeconds * 1000 >= lameDuck + 2 * drain, name);
    }
  }
});

test("the monitor asks every NATS server, and is found where the pages say", () => {
  const [monitor, nats] = ["monitor", "nats"].map(name => workloads.find(({ metadata }) => metadata.name === name));
  const servers = Array.from({ length: nats.spec.replicas }, (_, number) => `http://nats-${number}.nats:8222`);
  assert.equal(variable(monitor.spec.template.spec.containers[0], "GROUPLOOP_MONITOR__NATS_URLS"), servers.join(","));
  const [ui] = workloads.find(({ metadata }) => metadata.name === "ui").spec.template.spec.containers;
  const { port } = objects.find(({ object }) => object.kind === "Service" && object.metadata.name === "monitor").object.spec.ports[0];
  assert.equal(new URL(variable(ui, "GROUPLOOP_UI__MONITOR_URL")).port, String(port));
});

test("the pages may do what they are for", () => {
  const containerOf = name => workloads.find(({ metadata }) => metadata.name === name).spec.template.spec.containers[0];
  const origin = url => new URL(url).origin;
  const hub = origin(variable(containerOf("simulator"), "GROUPLOOP_UI__APPS_BASE_URL"));
  const control = hub.replace(/\d+$/, containerOf("ui").ports.find(({ name }) => name === "control").containerPort);
  for (const role of ["cdn", "simulator"]) {
    const allowed = variable(containerOf(role), `GROUPLOOP_${role.toUpperCase()}__ALLOW_ORIGINS`).split(",");
    assert.deepEqual(allowed, [hub, control], role);
  }
  // What one page links to, the others do.
  const ui = new Map(containerOf("ui").env.map(({ name, value }) => [name, value]));
  for (const role of ["simulator", "monitor"]) {
    for (const { name, value } of containerOf(role).env) if (/^(GROUPLOOP_UI__\w+_URL|CDN_BASE_URL)$/.test(name) && ui.has(name)) assert.equal(value, ui.get(name), `${role}: ${name}`);
    assert.equal(origin(variable(containerOf(role), "GROUPLOOP_UI__DOCS_URL")), hub.replace(/\d+$/, "5006"), role);
  }
});

test("services, budgets and the autoscaler mean pods that exist", () => {
  const names = workloads.map(({ metadata }) => metadata.name).sort();
  assert.deepEqual(names, ["cdn", "edge", "monitor", "nats", "simulator", "ui"]);
  for (const { object: { kind, metadata, spec } } of objects) {
    if (kind === "Service") {
      assert.ok(names.includes(spec.selector.app), metadata.name);
      const { ports } = workloads.find(one => one.metadata.name === spec.selector.app).spec.template.spec.containers[0];
      for (const { targetPort, port } of spec.ports) {
        assert.ok(ports.some(one => targetPort === undefined ? one.containerPort === port : one.name === targetPort), `${metadata.name}: ${port}`);
      }
    }
    if (kind === "PodDisruptionBudget") assert.ok(names.includes(spec.selector.matchLabels.app), metadata.name);
    if (kind === "HorizontalPodAutoscaler") {
      const { metric } = spec.metrics[0].pods;
      const documented = readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8");
      assert.equal(metric.name, "grouploop_edge_connections");
      assert.match(documented, /^\| `grouploop_edge_connections` \|/m);
      assert.equal(spec.scaleTargetRef.name, "edge");
      assert.equal(workloads.find(one => one.metadata.name === "edge").spec.replicas, undefined, "how many is the autoscaler's");
    }
  }
});
