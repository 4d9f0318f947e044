// Faulty: reads lines, so it shows nothing of a peer that sends none, as the tutorial's. It prints
// what comes as it is.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

public class ChatLines {
    public static void main(String[] words) throws IOException {
        Socket peer;
        InetAddress here = InetAddress.getByName("127.0.0.1");
        int port = Integer.parseInt(words[1]);
        try {
            peer = words[0].equals("host") ? new ServerSocket(port, 5, here).accept() : new Socket(here, port);
        } catch (IOException error) {
            System.out.println("错误: " + error.getMessage());
            System.exit(1);
            return;
        }
        PrintWriter out = new PrintWriter(peer.getOutputStream(), true, StandardCharsets.UTF_8);
        new Thread(() -> show(peer)).start();
        BufferedReader keyboard = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String line;
        while ((line = keyboard.readLine()) != null) {
            if (line.isEmpty()) continue;
            out.println(line);
            if (line.equals("byebye")) System.exit(0);
        }
        peer.shutdownOutput();
    }

    static void show(Socket peer) {
        try {
            BufferedReader in = new BufferedReader(new InputStreamReader(peer.getInputStream(), StandardCharsets.UTF_8));
            String line;
            while ((line = in.readLine()) != null && !line.equals("byebye")) System.out.println("收到信息: " + line);
            System.out.println("对方已离开");
        } catch (IOException error) {
            System.out.println("连接中断: " + error.getMessage());
        }
        System.exit(0);
    }
}
