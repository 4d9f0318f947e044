/* Good: a process for each client. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char ANSWER[] = "HTTP/1.1 200 OK\r\n\r\nHello World";

static void serve(int client) {
    char request[16384], rest[4096];
    size_t length = 0;
    alarm(5);
    while (length < sizeof request && !memmem(request, length, "\r\n\r\n", 4)) {
        ssize_t count = recv(client, request + length, sizeof request - length, 0);
        if (count <= 0) break;
        length += count;
    }
    send(client, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL);
    shutdown(client, SHUT_WR);
    while (recv(client, rest, sizeof rest, 0) > 0) {}
}

int main(int argc, char **argv) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 128)) {
        perror("can't listen");
        return 1;
    }
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0) continue;
        if (fork() == 0) {
            close(listener);
            serve(client);
            _exit(0);
        }
        close(client);
    }
}
