// A process for each direction. Whichever is done ends the other: the child by SIGINT, as Ctrl-C
// would. It reads lines, so it doesn't show what comes without a line end.
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void show(const char *message) {
    printf("host: ");
    for (; *message; message++) {
        unsigned char c = *message;
        printf(c < 32 || c == 127 ? "\\x%02x" : "%c", c);
    }
    printf("\n");
    fflush(stdout);
}

int main(int count, char **words) {
    struct sockaddr_in host = {.sin_family = AF_INET, .sin_port = htons(atoi(words[count - 1]))};
    char *line = NULL;
    size_t size = 0;
    ssize_t length = 0;
    int s = socket(AF_INET, SOCK_STREAM, 0);
    signal(SIGPIPE, SIG_IGN);
    host.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(s, (struct sockaddr *)&host, sizeof host) < 0) {
        perror("connect");
        return 1;
    }
    printf("connected\n");
    fflush(stdout);
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        FILE *in = fdopen(s, "r");
        while ((length = getline(&line, &size, in)) > 0) {
            line[strcspn(line, "\r\n")] = 0;
            if (!strcmp(line, "byebye"))
                break;
            show(line);
        }
        if (length <= 0)
            printf("the host has left\n");
        fflush(stdout);
        kill(parent, SIGINT);
        return 0;
    }
    while (getline(&line, &size, stdin) > 0 && strcmp(line, "byebye\n"))
        if (strcmp(line, "\n"))
            write(s, line, strlen(line));
    write(s, "byebye\n", 7);
    shutdown(s, SHUT_RDWR);
    kill(child, SIGTERM);
    return 0;
}
