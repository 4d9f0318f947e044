// Good: a thread for the guest, and one for the keyboard.
import java.io.*;
import java.net.*;
import java.nio.charset.StandardCharsets;

public class ChatHost {
    static Socket guest;

    public static void main(String[] args) throws Exception {
        ServerSocket listener = new ServerSocket();
        listener.setReuseAddress(true);
        try {
            listener.bind(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])), 5);
        } catch (IOException error) {
            System.err.println("can't listen: " + error.getMessage());
            System.exit(1);
        }
        guest = listener.accept();
        System.out.println("a guest has come");
        Thread keyboard = new Thread(ChatHost::keyboard);
        keyboard.setDaemon(true);
        keyboard.start();
        try {
            listen();
            System.out.println("the guest has left");
        } catch (IOException error) {
            System.out.println("lost the guest: " + error.getMessage());
        }
        System.exit(0);
    }

    static void keyboard() {
        try {
            BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            String line;
            while ((line = lines.readLine()) != null && !line.equals("byebye")) {
                if (!line.isEmpty()) send(line + "\n");
            }
            if (line != null) send(line);
            guest.shutdownOutput();
        } catch (IOException error) {
            // The other thread says what is wrong.
        }
    }

    static void send(String text) throws IOException {
        guest.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    }

    static void listen() throws IOException {
        InputStream in = guest.getInputStream();
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        boolean lines = false;
        while (true) {
            guest.setSoTimeout(message.size() > 0 && !lines ? 200 : 0);
            int next;
            try {
                next = in.read();
            } catch (SocketTimeoutException quiet) {
                next = '\n';
                if (show(message)) return;
                continue;
            }
            if (next < 0) {
                show(message);
                return;
            }
            if (next == '\n') {
                lines = true;
                if (show(message)) return;
            } else {
                message.write(next);
            }
        }
    }

    /** Returns whether that was the last word. */
    static boolean show(ByteArrayOutputStream message) {
        String text = message.toString(StandardCharsets.UTF_8);
        message.reset();
        StringBuilder shown = new StringBuilder();
        text.chars().forEach(c -> shown.append(Character.isISOControl(c) ? "?" : String.valueOf((char) c)));
        if (!text.isEmpty()) System.out.println("guest: " + shown);
        return text.equals("byebye");
    }
}
