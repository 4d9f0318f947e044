// Faulty, as in many textbooks: one process for each direction. Whatever a read returns is a message,
// and one that begins with byebye ends the chat: the child ends its parent by SIGTERM.
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **words) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(words[2]))};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    int peer = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (!strcmp(words[1], "host")) {
        setsockopt(peer, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(peer, (struct sockaddr *)&address, sizeof address)) return perror("bind"), 1;
        listen(peer, 1);
        peer = accept(peer, NULL, NULL);
    } else if (connect(peer, (struct sockaddr *)&address, sizeof address)) {
        return perror("connect"), 1;
    }
    char text[1024];
    pid_t child = fork();
    if (!child) {
        ssize_t length;
        while ((length = recv(peer, text, sizeof text - 1, 0)) > 0) {
            text[length] = 0;
            printf("received: %s\n", text);
            fflush(stdout);
            if (!strncmp(text, "byebye", 6)) break;
        }
        puts("the other side has left");
        fflush(stdout);
        kill(getppid(), SIGTERM);
        return 0;
    }
    while (fgets(text, sizeof text, stdin)) {
        if (*text == '\n') continue;
        send(peer, text, strlen(text), 0);
        if (!strncmp(text, "byebye", 6)) break;
    }
    kill(child, SIGTERM);
    wait(NULL);
}
