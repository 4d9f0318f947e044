/* Good: `chat_poll host PORT` or `chat_poll guest PORT`, one peer, one thread, poll(2). */
#include <arpa/inet.h>
#include <ctype.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char unread[1 << 16], typed[1 << 12];
static size_t unread_length, typed_length;
static int lines;

/* Shows a message, and ends at byebye. */
static void heard(const char *message, size_t length) {
    if (length && message[length - 1] == '\r') length--;
    if (!length) return;
    fputs("heard: ", stdout);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = message[i];
        if (c < 32 || c == 127) printf("\\x%02x", c); else putchar(c);
    }
    putchar('\n');
    fflush(stdout);
    if (length == 6 && !memcmp(message, "byebye", 6)) exit(0);
}

static void leave(int peer) {
    char rest[4096];
    shutdown(peer, SHUT_WR);
    alarm(3);
    signal(SIGALRM, SIG_DFL);
    while (recv(peer, rest, sizeof rest, 0) > 0) {}
    exit(0);
}

static void hear(int peer) {
    ssize_t count = recv(peer, unread + unread_length, sizeof unread - unread_length, 0);
    if (count < 0) { perror("the connection broke"); exit(1); }
    if (count == 0) {
        heard(unread, unread_length);
        puts("the other side has left");
        exit(0);
    }
    unread_length += count;
    char *end;
    while ((end = memchr(unread, '\n', unread_length))) {
        lines = 1;
        heard(unread, end - unread);
        unread_length -= end + 1 - unread;
        memmove(unread, end + 1, unread_length);
    }
}

/* Returns 0 at the end of the input. */
static int say(int peer) {
    ssize_t count = read(0, typed + typed_length, sizeof typed - typed_length);
    if (count <= 0) return 0;
    typed_length += count;
    char *end;
    while ((end = memchr(typed, '\n', typed_length))) {
        size_t length = end - typed;
        if (length) send(peer, typed, length + 1, MSG_NOSIGNAL);
        if (length == 6 && !memcmp(typed, "byebye", 6)) leave(peer);
        typed_length -= length + 1;
        memmove(typed, end + 1, typed_length);
    }
    return 1;
}

int main(int argc, char **argv) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1, peer = socket(AF_INET, SOCK_STREAM, 0);
    if (!strcmp(argv[1], "host")) {
        int listener = peer;
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1)) {
            perror("can't listen");
            return 1;
        }
        peer = accept(listener, NULL, NULL);
    } else if (connect(peer, (struct sockaddr *)&address, sizeof address)) {
        perror("can't connect");
        return 1;
    }
    puts("connected");
    fflush(stdout);
    struct pollfd waits[] = {{peer, POLLIN, 0}, {0, POLLIN, 0}};
    for (;;) {
        int quiet = unread_length && !lines ? 200 : -1;
        if (poll(waits, 2, quiet) == 0) {
            heard(unread, unread_length);
            unread_length = 0;
            continue;
        }
        if (waits[0].revents) hear(peer);
        if (waits[1].revents && !say(peer)) {
            shutdown(peer, SHUT_WR);
            waits[1].fd = -1;
        }
    }
}
