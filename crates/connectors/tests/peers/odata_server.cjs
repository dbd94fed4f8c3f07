// An OData server that others wrote (npm: @sap-ux/fe-mockserver-core, versions 2 and 4), with somebody's metadata and rows.
//
//     node odata_server.cjs NODE_MODULES '[{"urlPath": "/…", "metadataPath": "….xml", "mockdataPath": "…"}]'
//
// Prints its port, and answers until it is killed.

'use strict';

const http = require('node:http');
const path = require('node:path');

const [modules, services] = process.argv.slice(2);
const { default: Mockserver } = require(path.join(modules, '@sap-ux/fe-mockserver-core'));

const server = new Mockserver({
  services: JSON.parse(services).map((service) => ({ ...service, noETag: true, watch: false })),
  annotations: [],
  plugins: [],
});

server.isReady.then(() => {
  const router = server.getRouter();
  const missing = (response) => {
    response.statusCode = 404;
    response.end('There is no such service here.');
  };
  const listening = http.createServer((request, response) => router(request, response, () => missing(response)));
  listening.listen(0, '127.0.0.1', () => console.log(listening.address().port));
});
