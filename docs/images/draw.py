"""Draws the diagrams of these pages: `python3 draw.py` writes the SVG files beside it.

The colours are mid-tones that can be read on white and on black, as a page's theme and the system's
may differ. Where the system says which of the two it has, the text is a little clearer on it.
"""

from html import escape
from pathlib import Path

STYLE = """
    text { font: 14px system-ui, "Noto Sans CJK SC", sans-serif; fill: #6e7781 }
    .code { font-family: ui-monospace, monospace }
    .strong { font-weight: 600 }
    .small { font-size: 12px }
    line, path { stroke: #7d8590; stroke-width: 1.5; fill: none }
    .dashed { stroke-dasharray: 4 4 }
    rect { fill-opacity: .14 }
    .a { stroke: #3b82c4; fill: #3b82c4 }
    .b { stroke: #2f9a6b; fill: #2f9a6b }
    .c { stroke: #c47a1f; fill: #c47a1f }
    .d { stroke: #9b63c7; fill: #9b63c7 }
    .e { stroke: #7d8590; fill: #7d8590; fill-opacity: .06 }
    .lost { stroke: #c75050; stroke-dasharray: 4 4 }
    .wait { stroke: #c75050; fill: #c75050; stroke-dasharray: 4 4 }
    .head { fill: #7d8590; stroke: none }
    @media (prefers-color-scheme: dark) { text { fill: #a0a8b2 } }
    @media (prefers-color-scheme: light) { text { fill: #535c66 } }
"""


class Picture:
    def __init__(self, name, width, height, title, description):
        self.name, self.width, self.height = name, width, height
        self.title, self.description = title, description
        self.parts = []

    def text(self, x, y, text, classes="", anchor="middle", turned=False):
        turn = f' transform="rotate(-90 {x} {y})"' if turned else ""
        self.parts.append(
            f'<text x="{x}" y="{y}" text-anchor="{anchor}" class="{classes}"{turn}>'
            f"{escape(text)}</text>"
        )

    def box(self, x, y, width, height, kind, text, classes="", second=""):
        self.parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="5" class="{kind}"/>'
        )
        middle, line = x + width / 2, y + height / 2 + 5
        self.text(middle, line - 9 if second else line, text, classes)
        if second:
            self.text(middle, line + 9, second, "small")

    def arrow(self, points, text="", classes="", lift=8):
        way = " ".join(f"{x} {y}" for x, y in points)
        self.parts.append(f'<path d="M{way}" class="{classes}" marker-end="url(#head)"/>')
        if text:
            (x1, y1), (x2, y2) = points[0], points[-1]
            self.text((x1 + x2) / 2, (y1 + y2) / 2 - lift, text, "small")

    def write(self):
        body = "\n  ".join(self.parts)
        svg = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" \
width="{self.width}" height="{self.height}" role="img" aria-labelledby="title desc">
  <title id="title">{escape(self.title)}</title>
  <desc id="desc">{escape(self.description)}</desc>
  <style>{STYLE}  </style>
  <defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" \
orient="auto"><path d="M0 0 10 5 0 10z" class="head"/></marker></defs>
  {body}
