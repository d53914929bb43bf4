/** A bare node:http server that reads a JSON body and sends its bytes back, cut or repeated to a fixed size. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const size = Number(process.argv[2]);

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.alloc(size, Buffer.concat(chunks));
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': size });
    response.end(body);
  });
});

server.listen(0, '127.0.0.1', () => {
  process.stderr.write(`listening url=http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
