// Good: a thread for each client.
import java.io.*;
import java.net.*;
import java.nio.charset.StandardCharsets;

public class ServerThreads {
    public static void main(String[] args) throws IOException {
        ServerSocket listener = new ServerSocket();
        listener.setReuseAddress(true);
        try {
            listener.bind(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])), 128);
        } catch (IOException error) {
            System.err.println("can't listen: " + error.getMessage());
            System.exit(1);
        }
        System.out.println("Listening");
        while (true) {
            Socket client = listener.accept();
            Thread thread = new Thread(() -> serve(client));
            thread.setDaemon(true);
            thread.start();
        }
    }

    static void serve(Socket client) {
        try (client) {
            client.setSoTimeout(5000);
            InputStream in = client.getInputStream();
            ByteArrayOutputStream request = new ByteArrayOutputStream();
            byte[] piece = new byte[4096];
            while (request.size() < 16384 && !request.toString(StandardCharsets.ISO_8859_1).contains("\r\n\r\n")) {
                int count = in.read(piece);
                if (count < 0) break;
                request.write(piece, 0, count);
            }
            OutputStream out = client.getOutputStream();
            out.write("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nHello World".getBytes(StandardCharsets.UTF_8));
            client.shutdownOutput();
            while (in.read(piece) >= 0) { }
        } catch (IOException error) {
            System.out.println("lost a client: " + error.getMessage());
        }
    }
}
