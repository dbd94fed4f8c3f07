// node --experimental-strip-types --test (Node 22.6 and newer; from 23.6 on without the flag)
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";

import { NotVerified, consume, verify } from "./trunnion-inbox.ts";

// From the tests of the standard's own libraries.
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const body = new TextEncoder().encode('{"test": 2432232314}');
const now = 1614265330;
const headers = {
    "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": String(now),
    "webhook-signature": "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};

test("the published vector passes with any of the secrets", async () => {
    const other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    assert.equal(await verify(body, headers, [other, secret], { now }), headers["Webhook-Id"]);
});

test("what is wrong is refused", async () => {
    const refused = (body: Uint8Array, given: Record<string, string | string[]>, key: string, at: number) =>
        assert.rejects(verify(body, given, key, { now: at }), NotVerified);
    await refused(new Uint8Array([...body, 32]), headers, secret, now);
    await refused(body, { ...headers, "webhook-signature": "v1,AAAA" }, secret, now);
    await refused(body, { ...headers, "webhook-signature": "v1,*" }, secret, now);
    await refused(body, { ...headers, "webhook-timestamp": "soon" }, secret, now);
    await refused(body, { ...headers, "Webhook-Id": ["a", "b"] }, secret, now);
    await refused(body, headers, "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", now);
    await refused(body, headers, secret, now + 301);
    await refused(body, headers, secret, now - 301);
});

test("each message is acknowledged, and what fails holds up its key", async () => {
    const messages = [["1", "a"], ["2", "a"], ["3", "b"]].map(([id, key]) => ({ receipt: id, id, type: "t", key, attempt: 1, body: "{}" }));
    const acks: unknown[] = [];
    const stop = new AbortController();
    const server = createServer(async (request, response) => {
        let text = "";
        for await (const chunk of request) text += chunk;
        if (request.method === "POST") acks.push(JSON.parse(text));
        else stop.abort();
        response.end(JSON.stringify({ messages, late: [] }));
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as { port: number };
    const handled: string[] = [];
    await consume(`http://127.0.0.1:${port}`, (message) => {
        handled.push(message.id);
        if (message.id === "1") throw new Error("not now");
    }, { signal: stop.signal });
    server.close();
    assert.deepEqual(handled, ["1", "3"]);
    assert.deepEqual(acks, [{ receipts: ["1"], failed: "Error: not now" }, { receipts: ["3"] }]);
});
