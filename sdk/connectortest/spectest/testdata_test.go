package spectest_test

// acme describes an invented PSP that takes JSON and forms.
const acme = `
openapi: 3.0.3
info: {title: Acme, version: "1"}
servers: [{url: "https://api.acme.example/v1"}]
security: [{key: []}, {basic: []}]
paths:
  /payments:
    post:
      operationId: createPayment
      parameters:
        - {name: Acme-Key, in: header, required: true, schema: {type: string, maxLength: 8}}
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: "#/components/schemas/Payment"}}
      responses:
        "201": {description: made, content: {application/json: {schema: {$ref: "#/components/schemas/Made"}}}}
        default: {description: refused, content: {application/json: {schema: {$ref: "#/components/schemas/Refusal"}}}}
    get:
      parameters:
        - {name: limit, in: query, schema: {type: integer, maximum: 100}}
        - {name: expand, in: query, style: deepObject, schema: {type: array, items: {type: string}}}
      responses:
        "200": {description: all, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Made"}}}}}
  /payments/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string, pattern: "^pay_"}}
    get:
      responses:
        "200": {description: one, content: {application/json: {schema: {$ref: "#/components/schemas/Made"}}}}
    delete:
      responses:
        "204": {description: gone}
  /refunds:
    post:
      requestBody:
        content:
          application/x-www-form-urlencoded: {schema: {$ref: "#/components/schemas/Refund"}}
      responses:
        "200": {description: made, content: {application/json: {schema: {$ref: "#/components/schemas/Made"}}}}
  /files:
    post:
      requestBody:
        required: true
        content:
          multipart/form-data:
            schema:
              type: object
              required: [purpose, file]
              properties: {purpose: {type: string, enum: [evidence]}, file: {type: string, format: binary}}
      responses:
        "200": {description: made, content: {application/json: {schema: {$ref: "#/components/schemas/Made"}}}}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key}
    basic: {type: http, scheme: basic}
  schemas:
    Payment:
      type: object
      required: [amount, method]
      properties:
        amount: {type: object, required: [value], properties: {value: {type: integer}, currency: {type: string, enum: [EUR, USD]}}}
        method: {oneOf: [{$ref: "#/components/schemas/Card"}, {$ref: "#/components/schemas/Bank"}]}
        shopper: {allOf: [{$ref: "#/components/schemas/Name"}, {type: object, properties: {email: {type: string}}}]}
        metadata: {type: object, additionalProperties: {type: string}}
    Card: {type: object, required: [type, number], properties: {type: {type: string, enum: [card]}, number: {type: string}}}
    Bank: {type: object, required: [type], properties: {type: {type: string, enum: [bank]}, issuer: {type: string}}}
    Name: {type: object, required: [name], properties: {name: {type: string}}}
    Made: {type: object, required: [id], properties: {id: {type: string}, status: {type: string, enum: [done, open]}}}
    Refusal: {type: object, required: [error], properties: {error: {type: string}}}
    Refund:
      type: object
      required: [payment]
      properties:
        payment: {type: string}
        amount: {type: integer}
        full: {type: boolean}
        items: {type: array, items: {type: object, properties: {sku: {type: string}, count: {type: integer}}}}
        expand: {type: array, items: {type: string}}
        reason: {anyOf: [{type: object, properties: {code: {type: integer}}}, {type: string, enum: [""]}]}
        metadata: {type: object, additionalProperties: {type: string}}
`
