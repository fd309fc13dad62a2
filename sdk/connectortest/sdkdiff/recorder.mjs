// What the scripts share that record what a vendor's Node SDK sends. A connector's
// testdata/sdk/record.mjs says which operations, with which inputs:
//
//   import { record } from '../../../../sdk/connectortest/sdkdiff/recorder.mjs';
//   await record(import.meta.dirname, { drop: ['x-acme-telemetry'] }, ({ port, load }) => {
//     const acme = new (load('acme'))('sk_test_recorder', { host: '127.0.0.1', port, protocol: 'http' });
//     return { authorize: () => acme.payments.create({ amount: 1050 }) };
//   });
//
// and is run in a folder where the SDK is installed:
//
//   cd "$(mktemp -d)" && npm install acme@1.2.3 && node <path to record.mjs>
//
// One JSON file an operation is written beside the script. The requests go to a server
// on the loopback interface, never to the vendor.
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { createRequire } from 'node:module';

// The headers of HTTP clients, which say nothing of an API; request.go has the same.
const transport = [
  'accept', 'accept-encoding', 'accept-language', 'cache-control', 'connection', 'content-length', 'host', 'sec-fetch-mode',
  'traceparent', 'tracestate', 'transfer-encoding', 'user-agent',
];

// fields gives one value without its list, as in the recordings.
function fields(pairs) {
  const all = {};
  for (const [name, value] of pairs) (all[name] ??= []).push(value);
  return Object.fromEntries(Object.entries(all).map(([name, list]) => [name, list.length === 1 ? list[0] : list]));
}

function requestOf(req, body, drop) {
  const url = new URL(req.url, 'http://loopback');
  const left = Object.entries(req.headers).filter(([name]) => !transport.includes(name) && !drop.includes(name));
  const recorded = { method: req.method, path: url.pathname, headers: fields(left.sort()), query: fields(url.searchParams) };
  const kind = req.headers['content-type'] ?? '';
  if (body === '') return recorded;
  if (kind.startsWith('application/x-www-form-urlencoded')) recorded.form = fields(new URLSearchParams(body));
  else if (kind.includes('json')) recorded.json = JSON.parse(body);
  else recorded.body = body;
  return recorded;
}

// redirect sends what an SDK without an option for its host would send over TLS to the
// recorder. It must be called before the SDK is loaded.
function redirect(port) {
  const target = { protocol: 'http:', host: '127.0.0.1', hostname: '127.0.0.1', port, agent: undefined };
  https.request = (first, second, third) => {
    const address = typeof first === 'string' ? new URL(first) : first;
    const given = address instanceof URL ? { path: address.pathname + address.search, ...(typeof second === 'object' ? second : {}) } : address;
    const callback = [second, third].find((argument) => typeof argument === 'function');
    return http.request({ ...given, ...target, defaultPort: undefined }, callback);
  };
  https.get = (...args) => { const req = https.request(...args); req.end(); return req; };
}

/**
 * Records each operation that begin gives, into the folder out.
 *
 * options.drop: names of headers, in small letters, that are the SDK's own business.
 * options.redirect: whether the SDK has no option for its host.
 * options.answer: (request) => the JSON to answer; {"id": "recorded"} if absent.
 * begin gets the recorder's port and load, which requires a module that is installed in
 * the current folder. An operation may fail once it has sent its request: answers are no
 * vendor's.
 */
export async function record(out, options, begin) {
  let seen = [];
  const server = http.createServer((req, res) => {
    const chunks = [];
    req.on('data', (chunk) => chunks.push(chunk));
    req.on('end', () => {
      const request = requestOf(req, Buffer.concat(chunks).toString(), options.drop ?? []);
      seen.push(request);
      res.setHeader('Content-Type', 'application/json');
      res.end(JSON.stringify(options.answer?.(request) ?? { id: 'recorded' }));
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  if (options.redirect) redirect(port);
  const operations = await begin({ port, load: createRequire(path.join(process.cwd(), 'recorder.js')) });
  for (const [name, send] of Object.entries(operations)) {
    seen = [];
    let failure;
    try { await send(); } catch (error) { failure = error; }
    if (seen.length !== 1) throw new Error(`${name}: made ${seen.length} requests, not one`, { cause: failure });
    fs.writeFileSync(path.join(out, `${name}.json`), `${JSON.stringify(seen[0], null, 2)}\n`);
  }
  server.close();
  server.closeAllConnections();
}
