# Good: asyncio.
import asyncio, sys

async def serve(reader, writer):
    try:
        try:
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nHello World\n")
        await writer.drain()
        writer.write_eof()
        await asyncio.wait_for(rest(reader), 1)
    except (OSError, asyncio.TimeoutError) as error:
        print("lost a client:", repr(error))
    finally:
        writer.close()

async def rest(reader):
    while await reader.read(65536):
        pass

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), backlog=128)
    print("serving on", sys.argv[1])
    await server.serve_forever()

try:
    asyncio.run(main())
except OSError as error:
    sys.exit(f"can't listen: {error}")
