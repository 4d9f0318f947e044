// Java's own strings, with their length before them, on both sides: host or guest.
import java.io.*;
import java.net.*;
import java.util.Scanner;

public class ChatUtf {
    public static void main(String[] words) {
        int port = Integer.parseInt(words[1]);
        try {
            Socket peer = words[0].equals("guest")
                ? new Socket("127.0.0.1", port)
                : new ServerSocket(port).accept();
            DataInputStream in = new DataInputStream(peer.getInputStream());
            DataOutputStream out = new DataOutputStream(peer.getOutputStream());
            new Thread(() -> {
                try {
                    for (String said; !(said = in.readUTF()).equals("byebye"); ) System.out.println(said);
                } catch (IOException error) {
                    System.out.println("the other side has gone");
                }
                System.exit(0);
            }).start();
            Scanner keyboard = new Scanner(System.in);
            while (keyboard.hasNextLine()) {
                String line = keyboard.nextLine();
                out.writeUTF(line);
                if (line.equals("byebye")) System.exit(0);
            }
        } catch (IOException error) {
            System.err.println("can't chat: " + error.getMessage());
            System.exit(1);
        }
    }
}
