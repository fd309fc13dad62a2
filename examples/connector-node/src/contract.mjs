// The contract's messages as JSON with the field names of the .proto files. 64-bit
// integers come as strings, bytes as base64, and fields without a value not at all.
import { readFileSync } from 'node:fs';
import { createFileRegistry, fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

export const read = (name) => readFileSync(new URL(name, import.meta.url));
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, read('../descriptors.binpb')));

const message = (type, json) => // undefined is no JSON
  fromJson(registry.getMessage(type), JSON.parse(JSON.stringify(json)), { registry });
const binary = (type, value) => Buffer.from(toBinary(registry.getMessage(type), value));

export const encode = (type, json) => binary(type, message(type, json));
export const decode = (type, bytes) =>
  toJson(registry.getMessage(type), fromBinary(registry.getMessage(type), bytes), { registry, useProtoFieldName: true });

// definition is what grpc-js needs to know of some unary methods of a service.
export const definition = (service, methods) => Object.fromEntries(methods.map((name) => {
  const { input, output } = registry.getService(service).methods.find((method) => method.name === name);
  return [name, {
    path: `/${service}/${name}`, requestStream: false, responseStream: false,
    requestDeserialize: (bytes) => decode(input.typeName, bytes),
    responseSerialize: (answer) => (Buffer.isBuffer(answer) ? answer : encode(output.typeName, answer)),
  }];
}));

// describe encodes description.json with the .proto files of its services, imports
// first. These do not go through JSON, which would lose their options.
export function describe() {
  const description = JSON.parse(read('description.json'));
  const needed = new Set();
  const add = (file) => { file.dependencies.forEach(add); needed.add(file.proto); };
  description.services.forEach(({ name }) => add(registry.getService(name).file));
  const answer = message('patchbay.connector.v1.DescribeResponse', { description: { ...description, descriptors: {} } });
  answer.description.descriptors.file.push(...needed);
  return binary(answer.$typeName, answer);
}
