// Converts all of its buffer, with the end of an earlier request.
import java.io.IOException;
import java.net.*;

public class UdpOldBytes {
    public static void main(String[] words) {
        byte[] buffer = new byte[1024];
        try (DatagramSocket server = new DatagramSocket(Integer.parseInt(words[0]))) {
            while (true) {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                server.receive(packet);
                String answer = "no temperature";
                try {
                    double celsius = Double.parseDouble(new String(packet.getData()).trim());
                    double fahrenheit = celsius * 9 / 5 + 32;
                    if (celsius >= -273.15 && Double.isFinite(fahrenheit)) answer = "" + fahrenheit;
                } catch (NumberFormatException error) {
                }
                byte[] bytes = answer.getBytes();
                server.send(new DatagramPacket(bytes, bytes.length, packet.getSocketAddress()));
            }
        } catch (IOException error) {
            System.err.println("can't serve: " + error.getMessage());
        }
    }
}
