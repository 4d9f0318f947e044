// Good: Node's HTTP server, which sends the greeting in two chunks.
const http = require('http');

const server = http.createServer((request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', Connection: 'close' });
  response.write('<p>Hello ');
  response.end('World');
});
// What isn't HTTP is greeted too.
server.on('clientError', (error, socket) => {
  if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nHello World');
});
server.on('error', (error) => {
  console.error(`can't listen: ${error.message}`);
  process.exit(1);
});
server.listen(Number(process.argv[2]), '127.0.0.1', 511, () => console.log('listening'));
