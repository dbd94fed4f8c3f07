<?php
// A receiver of Trunnion's webhooks in PHP, with nothing but PHP.
// Run it with WEBHOOK_SECRET=whsec_… php -S 127.0.0.1:9000 receive.php

function verified(string $body): bool
{
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    $timestamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if (!ctype_digit($timestamp) || abs(time() - (int) $timestamp) > 300) {
        return false; // old, or from the future: somebody plays a recording
    }
    $key = base64_decode(preg_replace('/^whsec_/', '', getenv('WEBHOOK_SECRET')), true);
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
    // Several signatures while a secret is replaced: one must fit.
    foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $signature) {
        if (hash_equals($expected, $signature)) {
            return true;
        }
    }
    return false;
}

// The bytes as they came: verify first, parse afterwards.
$body = file_get_contents('php://input');
if (!verified($body)) {
    http_response_code(401);
    return;
}
$event = json_decode($body, true);
// An event may come more than once, always with the same id. In your program: a table with the id as its key, written
// together with what you do. Here: a file that can be made only once.
$folder = getenv('HANDLED') ?: sys_get_temp_dir();
if ($file = @fopen("$folder/" . preg_replace('/\W/', '', $event['id']), 'x')) {
    fclose($file);
    file_put_contents('php://stdout', "handled {$event['type']} {$event['id']}\n");
}
http_response_code(204);
