/**
 * Tells Trunnion that a record changed. Install as a User Event script on the record types that are synced
 * (vendor, purchase order, inventory item): Customization > Scripting > Scripts > New.
 *
 * Parameters of the script (Scripts > the script > Parameters):
 *   custscript_trunnion_url     Free-form text: the address that POST /connections/{id}/inbound-hook answered
 *   custscript_trunnion_secret  API secret id (Setup > Company > API Secrets) whose value is the secret without "whsec_"
 *
 * The message is a hint: record type and id, signed by Standard Webhooks 1.0. It holds no data. If it cannot be sent, saving
 * goes on, and the next sync finds the change.
 *
 * @NApiVersion 2.1
 * @NScriptType UserEventScript
 */
define(['N/crypto', 'N/crypto/random', 'N/encode', 'N/https', 'N/log', 'N/runtime'],
    (crypto, random, encode, https, log, runtime) => {
        const afterSubmit = (context) => {
            try {
                const script = runtime.getCurrentScript();
                const record = context.newRecord || context.oldRecord;
                const body = JSON.stringify({
                    recordType: String(record.type),
                    id: String(record.id),
                    eventType: String(context.type),
                });
                const id = 'ns_' + random.generateUUID().replace(/-/g, '');
                const timestamp = String(Math.floor(Date.now() / 1000));
                const key = crypto.createSecretKey({
                    secret: script.getParameter({ name: 'custscript_trunnion_secret' }),
                    encoding: encode.Encoding.BASE_64,
                });
                const hmac = crypto.createHmac({ algorithm: crypto.HashAlg.SHA256, key });
                hmac.update({ input: `${id}.${timestamp}.${body}`, inputEncoding: encode.Encoding.UTF_8 });
                const signature = 'v1,' + hmac.digest({ outputEncoding: encode.Encoding.BASE_64 });
                https.post({
                    url: script.getParameter({ name: 'custscript_trunnion_url' }),
                    headers: {
                        'content-type': 'application/json',
                        'webhook-id': id,
                        'webhook-timestamp': timestamp,
                        'webhook-signature': signature,
                    },
                    body,
                });
            } catch (error) {
                log.error({ title: 'Trunnion was not told', details: error });
            }
        };
        return { afterSubmit };
    });
