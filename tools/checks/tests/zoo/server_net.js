// Good: Node's sockets.
const net = require('net');

const server = net.createServer({ allowHalfOpen: true }, (client) => {
  let request = '';
  let answered = false;
  const answer = () => {
    if (answered) return;
    answered = true;
    client.end('HTTP/1.1 200 OK\r\n\r\nHello World');
  };
  client.setTimeout(8000, () => client.destroy());
  client.on('data', (piece) => {
    if (answered) return;
    request += piece.toString('latin1');
    if (request.includes('\r\n\r\n') || request.length > 16384) answer();
  });
  client.on('end', answer);
  client.on('error', (error) => console.log('lost a client:', error.message));
});
server.on('error', (error) => {
  console.error(error.code === 'EADDRINUSE' ? 'the port is taken' : error.message);
  process.exit(1);
});
server.listen(Number(process.argv[2]), '127.0.0.1');
