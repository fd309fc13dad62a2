// The contract's messages as JSON with the field names of the .proto files. 64-bit
// integers come as strings, bytes as base64, and fields without a value not at all.
import { readFileSync } from 'node:fs';
import { createFileRegistry, fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import { pathToString } from '@bufbuild/protobuf/reflect';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { createValidator } from '@bufbuild/protovalidate';
import { ConnectorError } from './errors.mjs';

export const read = (name) => readFileSync(new URL(name, import.meta.url));
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, read('../descriptors.binpb')));
const validator = createValidator({ registry });
const message = (type, json) => // undefined is no JSON
  fromJson(registry.getMessage(type), JSON.parse(JSON.stringify(json)), { registry });
export const encode = (type, json) => Buffer.from(toBinary(registry.getMessage(type), json.$typeName ? json : message(type, json)));

// decode reads a message, and refuses one that breaks the rules in its .proto file.
export function decode(type, bytes) {
  const schema = registry.getMessage(type);
  try {
    const value = fromBinary(schema, bytes);
    const { error } = validator.validate(schema, value);
    if (error) throw error;
    return toJson(schema, value, { registry, useProtoFieldName: true });
  } catch (cause) {
    const violations = cause.violations?.map(({ field, message }) => ({ field: pathToString(field), description: message }));
    throw new ConnectorError('InvalidRequest', `${type}: ${cause.message}`, { violations, cause });
  }
}

// parsed reads JSON that the contract has as bytes; what is none is null.
export function parsed(base64 = '') { try { return JSON.parse(Buffer.from(base64, 'base64')); } catch { return null; } }

// definition tells grpc-js of a service's unary methods. A request is read when it is asked for: call.request().
export function definition(service) {
  const unary = registry.getService(service).methods.filter(({ methodKind }) => methodKind === 'unary');
  return Object.fromEntries(unary.map(({ name, localName, input, output }) => [localName, {
    path: `/${service}/${name}`, requestStream: false, responseStream: false,
    requestDeserialize: (bytes) => () => decode(input.typeName, bytes),
    responseSerialize: (answer) => encode(output.typeName, answer),
  }]));
}

export const description = JSON.parse(read('description.json'));
// describe is the description with the .proto files of its services, imports
// first. These do not go through JSON, which would lose their options.
export function describe() {
  const needed = new Set();
  const add = (file) => { file.dependencies.forEach(add); needed.add(file.proto); };
  description.services.forEach(({ name }) => add(registry.getService(name).file));
  const answer = message('patchbay.connector.v1.DescribeResponse', { description: { ...description, descriptors: {} } });
  answer.description.descriptors.file.push(...needed);
  return answer;
}