</svg>
"""
        path = Path(__file__).with_name(f"{self.name}.svg")
        path.write_text(svg, encoding="utf-8", newline="\n")


def layers():
    picture = Picture(
        "layers", 728, 320, "The four layers and their headers",
        "The message Hello World! has 12 bytes. The transport layer puts a TCP header of 20 bytes "
        "with the two ports in front of it, the network layer an IP header of 20 bytes with the "
        "two addresses, the link layer an Ethernet header of 14 bytes with the address of the next "
        "machine, and a checksum of 4 bytes at the end: 70 bytes in all. On the other side each "
        "layer takes its header off.",
    )
    names = [
        ("application", "应用层"), ("transport", "传输层"),
        ("network", "网络层"), ("link", "链路层"),
    ]
    parts = [
        (544, 116, "a", "Hello World!", "12 bytes"), (408, 130, "b", "TCP header", "20 bytes: ports"),
        (260, 142, "c", "IP header", "20 bytes: addresses"),
        (104, 150, "d", "Ethernet header", "14 bytes: next machine"),
    ]
    for number, (english, chinese) in enumerate(names):
        y = 14 + number * 78
        picture.text(10, y + 21, english, "strong", "start")
        picture.text(10, y + 41, chinese, "small", "start")
        if number:
            picture.arrow([(50, y - 28), (50, y - 2)])
        for x, width, kind, text, size in parts[: number + 1]:
            picture.box(x, y, width, 54, kind, text, "code" if kind == "a" else "", size)
    picture.box(666, 248, 54, 54, "d", "check", "small", "4 bytes")
    picture.write()


def calls(picture, server, client):
    picture.text(175, 24, "server · 服务器", "strong")
    picture.text(555, 24, "client · 客户端", "strong")
    for x, column in ((65, server), (445, client)):
        last = None
        for y, text, note, kind in column:
            picture.box(x, y, 220, 42, kind, text, "code", note)
            if last is not None:
                picture.arrow([(x + 110, last + 42), (x + 110, y - 1)])
            last = y


def tcp_calls():
    picture = Picture(
        "tcp-calls", 720, 530, "The calls of a TCP server and a TCP client",
        "The server calls socket, bind, listen and accept, then recv, send and close. The client "
        "calls socket and connect, then send, recv and close. As soon as the server listens, "
        "its system answers the client's connect with the three-way handshake, and accept takes the "
        "connection from a queue. The request goes from send to recv, the answer back, and "
        "close tells the client that no more will come. Then the server accepts the next client.",
    )
    calls(
        picture,
        [
            (40, "socket()", "1 create · 创建套接字", "a"),
            (106, "bind()", "2 address and port · 绑定", "a"),
            (172, "listen()", "3 connections may come · 监听", "a"),
            (258, "accept()", "4 a new socket for each · 接受", "b"),
            (334, "recv()", "5 receive · 接收", "c"),
            (400, "send()", "5 send · 发送", "c"),
            (466, "close()", "6 this client's socket · 关闭", "d"),
        ],
        [
            (40, "socket()", "1 create · 创建套接字", "a"),
            (182, "connect()", "2 open · 连接", "b"),
            (314, "send()", "3 send · 发送", "c"),
            (414, "recv()", "3 receive · 接收", "c"),
            (480, "close()", "4 close · 关闭", "d"),
        ],
    )
    picture.arrow([(443, 203), (287, 195)], "three-way handshake")
    picture.text(365, 218, "三次握手", "small")
    picture.arrow([(443, 335), (287, 353)], "request · 请求")
    picture.arrow([(287, 421), (443, 433)], "answer · 应答")
    picture.arrow([(287, 487), (443, 497)], "the end · 结束")
    picture.arrow([(63, 487), (34, 487), (34, 279), (63, 279)])
    picture.text(26, 383, "the next client", "small", turned=True)
    picture.write()


def udp_calls():
    picture = Picture(
        "udp-calls", 720, 410, "The calls of a UDP server and a UDP client",
        "The server calls socket and bind, then recvfrom and sendto, again and again, on one socket "
        "for all clients. The client calls socket, sendto, recvfrom and close. There is no "
        "handshake, and either datagram may be lost on its way.",
    )
    calls(
        picture,
        [
            (40, "socket()", "1 create · 创建套接字", "a"),
            (106, "bind()", "2 address and port · 绑定", "a"),
            (202, "recvfrom()", "3 a datagram, and from whom", "c"),
            (268, "sendto()", "4 back to that address", "c"),
        ],
        [
            (40, "socket()", "1 create · 创建套接字", "a"),
            (172, "sendto()", "2 send · 发送", "c"),
            (288, "recvfrom()", "3 receive · 接收", "c"),
            (354, "close()", "4 close · 关闭", "d"),
        ],
    )
    picture.arrow([(443, 193), (287, 222)], "datagram · 数据报", "dashed", 18)
    picture.arrow([(287, 289), (443, 308)], "datagram · 数据报", "dashed", 18)
    picture.arrow([(63, 289), (34, 289), (34, 223), (63, 223)])
    picture.text(26, 256, "forever", "small", turned=True)
    picture.text(175, 348, "one socket for all clients", "small")
    picture.text(175, 368, "dashed: may be lost, and nobody is told", "small")
    picture.write()


def turns():
    picture = Picture(
        "turns", 720, 400, "Turns against full duplex",
        "On the left, turns: while the guest types, the host waits for the network, and then the "
        "other way round. What the one who waits would like to say can't be said, and what the "
        "other says meanwhile isn't seen. After an empty line both wait for the network, forever. "
        "On the right, full duplex: each side has a thread for the keyboard and one for the "
        "network, and words go in both directions at any time.",
    )
    picture.text(175, 24, "turns · 轮流", "strong")
    picture.text(545, 24, "full duplex · 全双工", "strong")
    picture.text(75, 50, "guest", "code")
    picture.text(275, 50, "host", "code")
    for row, y in enumerate((62, 142, 222)):
        for side, x in enumerate((20, 220)):
            if row % 2 == side:
                picture.box(x, y, 110, 50, "a", "types", "", "can't hear")
            else:
                picture.box(x, y, 110, 50, "wait", "waits", "", "can't speak")
    picture.arrow([(132, 96), (218, 160)], "“hello”", "", 18)
    picture.arrow([(218, 176), (132, 240)], "“hi”", "", 14)
    picture.arrow([(132, 256), (218, 318)], "“”", "dashed", 12)
    for x in (20, 220):
        picture.box(x, 302, 110, 50, "wait", "waits", "", "forever")
    picture.text(175, 384, "an empty line sends nothing", "small")
    picture.parts.append('<path d="M360 40V384" class="dashed"/>')
    for x, name in ((390, "guest"), (590, "host")):
        picture.text(x + 55, 50, name, "code")
        picture.box(x, 62, 110, 130, "a", "keyboard", "", "a thread")
        picture.box(x, 222, 110, 130, "b", "network", "", "a thread")
    for start, end in ((90, 262), (130, 302), (170, 342)):
        picture.arrow([(502, start), (588, end)])
        picture.arrow([(588, start), (502, end)])
    picture.text(545, 384, "anybody speaks at any time", "small")
    picture.write()


def states():
    picture = Picture(
        "states", 680, 724, "The eleven states of one side of a TCP connection",
        "From CLOSED, listen leads to LISTEN and connect, with a SYN, to SYN-SENT; close leads back "
        "from both. A SYN leads from LISTEN and from SYN-SENT to SYN-RECEIVED, and is answered with "
        "SYN ACK. From SYN-RECEIVED an ACK leads to ESTABLISHED, close, with a FIN, to FIN-WAIT-1. "
        "From SYN-SENT a SYN ACK, which is answered with an ACK, leads to ESTABLISHED. The side that "
        "closes first sends a FIN and is in FIN-WAIT-1; an ACK leads to FIN-WAIT-2, then a FIN, which "
        "is answered with an ACK, to TIME-WAIT. If the FIN comes before the ACK, it leads from "
        "FIN-WAIT-1 to CLOSING, and the ACK from there to TIME-WAIT. The side that closes last gets a "
        "FIN in ESTABLISHED, answers with an ACK and is in CLOSE-WAIT; close, with a FIN, leads to "
        "LAST-ACK, and an ACK to CLOSED. TIME-WAIT ends in CLOSED when the wait is over.",
    )
    for x, y, kind, name in (
        (280, 14, "e", "CLOSED"), (280, 124, "a", "LISTEN"), (30, 214, "a", "SYN-RECEIVED"),
        (530, 214, "a", "SYN-SENT"), (280, 314, "b", "ESTABLISHED"), (30, 414, "c", "FIN-WAIT-1"),
        (530, 414, "d", "CLOSE-WAIT"), (30, 530, "c", "FIN-WAIT-2"), (280, 530, "c", "CLOSING"),
        (530, 530, "d", "LAST-ACK"), (280, 640, "c", "TIME-WAIT"), (530, 640, "e", "CLOSED"),
    ):
        picture.box(x, y, 120, 40, kind, name, "code strong")
    for points, x, y, anchor, *label in (
        ([(320, 54), (320, 123)], 313, 94, "end", "listens"),
        ([(360, 124), (360, 55)], 367, 94, "start", "closes"),
        ([(400, 28), (610, 28), (610, 213)], 505, 20, "middle", "connects, sends SYN"),
        ([(570, 214), (570, 46), (401, 46)], 563, 130, "end", "closes"),
        ([(280, 144), (90, 144), (90, 213)], 185, 136, "middle", "SYN arrives, sends SYN ACK"),
        ([(530, 234), (151, 234)], 340, 226, "middle", "SYN arrives, sends SYN ACK"),
        ([(130, 254), (290, 313)], 198, 302, "end", "ACK arrives"),
        ([(550, 254), (390, 313)], 488, 294, "start", "SYN ACK arrives,", "sends ACK"),
        ([(60, 254), (60, 413)], 67, 338, "start", "closes,", "sends FIN"),
        ([(290, 354), (130, 413)], 222, 402, "start", "closes, sends FIN"),
        ([(390, 354), (550, 413)], 482, 374, "start", "FIN arrives, sends ACK"),
        ([(60, 454), (60, 529)], 67, 496, "start", "ACK arrives"),
        ([(150, 440), (300, 529)], 240, 478, "start", "FIN arrives, sends ACK"),
        ([(60, 570), (60, 660), (279, 660)], 168, 652, "middle", "FIN arrives, sends ACK"),
        ([(340, 570), (340, 639)], 347, 610, "start", "ACK arrives"),
        ([(590, 454), (590, 529)], 583, 496, "end", "closes, sends FIN"),
        ([(590, 570), (590, 639)], 583, 610, "end", "ACK arrives"),
        ([(400, 660), (529, 660)], 465, 652, "middle", "the wait is over"),
    ):
        picture.arrow(points)
        for number, line in enumerate(label):
            picture.text(x, y + 15 * number, line, "small", anchor)
    for x, kind, text in (
        (30, "a", "opening · 建立"), (180, "b", "open · 已建立"),
        (322, "c", "closes first · 先关闭"), (500, "d", "closes last · 后关闭"),
    ):
        picture.box(x, 699, 14, 14, kind, "")
        picture.text(x + 21, 711, text, "small", "start")
    picture.write()


def time_wait():
    picture = Picture(
        "time-wait", 680, 470, "TIME-WAIT: why the side that closes first waits",
        "The server closes first and sends a FIN; the client acknowledges it, later closes too, and "
        "sends its own FIN. The server acknowledges that and is in TIME-WAIT. Its "
        "acknowledgement gets lost, so the client sends its FIN again. The server still remembers "
        "the connection, so it can acknowledge again. TIME-WAIT lasts four minutes in RFC 9293 and "
        "one minute on Linux. Until then, a program can't bind to the port without SO_REUSEADDR.",
    )
    left, right = 215, 500
    picture.text(left, 22, "closes first · 先关闭", "strong")
    picture.text(right, 22, "closes last · 后关闭", "strong")
    picture.parts.append(f'<path d="M{left} 34V456M{right} 34V326" class="dashed"/>')
    for y, text in ((48, "FIN-WAIT-1"), (112, "FIN-WAIT-2")):
        picture.text(left - 14, y + 5, text, "code small", "end")
    for y, text in ((80, "CLOSE-WAIT"), (130, "LAST-ACK"), (318, "CLOSED")):
        picture.text(right + 14, y + 5, text, "code small", "start")
    for (x1, y1), (x2, y2), text in (
        ((left, 48), (right, 76), "FIN"), ((right, 84), (left, 112), "ACK"),
        ((right, 130), (left, 158), "FIN"), ((right, 232), (left, 260), "FIN, again · 重传"),
        ((left, 284), (right, 312), "ACK, again"),
    ):
        picture.arrow([(x1, y1), (x2, y2)], text)
    middle = (left + right) / 2 + 20
    picture.parts.append(f'<path d="M{left} 170L{middle} 185" class="lost"/>')
    picture.text(middle + 8, 191, "✕", "strong", "start")
    picture.text(left + 72, 166, "ACK", "small")
    picture.text(middle + 28, 191, "lost · 丢失", "small", "start")
    picture.box(20, 164, 181, 240, "wait", "")
    picture.text(110, 258, "TIME-WAIT", "code strong")
    picture.text(110, 282, "remembers the connection", "small")
    picture.text(110, 302, "4 minutes (RFC 9293)", "small")
    picture.text(110, 322, "1 minute (Linux)", "small")
    picture.text(left - 14, 444, "CLOSED", "code small", "end")
    picture.text(left + 18, 362, "bind to the same port meanwhile:", "small", "start")
    picture.text(left + 18, 384, "without SO_REUSEADDR: Address already in use · 端口被占用", "small", "start")
    picture.text(left + 18, 404, "with it: works", "small", "start")
    picture.write()


def two_sockets():
    picture = Picture(
        "two-sockets", 680, 340, "The two kinds of socket in a server",
        "A server process on 127.0.0.1:8080 holds three sockets. The listener has a local address "
        "and no peer; new connections wait in its queue until accept takes them. Each accepted "
        "client has its own socket, with the same local address and port, and the client's address "
        "as its peer. Bytes travel between a client and its own socket only.",
    )
    picture.box(14, 34, 356, 292, "e", "")
    picture.text(192, 22, "server process · 服务器进程", "strong")
    picture.text(580, 22, "clients · 客户端", "strong")
    picture.box(34, 52, 316, 88, "a", "")
    picture.text(192, 74, "listener · 监听套接字", "strong")
    picture.text(192, 96, "127.0.0.1:8080, no peer", "code small")
    for x in (54, 90, 126):
        picture.box(x, 108, 30, 22, "e" if x > 54 else "d", "C" if x == 54 else "", "small")
    picture.text(166, 124, "queue · 队列, for accept", "small", "start")
    for y, kind, peer, name in (
        (158, "b", "127.0.0.1:50312", "A"), (240, "c", "127.0.0.1:50313", "B"),
    ):
        picture.box(34, y, 316, 66, kind, "")
        picture.text(192, y + 28, f"{name}'s own socket, from accept", "strong")
        picture.text(192, y + 50, f"127.0.0.1:8080 ↔ {peer}", "code small")
        picture.box(494, y, 172, 66, kind, f"client {name}", "strong", peer)
        picture.arrow([(492, y + 26), (352, y + 26)], "bytes · 数据")
        picture.arrow([(352, y + 44), (492, y + 44)])
    picture.box(494, 64, 172, 66, "d", "client C", "strong", "127.0.0.1:50314")
    picture.arrow([(492, 97), (352, 97)], "handshake · 握手")
    picture.write()


def chat_threads():
    picture = Picture(
        "chat-threads", 680, 316, "The threads of the chat's host",
        "A thread that accepts guests, a reader for each guest and a thread for the keyboard put "
        "events into one inbox. The loop takes them out, one after the other; it alone holds the "
        "room. It puts lines into each guest's outbox, from which the guest's writer sends them, "
        "and onto the screen.",
    )
    picture.text(75, 22, "who waits · 等待", "strong")
    picture.text(380, 22, "the loop · 事件循环", "strong")
    picture.text(600, 22, "who sends · 发送", "strong")
    for y, name, second in (
        (40, "accept", "for new guests"), (110, "reader", "for guest 1"),
        (180, "reader", "for guest 2"), (250, "keyboard", "for the user"),
    ):
        picture.box(14, y, 122, 52, "a", name, "strong", second)
        picture.arrow([(136, y + 26), (196, 146 + (y - 145) / 8 + 13)])
    picture.box(198, 126, 82, 66, "e", "inbox", "", "events")
    picture.arrow([(280, 159), (316, 159)])
    picture.box(318, 112, 124, 94, "b", "Room", "strong", "no lock needed")
    for y, name in ((110, "guest 1"), (180, "guest 2")):
        picture.box(476, y, 74, 52, "e", "outbox", "", "256 KiB")
        picture.arrow([(442, 159 + (y - 145) / 4), (474, y + 26)])
        picture.arrow([(550, y + 26), (576, y + 26)])
        picture.box(578, y, 88, 52, "c", "writer", "strong", f"for {name}")
    picture.box(578, 250, 88, 52, "c", "printer", "strong", "screen")
    picture.arrow([(400, 206), (440, 276), (576, 276)])
    picture.write()


if __name__ == "__main__":
    layers()
    tcp_calls()
    udp_calls()
    turns()
    states()
    time_wait()
    two_sockets()
    chat_threads()
