// What services say of their HTTP APIs: it is valid OpenAPI, and the running program answers each path as it stands there.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv from "ajv/dist/2020.js";
import { startUp, stopAll } from "./support.mjs";

let services;

before(async () => {
  const { edge, cdn, simulator, monitor } = await startUp();
  services = Object.entries({ edge, cdn, simulator, monitor }).map(([name, address]) => ({ name, base: `http://${address}` }));
  for (const service of services) service.description = await (await fetch(`${service.base}/openapi.json`)).json();
});

after(stopAll);

/** What a reference leads to; what is none stays. */
const led = (description, value) =>
  value?.$ref ? value.$ref.slice(2).split("/").reduce((found, key) => found[key], description) : value;

test("each description is valid OpenAPI", async () => {
  for (const { name, description } of services) {
    const { valid, errors } = await new Validator().validate(structuredClone(description));
    assert.ok(valid, `${name}: ${JSON.stringify(errors)}`);
  }
});

/** What is wrong with an answer, by its schema in this description; nothing that is. */
function wrong(description, schema, value) {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema(description, "api");
  const place = JSON.stringify(schema).replaceAll('"$ref":"#', '"$ref":"api#');
  const check = ajv.compile(JSON.parse(place));
  return check(value) ? undefined : ajv.errorsText(check.errors);
}

test("each path answers as it is described, where there is nothing yet and where there is something", async () => {
  const json = { "content-type": "application/json" };
  const edge = services.find(({ name }) => name === "edge").base;
  const simulator = services.find(({ name }) => name === "simulator").base;
  const started = await fetch(`${simulator}/api/swarms`, { method: "POST", headers: json, body: JSON.stringify({ name: "crowd", devices: 2 }) });
  assert.equal(started.status, 201, await started.text());
  const known = { space: "main", name: "crowd", id: "1a2b", number: "1", kind: "groups", verb: "pause" };

  let answered = 0, compared = 0;
  const mistakes = [];
  for (const { name, base, description } of services) {
    for (const [path, around] of Object.entries(description.paths)) {
      for (const method of ["get", "post", "put", "patch", "delete"].filter(method => around[method])) {
        const operation = around[method];
        const where = `${name}: ${method.toUpperCase()} ${path}`;
        const place = path.replaceAll(/\{(\w+)\}/g, (_, key) => known[key] ?? assert.fail(`${where}: no example of ${key}`));
        const body = method === "get" ? undefined : "{}";
        const kind = Object.keys(led(description, operation.requestBody)?.content ?? json)[0];
        const stop = new AbortController();
        const response = await fetch(`${base}${place}`, { method: method.toUpperCase(), body, headers: body && { "content-type": kind }, signal: stop.signal });
        const said = led(description, operation.responses[response.status]);
        assert.ok(said || operation.responses["101"], `${where} answers ${response.status}, which its description does not have`);
        const type = response.headers.get("content-type")?.split(";")[0];
        if (said?.content) assert.ok(said.content[type], `${where} answers ${response.status} with ${type}`);
        const schema = said?.content?.["application/json"]?.schema;
        if (schema && type === "application/json") {
          const mistake = wrong(description, schema, await response.json());
          if (mistake) mistakes.push(`${where} answers ${response.status}: ${mistake}`);
          compared++;
        }
        answered++;
        // A stream of events does not end by itself.
        stop.abort();
      }
    }
  }
  assert.deepEqual(mistakes, []);
  assert.ok(answered > 30 && compared > 30, `${answered} requests, ${compared} compared`);

  // A path that is there knows others that are not, and says so.
  for (const { name, base } of services) assert.equal((await fetch(`${base}/api/nothing`)).status, 404, name);
  const devices = await (await fetch(`${edge}/api/spaces/main/devices`)).json();
  assert.equal(devices.complete, true);
});

test("an edge answers a command in each form, and each mistake with its word", async () => {
  const { base, description } = services.find(({ name }) => name === "edge");
  const place = `${base}/api/spaces/main/commands`;
  const { examples } = description.paths["/api/spaces/{space}/commands"].post.requestBody.content["application/json"];
  const send = (body, headers = { "content-type": "application/json" }) => fetch(place, { method: "POST", headers, body });
  for (const [name, { value }] of Object.entries(examples)) {
    const response = await send(JSON.stringify(value));
    assert.equal(response.status, 200, name);
    const { sent, failed, results } = await response.json();
    assert.equal(sent + failed, Object.keys(results).length, name);
  }
  const lines = await send(JSON.stringify(examples.some.value), { "content-type": "application/json", accept: "application/x-ndjson" });
  assert.equal(lines.headers.get("content-type"), "application/x-ndjson");
  assert.deepEqual(JSON.parse((await lines.text()).trim().split("\n").at(-1)), { sent: 0, failed: 2 });
  for (const [body, headers, status, word] of [
    ["{", undefined, 400, "invalid_body"],
    ["{}", { "content-type": "text/plain" }, 415, "invalid_body"],
    ["{}", undefined, 422, "invalid_body"],
    [" ".repeat(2 ** 20 + 1), undefined, 413, "invalid_body"],
    ['{"target": "nobody", "command": "status"}', undefined, 422, "invalid_target"],
    ['{"target": "all", "command": "dance"}', undefined, 422, "unknown_command"],
    ['{"target": "all", "command": "led"}', undefined, 422, "missing_parameters"],
    ['{"target": "all", "command": "led", "parameters": ["mauve"]}', undefined, 422, "invalid_parameter"],
  ]) {
    const response = await send(body, headers);
    assert.deepEqual([response.status, (await response.json()).error], [status, word], body.slice(0, 60));
    assert.ok(description.paths["/api/spaces/{space}/commands"].post.responses[status]);
  }
  assert.equal((await fetch(`${base}/api/spaces/A/devices`)).status, 404);
});
