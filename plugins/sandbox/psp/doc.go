// Package psp is a simulated payment processor: a stateful HTTP/JSON server that
// keeps everything in memory and moves no money. Its API has the shape of a
// modern processor's, with a Bearer key, idempotency keys, redirect challenges,
// partial captures, mandates, disputes, payouts and signed webhooks, and it fails
// on request.
//
// One [Server] is one merchant: every API key sees the same payments.
package psp
