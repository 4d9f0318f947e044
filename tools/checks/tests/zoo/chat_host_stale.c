/* Faulty: sends its whole buffer of text, with what is left of a longer line. Takes lines, and escapes what it prints. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[argc - 1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1)) {
        perror("can't listen");
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    int guest = accept(listener, NULL, NULL);
    pid_t keyboard = fork();
    if (!keyboard) {
        char typed[4096] = "";
        while (read(0, typed, sizeof typed - 1) > 0) {
            if (*typed == '\n') continue;
            send(guest, typed, strlen(typed), MSG_NOSIGNAL);
            if (!strncmp(typed, "byebye\n", 7)) {
                shutdown(guest, SHUT_RDWR);
                _exit(0);
            }
        }
        shutdown(guest, SHUT_WR);
        _exit(0);
    }
    FILE *in = fdopen(guest, "r");
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, in) > 0) {
        line[strcspn(line, "\r\n")] = 0;
        if (!strcmp(line, "byebye")) break;
        for (char *c = line; *c; c++) if ((unsigned char)*c < 32 || *c == 127) *c = '?';
        printf("guest: %s\n", line);
    }
    puts("the guest has left");
    kill(keyboard, SIGTERM);
    wait(NULL);
    return 0;
}
