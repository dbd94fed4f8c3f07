// What a receiver of Standard Webhooks needs: proof of the sender, and messages fetched from `trunnion inbox`.
// One file, no dependency: Web Crypto and fetch, as in Node 20 and newer, Deno, Bun and workers.

export class NotVerified extends Error {}

export type Message = { receipt: string; id: string; type: string; key: string; attempt: number; body: string };

type Headers = Record<string, string | string[] | undefined>;

function bytes(base64: string): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** Checks the raw body (not parsed and written again) against the headers; gives the event's id. */
export async function verify(
    body: Uint8Array,
    headers: Headers,
    secrets: string | string[],
    { tolerance = 300, now = Date.now() / 1000 }: { tolerance?: number; now?: number } = {},
): Promise<string> {
    const found = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    const one = (name: string): string => {
        const value = found[name];
        if (typeof value !== "string" || value === "") throw new NotVerified("a header is missing or there twice");
        return value;
    };
    const [id, stamp, signature] = [one("webhook-id"), one("webhook-timestamp"), one("webhook-signature")];
    if (!/^\d{1,15}$/.test(stamp) || Math.abs(now - Number(stamp)) > tolerance) {
        throw new NotVerified("the time is outside the window");
    }
    const start = new TextEncoder().encode(`${id}.${stamp}.`);
    const signed = new Uint8Array(start.length + body.length);
    signed.set(start);
    signed.set(body, start.length);
    for (const secret of [secrets].flat()) {
        const raw = bytes(secret.replace(/^whsec_/, ""));
        if (raw.length === 0) throw new Error("the secret is empty");
        const key = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
        for (const part of signature.split(" ")) {
            if (!/^v1,[A-Za-z0-9+/]+=*$/.test(part)) continue;
            // The platform compares in constant time.
            if (await crypto.subtle.verify("HMAC", key, bytes(part.slice(3)), signed)) return id;
        }
    }
    throw new NotVerified("no signature matches");
}

/** Fetches messages from the side-car and acknowledges each after `handle` is done; one that throws comes again later. A side-car that is
 * away is waited for. */
export async function consume(
    inside: string,
    handle: (message: Message, event: unknown) => Promise<void> | void,
    { atOnce = 10, wait = 30, signal }: { atOnce?: number; wait?: number; signal?: AbortSignal } = {},
): Promise<void> {
    const call = async (path: string, body?: unknown): Promise<any> => {
        const init = body === undefined
            ? {}
            : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
        const answer = await fetch(`${inside}${path}`, { ...init, signal: AbortSignal.timeout((wait + 30) * 1000) });
        if (!answer.ok) throw new Error(`the inbox answered ${answer.status}`);
        return await answer.json();
    };
    while (!signal?.aborted) {
        try {
            const { messages } = await call(`/pull?max=${atOnce}&wait=${wait}`);
            await handleAll(messages, handle, (body) => call("/ack", body));
        } catch {
            // The side-car is away; what could not be acknowledged comes again.
            await new Promise((later) => setTimeout(later, 1000));
        }
    }
}

async function handleAll(
    messages: Message[],
    handle: (message: Message, event: unknown) => Promise<void> | void,
    acknowledge: (body: { receipts: string[]; failed?: string }) => Promise<unknown>,
): Promise<void> {
    const blocked = new Set<string>();
    for (const message of messages) {
        if (blocked.has(message.key)) continue;
        const receipts = [message.receipt];
        let failed: string | undefined;
        try {
            await handle(message, JSON.parse(message.body));
        } catch (error) {
            // Those behind it of the same key wait for it.
            blocked.add(message.key);
            failed = String(error);
        }
        await acknowledge(failed === undefined ? { receipts } : { receipts, failed });
    }
}
